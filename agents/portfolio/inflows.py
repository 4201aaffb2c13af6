"""What came into the accounts by no trade, valued once at the marks of its time and remembered in the own log.

The opening holdings of an account are where its profit begins; deposits and withdrawals are equity and no profit. An order
event tells of either, but of no price. So the agent publishes the price that it took (`InflowValued`), and after a restart
the fold of the order events finds it there: cost, profit and fees are the same as before.

Contracts that are held at the opening have gained or lost already, from the price of entry that the venue counts from. That
was made before the account was ours and is in no balance, so it is part of the opening, at the mark of the moment.

While a price is not known yet, equity is not either. A fill in the meantime settles it: its price is then the mark. What
nothing could ever value is worth nothing, and told in the figures as not valued.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from agents.state.holdings import Holdings, Inflow
from agents.state.positions import E9, Ledger, text_e8, text_of
from schemas.messages import InflowValued

MONEY_MAX = 2**63 - 1
E18 = E9 * E9


class Pricing(Protocol):
    """Who knows the market."""

    def price_of(self, inflow: Inflow) -> int | None:
        """Return the price of an inflow's asset times 10**9: 0 if nothing values it, None while it is not known."""
        ...

    def rate_of(self, inflow: Inflow) -> int | None:
        """Return what a unit of what that price is in is worth in the desk's currency, times 10**9."""
        ...


class AnchoredInflows(msgspec.Struct, frozen=True, array_like=True):
    """What an anchor has of them; prices are by venue, order event and asset."""

    openings_e8: dict[int, str]
    transfers_e8: dict[int, str]
    prices_e9: list[tuple[int, int, str, str]]
    early_e9: list[tuple[int, int, str, str]]


