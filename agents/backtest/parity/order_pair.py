"""One order twice: as the real venue had it, and as the simulated one did under a model; and how far they are apart.

Times of the simulation are cut to the step of the real venue's times before they are compared: both have lost the same.

The distance of two lives is the area between the curves of what was filled by when, as a share of the whole: with q(t) and
s(t) filled until t, really and in the simulation, of an order of Q that was sent at 0 and is looked at until T,

    distance = 1 / (Q T) * integral over 0..T of |q(t) - s(t)| dt

It is 0 if the same was filled at the same times, and 1 if all was filled at once in one of them and nothing in the other; a
fill that comes later costs by how much later it is.
"""

import msgspec

from agents.backtest.parity.run_orders import OrderLife, RunOrder
from schemas.messages import E8


class OrderPair(msgspec.Struct, frozen=True):
    """One order with both its lives; `real` and `simulated` have times of the same fineness."""

    order: RunOrder
    real: OrderLife
    simulated: OrderLife
    distance: float

    @property
    def price_difference_ticks(self) -> float | None:
        """Return by how much worse the simulated average price was, in ticks; None unless both traded."""
        real, simulated = self.real.average_ticks, self.simulated.average_ticks
        return None if real is None or simulated is None else (simulated - real) * self.order.side

    @property
    def price_difference_bps(self) -> float | None:
        """Return the same in ten thousandths of the real price."""
        difference, real = self.price_difference_ticks, self.real.average_ticks
        return None if difference is None or not real else 1e4 * difference / real


def pair_of(order: RunOrder, simulated: OrderLife, until_ns: int, step_ns: int, clock_ns: int) -> OrderPair:
    """Return an order's pair, compared until a time; the venue's clock shows `clock_ns` more than ours, in such steps."""
    cut = _cut_life(simulated, step_ns, clock_ns)
    begin_ns = _cut(order.sent_ns, step_ns, clock_ns)
    return OrderPair(order, order.life, cut, distance(order.life, cut, begin_ns, until_ns, order.qty_lots))


def distance(real: OrderLife, simulated: OrderLife, begin_ns: int, until_ns: int, qty_lots: int) -> float:
    """Return the distance of two lives."""
    changes = [(each.ts_ns, each.qty_lots) for each in real.parts]
    changes += [(each.ts_ns, -each.qty_lots) for each in simulated.parts]
    area = apart = 0
    at_ns = begin_ns
    for ts_ns, lots in sorted(changes):
        ts_ns = min(max(ts_ns, at_ns), until_ns)
        area += abs(apart) * (ts_ns - at_ns)
        apart += lots
        at_ns = ts_ns
    area += abs(apart) * max(0, until_ns - at_ns)
    return min(1.0, area / (qty_lots * max(1, until_ns - begin_ns)))


def waited_ns(order: RunOrder, life: OrderLife) -> int | None:
    """Return how long an order waited for its first fill, None if there was none.

    Never below 0: the venue's times are cut to their step, and one of ours is not.
    """
    return max(0, life.first_fill_ns - order.sent_ns) if life.parts else None


def gained_e16(order: RunOrder, life: OrderLife, mark_e8: int) -> int:
    """Return what an order's fills are good for at a mark after fees, in quote currency times 10**16.

    Fees in other assets than the instrument's own are not in it.
    """
    info, gained = order.info, 0
    for each in life.parts:
        qty_e8 = each.qty_lots * info.lot_e8
        gained += order.side * qty_e8 * (mark_e8 - info.px_e8(each.price_ticks))
        if each.fee_asset == info.config.quote:
            gained -= each.fee_e8 * E8
        elif each.fee_asset == info.config.base:
            gained -= each.fee_e8 * mark_e8
    return gained


def _cut(ts_ns: int, step_ns: int, clock_ns: int) -> int:
    """Return a time of ours as the venue tells it, on our clock again."""
    return ts_ns - (ts_ns + clock_ns) % step_ns


def _cut_life(life: OrderLife, step_ns: int, clock_ns: int) -> OrderLife:
    def cut(ts_ns: int) -> int:
        return _cut(ts_ns, step_ns, clock_ns) if ts_ns else 0

    return OrderLife(
        accepted_ns=cut(life.accepted_ns),
        ended_ns=cut(life.ended_ns),
        status=life.status,
        parts=[msgspec.structs.replace(each, ts_ns=cut(each.ts_ns)) for each in life.parts],
    )
