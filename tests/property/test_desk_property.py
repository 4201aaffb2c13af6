"""A desk of three accounts against venues that know the truth, and against a naive model of what risk was told.

Orders, fills, cancels, lost orders and outages come as they like. After every step no account and not the desk may be over
one of its limits with all that is held and all that was approved and may still trade, whatever risk has heard of it; what
the model says is within every limit is approved, and what is refused is refused for what the model says, with its figures.

The truth is kept by order here; the oracle never looks into the agent.
"""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from core.frame import unpack
from mesh.protocol.codec import decode_frame
from schemas.config import LimitsConfig
from schemas.messages import Ack, Approved, SubmitOrder
from schemas.orders import OrderStatus, Reason, Side
from schemas.streams import Kind, StreamState, stream_id
from tests.property.desk_model import DeskModel, Most, Traded, worst
from tests.unit.agents.risk.several_desk import (
    BTC_ONE,
    BTC_THREE,
    BTC_TWO,
    ETH_ONE,
    ETH_TWO,
    EXECUTION,
    VENUE_OF,
    SeveralDesk,
)
from tests.unit.agents.trading_desk import filled, initialized, reconciled, signal, updated

BTC, ETH = Fraction(60_000, 100_000), Fraction(3_000, 10_000)
INSTRUMENTS = {
    BTC_ONE: Traded(1, "BTC", BTC, 100_000),
    ETH_ONE: Traded(1, "ETH", ETH, 10_000),
    BTC_TWO: Traded(2, "BTC", BTC, 100_000),
    ETH_TWO: Traded(2, "ETH", ETH, 10_000),
    BTC_THREE: Traded(3, "BTC", BTC, 100_000),
}
PARTS = {"BTC": (1_000, 5_000, 10_000, 25_000, 33_333), "ETH": (1_000, 10_000, 20_000, 35_000)}
MONEY = Most(gross=40_000, net=30_000, position=4, open_orders=5, unknown=0)
OF_TWO = Most(gross=25_000, net=25_000, position=4, open_orders=8, unknown=1)
LIMITS = {1: MONEY, 2: OF_TWO, 3: MONEY}
DESK = Most(gross=45_000, net=38_000, coin=32_000)
STEPS = ("ask", "ask", "ask", "show", "show", "fill", "fill", "end", "lose", "refuse", "leave", "back", "back", "crash")


def limits_of(most):
    return LimitsConfig(
        order_qty_max="10",
        order_notional_max="0",
        position_max=str(most.position),
        short_allowed=True,
        open_orders_max=most.open_orders,
        exposure_gross_max=str(most.gross),
        exposure_net_max=str(most.net),
        unknown_orders_max=most.unknown,
        correlation_max=1.0,
        orders_per_second_max=1e6,
        orders_burst_max=1_000_000,
    )


CONFIGURED = {
    "limits": limits_of(MONEY),
    "accounts": {"two": limits_of(OF_TWO)},
    "desk": {
        "exposure_gross_max": str(DESK.gross),
        "exposure_net_max": str(DESK.net),
        "coin_exposure_max": str(DESK.coin),
    },
}


class Order:
    """What became of one approval, as only its venue knows it."""

    def __init__(self, approved):
        self.approved = approved
        self.name = approved.client_order_id
        self.shown = False
        self.ended = False
        self.filled = 0

    @property
    def rest(self):
        return 0 if self.ended else self.approved.qty_lots - self.filled