class Inflows:
    """Opening holdings and transfers of all accounts, in the desk's currency."""

    def __init__(self) -> None:
        """Begin with none."""
        self.openings_e8: dict[int, int] = {}
        """By venue number, what the account was worth when it opened."""
        self._transfers_e8: dict[int, int] = {}
        self._prices_e9: dict[int, dict[tuple[int, str], int]] = {}
        self._early_e9: dict[tuple[int, int, str], int] = {}
        """By venue number, order event and asset, prices that a fill has settled."""

    def follow(self, venue_id: int, holdings: Holdings) -> None:
        """Value what comes into an account from now on, and give it the prices of what came before."""
        holdings.to_value = []
        holdings.prices_e9 = self._prices_e9.setdefault(venue_id, {})

    def take(self, message: InflowValued) -> None:
        """Fold what was valued."""
        prices_e9 = self._prices_e9.setdefault(message.venue_id, {})
        for asset in message.amounts:
            prices_e9[message.order_seq, asset] = parse_amount_e9(message.marks.get(asset, ""))
        if message.opening:
            self.openings_e8[message.venue_id] = message.value_e8
        else:
            before_e8 = self._transfers_e8.get(message.venue_id, 0)
            self._transfers_e8[message.venue_id] = before_e8 + message.value_e8

    def settle(self, message: InflowValued, holdings: Holdings) -> None:
        """Take off what waits for its value what was valued in an earlier life, at the price of then."""
        waiting = holdings.to_value or []
        valued = [each for each in waiting if each.seq == message.order_seq and each.asset in message.amounts]
        for inflow in valued:
            early = self._early_e9.pop((message.venue_id, inflow.seq, inflow.asset), None)
            price_e9 = parse_amount_e9(message.marks.get(inflow.asset, ""))
            if early is None and price_e9:
                inflow.value(price_e9)
            waiting.remove(inflow)

    def anchored(self, places: Mapping[int, int]) -> AnchoredInflows:
        """Return what an anchor needs: of prices those that are beyond the place that each account has come to."""
        return AnchoredInflows(
            {venue_id: str(value) for venue_id, value in self.openings_e8.items()},
            {venue_id: str(value) for venue_id, value in self._transfers_e8.items()},
            [
                (venue_id, seq, asset, str(price_e9))
                for venue_id, prices_e9 in sorted(self._prices_e9.items())
                for (seq, asset), price_e9 in prices_e9.items()
                if seq > places.get(venue_id, 0)
            ],
            [(*key, str(price_e9)) for key, price_e9 in self._early_e9.items()],
        )

    def resume(self, state: AnchoredInflows) -> None:
        """Begin with what `anchored` returned."""
        self.openings_e8.update({venue_id: int(text) for venue_id, text in state.openings_e8.items()})
        self._transfers_e8.update({venue_id: int(text) for venue_id, text in state.transfers_e8.items()})
        for venue_id, seq, asset, text in state.prices_e9:
            self._prices_e9.setdefault(venue_id, {})[seq, asset] = int(text)
        for venue_id, seq, asset, text in state.early_e9:
            self._early_e9[venue_id, seq, asset] = int(text)

    def opening_e8(self, venues: Iterable[int]) -> int:
        """Return what the accounts of those venues were worth when they opened."""
        return sum(self.openings_e8.get(venue_id, 0) for venue_id in venues)

    def transfers_e8(self, venues: Iterable[int]) -> int:
        """Return what was paid into the accounts of those venues less what was paid out."""
        return sum(self._transfers_e8.get(venue_id, 0) for venue_id in venues)

    def before_fill(self, venue_id: int, holdings: Holdings, ledger: Ledger | None, px_e8: int) -> None:
        """Value what waits for the mark of an instrument, now that a fill of it is to be booked."""
        for inflow in holdings.to_value or ():
            key = (venue_id, inflow.seq, inflow.asset)
            if inflow.ledger is ledger and ledger is not None and key not in self._early_e9:
                inflow.value(px_e8 * 10)
                self._early_e9[key] = px_e8 * 10

    def due(self, venue_id: int, holdings: Holdings, pricing: Pricing, wall_ns: int) -> Iterator[InflowValued]:
        """Value what waits in the order in which it came, as far as prices are known; each is to be published."""
        waiting = holdings.to_value
        while waiting:
            together = [inflow for inflow in waiting if inflow.seq == waiting[0].seq]
            prices_e9: dict[str, int] = {}
            total_e8 = 0
            for inflow in together:
                early_e9 = self._early_e9.get((venue_id, inflow.seq, inflow.asset))
                price_e9 = early_e9 or pricing.price_of(inflow)
                rate_e9 = pricing.rate_of(inflow) if price_e9 else E9
                if price_e9 is None or rate_e9 is None:
                    return
                prices_e9[inflow.asset] = price_e9
                total_e8 += inflow.worth_e17(price_e9) * rate_e9 // E18
            message = self._valued(venue_id, together, prices_e9, total_e8, wall_ns)
            del waiting[: len(together)]
            self.take(message)
            yield message

    def _valued(
        self, venue_id: int, inflows: list[Inflow], prices_e9: dict[str, int], total_e8: int, wall_ns: int
    ) -> InflowValued:
        for inflow in inflows:
            price_e9 = prices_e9[inflow.asset]
            early = self._early_e9.pop((venue_id, inflow.seq, inflow.asset), None)
            if early is None and price_e9:
                inflow.value(price_e9)
        return InflowValued(
            ts_recv_ns=wall_ns,
            venue_id=venue_id,
            order_seq=inflows[0].seq,
            opening=inflows[0].opening,
            amounts={inflow.asset: text_e8(inflow.amount_e8) for inflow in inflows},
            marks={asset: text_of(price_e9, 9) for asset, price_e9 in prices_e9.items() if price_e9},
            value_e8=max(-MONEY_MAX, min(MONEY_MAX, total_e8)),
        )


def parse_amount_e9(text: str) -> int:
    """Return a price that was published, times 10**9; an empty one is 0."""
    whole, _, fraction = text.partition(".")
    return int(whole or 0) * 10**9 + int(fraction.ljust(9, "0"))