class World:
    """Risk, three venues, and the events of each that risk has not heard yet."""

    def __init__(self):
        self.epoch = 0
        self.log = []
        self.orders = {}
        self.events = {venue: [reconciled()] for venue in EXECUTION}
        self.heard = dict.fromkeys(EXECUTION, 0)
        self.away = set()
        self.model = DeskModel(INSTRUMENTS, LIMITS, DESK)
        self.signals = self.trades = 0
        self.crash()

    def step(self, name, draw):
        self.desk.refresh()
        getattr(self, name)(draw)
        self.keep_log()
        self.check()

    def keep_log(self):
        for item in self.desk.ctx.published:
            self.log.append(item)
            order_id = getattr(item.message, "client_order_id", None)
            if isinstance(item.message, Approved):
                venue = VENUE_OF[item.message.instrument_id]
                self.orders[order_id] = Order(item.message)
            elif order_id is not None:
                venue = VENUE_OF[self.orders[order_id].approved.instrument_id]
            else:
                continue
            self.model.accounts[venue].logged(item.message)
        self.desk.ctx.published.clear()

    def pick(self, draw, found):
        found = list(found)
        return found[draw(st.integers(0, len(found) - 1))] if found else None

    # What happens

    def ask(self, draw):
        number = draw(st.sampled_from(list(INSTRUMENTS)))
        side = draw(st.sampled_from((Side.BUY, Side.SELL)))
        coin = INSTRUMENTS[number].coin
        # Below the market and above it, so that no two of one's own orders meet.
        price = (6_000_000 if coin == "BTC" else 300_000) * (100 - side) // 100
        self.signals += 1
        want = signal(self.signals, side, draw(st.sampled_from(PARTS[coin])), price, instrument=number)
        self.keep_log()
        refusals = self.model.refusals(want, self.away, self.unknown)
        answer = self.desk.ctx.ask(self.desk.agent, want, client="signal", sender=2, epoch=self.epoch)
        if isinstance(answer, Approved):
            assert not refusals, refusals
            return
        on_desk = any(key.startswith("desk_") for key in answer.figures)
        reason = Reason(answer.reason)
        key = ("desk", reason) if on_desk else reason
        assert key in refusals, (key, answer.figures, refusals)
        told = refusals[key]
        if told is not None:
            exact = {name: value if name == "coin" else Fraction(value) for name, value in answer.figures.items()}
            assert exact == told

    def unknown(self, venue):
        """Count the orders that an account was last told to be UNKNOWN."""
        orders = self.model.accounts[venue].orders.values()
        return sum(told.shown and told.status == OrderStatus.UNKNOWN for told in orders)

    def show(self, draw):
        """Execution takes a submission on."""
        order = self.pick(draw, (order for order in self.orders.values() if not order.shown and not order.ended))
        if order is not None:
            order.shown = True
            told = order.approved
            shape = (told.side, told.qty_lots, told.price_ticks)
            self.tell(order, initialized(told.client_order_id, *shape, instrument=told.instrument_id))
            self.tell(order, updated(told.client_order_id, OrderStatus.NEW, instrument=told.instrument_id))

    def fill(self, draw):
        order = self.pick(draw, self.live())
        if order is None:
            return
        qty = max(1, order.rest * draw(st.sampled_from((10, 50, 100))) // 100)
        order.filled += qty
        order.ended = order.filled == order.approved.qty_lots
        self.trades += 1
        told = order.approved
        shape = {"price": told.price_ticks, "side": Side(told.side), "instrument": told.instrument_id}
        status = OrderStatus.FILLED if order.ended else OrderStatus.PARTIALLY_FILLED
        message = filled(told.client_order_id, self.trades, qty, status=status, cum=order.filled, **shape)
        self.tell(order, message)

    def end(self, draw):
        """The venue cancels an order."""
        order = self.pick(draw, self.live())
        if order is not None:
            order.ended = True
            told = order.approved
            canceled = updated(told.client_order_id, OrderStatus.CANCELED, order.filled, told.instrument_id)
            self.tell(order, canceled)

    def lose(self, draw):
        """Execution does not know what became of an order."""
        order = self.pick(draw, self.live())
        if order is not None:
            told = order.approved
            self.tell(order, updated(told.client_order_id, OrderStatus.UNKNOWN, order.filled, told.instrument_id))

    def refuse(self, draw):
        """Execution does not take a submission on, and says so."""
        order = self.pick(draw, (order for order in self.orders.values() if not order.shown and not order.ended))
        for asked in list(self.desk.ctx.requests):
            if order is not None and isinstance(asked.message, SubmitOrder) and order_id_of(asked) == order.name:
                order.ended = True
                refused = Ack(accepted=False, reason=int(Reason.VENUE_RATE_LIMIT))
                self.desk.ctx.finish(self.desk.agent, asked, refused)

    def live(self):
        return (order for order in self.orders.values() if order.shown and not order.ended)

    # What risk hears

    def tell(self, order, message):
        venue = VENUE_OF[order.approved.instrument_id]
        self.events[venue].append(message)
        if venue not in self.away:
            self.hear_of(venue)

    def hear_of(self, venue):
        for message in self.events[venue][self.heard[venue] :]:
            self.desk.at(venue, message)
            self.model.accounts[venue].event(message)
        self.heard[venue] = len(self.events[venue])

    def leave(self, draw):
        """An account's execution is not heard any more; its venue goes on."""
        venue = draw(st.sampled_from(sorted(EXECUTION)))
        self.away.add(venue)
        self.desk.ctx.stream_states[EXECUTION[venue], stream_id(Kind.ORDER, venue, 0)] = StreamState.DOWN

    def back(self, draw):
        venue = self.pick(draw, sorted(self.away))
        if venue is not None:
            self.come_back(venue)

    def come_back(self, venue):
        self.away.discard(venue)
        self.desk.ctx.stream_states[EXECUTION[venue], stream_id(Kind.ORDER, venue, 0)] = StreamState.LIVE
        self.hear_of(venue)

    def crash(self, draw=None):
        """Risk begins anew from its log, and hears everything again."""
        self.epoch += 1
        self.desk = SeveralDesk(ready=False, epoch=self.epoch, log=self.log, **CONFIGURED)
        for venue, model in self.model.accounts.items():
            model.forget_events()
            self.heard[venue] = 0
            self.come_back(venue)
        self.desk.ctx.advance(self.desk.agent, 300_000_000)
        self.desk.refresh()

    # What must hold

    def check(self):
        """Hold all that is held and may still trade against every limit."""
        sides = {number: self.truth(number) for number in INSTRUMENTS}
        for number, traded in INSTRUMENTS.items():
            most = LIMITS[traded.venue].position * traded.lots * traded.lot_value
            assert worst(sides[number]) <= most
        for venue, most in LIMITS.items():
            mine = [number for number, traded in INSTRUMENTS.items() if traded.venue == venue]
            assert sum(worst(sides[number]) for number in mine) <= most.gross
        coins = self.model.coins(sides)
        assert all(worst(both) <= DESK.coin for both in coins.values())
        assert sum(map(worst, coins.values())) <= DESK.gross

    def truth(self, number):
        """The value of a position if all that may still buy does, and if all that may still sell does."""
        mine = [order for order in self.orders.values() if order.approved.instrument_id == number]
        net = sum(order.approved.side * order.filled for order in mine)
        up = net + sum(order.rest for order in mine if order.approved.side == Side.BUY)
        down = net - sum(order.rest for order in mine if order.approved.side == Side.SELL)
        value = INSTRUMENTS[number].lot_value
        return up * value, down * value

    def end_well(self):
        """Everything is heard: risk holds what the venues hold."""
        for venue in EXECUTION:
            self.come_back(venue)
        positions = self.desk.agent.figures().positions
        for number, traded in INSTRUMENTS.items():
            mine = [order for order in self.orders.values() if order.approved.instrument_id == number]
            net = Fraction(sum(order.approved.side * order.filled for order in mine), traded.lots)
            name = self.desk.agent._checks.markets[number].feed.info.name
            assert Fraction(positions.get(name, "0")) == net


def order_id_of(asked):
    return decode_frame(unpack(asked.message.decision), asked.message.decision).client_order_id


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_limit_of_an_account_or_of_the_desk_is_ever_exceeded(data):
    world = World()
    for name in data.draw(st.lists(st.sampled_from(STEPS), min_size=20, max_size=60)):
        world.step(name, data.draw)
    world.end_well()
