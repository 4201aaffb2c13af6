"""What one account holds: the balances that no position stands for, and what came in or left by no trade.

At the first agreement with its venue that tells balances the account opens: what the venue holds and the fills so far do
not explain was there before. Of the base of a traded instrument that is a position (`InstrumentTable.position_of`), of
anything else a balance, the quote currency among them. From then on only fills, their commissions, funding and transfers
change anything, so what the venue has just told can be held against what all of them come to (`difference_e8`). Of
contracts that is the wallet's balance: what positions would gain if they were closed now is in no balance.

Nothing here knows a price. What comes in is valued by who follows the market, and remembered there: `prices_e9` is what is
known from before a restart, by the event's sequence and asset; what came in beyond that is put on `to_value`, if somebody
has set that up. Folded from the account's ORDER stream alone, so that every follower has the same.
"""

from collections.abc import Mapping
from typing import NamedTuple

from agents.amounts import parse_amount_e8
from agents.instruments import InstrumentTable
from agents.state.positions import Ledger
from agents.state.recent import Recent
from schemas.messages import E8, FundingSettled, Reconciled, Transfer

Prices = Mapping[tuple[int, str], int]
FUNDINGS_MAX = 10_000
"""Settlements that are remembered, to book none twice: some years of them."""


class Inflow(NamedTuple):
    """An amount that came in (negative: left) by the event `seq`.

    `ledger` is that of the position which it is a part of, None of none, and `opened_e8` what of it opened that. Of a
    contract it is the position that the account opened with, by the instrument's name, and worth what it had gained since
    its entry, at `cost_e16`.
    """

    seq: int
    asset: str
    amount_e8: int
    ledger: Ledger | None
    opening: bool
    opened_e8: int = 0
    cost_e16: int = 0

    def worth_e17(self, price_e9: int) -> int:
        """Return what it is worth at a price, in what that is in; what has none is worth nothing."""
        return self.amount_e8 * price_e9 - self.cost_e16 * 10 if price_e9 else 0

    def value(self, price_e9: int) -> None:
        """Have the position that it is a part of know what it was worth."""
        if self.ledger is None:
            return
        if self.ledger.info.margin:
            self.ledger.take_over(self.worth_e17(price_e9) // 10)
        else:
            self.ledger.value(self.amount_e8, self.opened_e8, price_e9 // 10)


class Holdings:
    """Balances of an account beside its positions, and what its venue says of both; times 10**8, of any size."""

    def __init__(self, table: InstrumentTable, ledgers: dict[int, Ledger]) -> None:
        """Begin with nothing; `ledgers` are the account's, by instrument number."""
        self.opened = False
        """Whether the venue has told its balances, all of which are accounted for since."""
        self.amounts_e8: dict[str, int] = {}
        """What came in less the commissions paid of it, by asset that is no position."""
        self.fees_e8: dict[str, int] = {}
        """Those commissions."""
        self.venue_e8: dict[str, int] = {}
        """The venue's balances as last told."""
        self.last_transfer_e8 = 0
        """What the last transfer event was of."""
        self.to_value: list[Inflow] | None = None
        self.prices_e9: Prices = {}
        self._fundings: set[tuple[int, str]] = set()
        self.recent_fundings = Recent(FUNDINGS_MAX)
        self.venue_id = 0
        self._position_of = table.position_of
        self._infos = table.by_id
        self._ledgers = ledgers

    def agree(self, venue_id: int, seq: int, message: Reconciled) -> None:
        """Take what the venue holds; the first time, open the account with it."""
        self.venue_id = venue_id
        told_e8 = {asset: parse_amount_e8(text) for asset, text in message.balances.items()}
        told_e8 = told_e8 or dict(message.balances_e8)
        if not told_e8:
            return
        self.venue_e8 = told_e8
        if not self.opened:
            self.opened = True
            for asset in self.assets():
                difference_e8 = self.difference_e8(asset)
                if difference_e8:
                    self._take_in(Inflow(seq, asset, difference_e8, self._ledger(asset), opening=True))
            if self.to_value is not None:
                self._take_over(seq)

    def transfer(self, venue_id: int, seq: int, message: Transfer) -> None:
        """Take in a deposit, or give away a withdrawal; before the opening it is part of what the account opens with."""
        self.venue_id = venue_id
        amount_e8 = self.last_transfer_e8 = parse_amount_e8(message.amount)
        if self.opened and amount_e8:
            self._take_in(Inflow(seq, message.asset, amount_e8, self._ledger(message.asset), opening=False))

    def charge(self, venue_id: int, asset: str, commission_e8: int) -> None:
        """Pay a commission in an asset that is neither base nor quote of what was traded."""
        self.venue_id = venue_id
        ledger = self._ledger(asset)
        if ledger is not None:
            ledger.hand_over(commission_e8)
        else:
            self.amounts_e8[asset] = self.amounts_e8.get(asset, 0) - commission_e8
            self.fees_e8[asset] = self.fees_e8.get(asset, 0) + commission_e8

    def settle(self, venue_id: int, message: FundingSettled) -> None:
        """Book funding, once: as profit of its position, or if it is paid in another asset, as a commission is."""
        self.venue_id = venue_id
        key = (message.instrument_id, message.funding_id)
        if key in self._fundings:
            return
        self.note_funding(key)
        amount_e8 = parse_amount_e8(message.amount)
        ledger = self._ledger_of(message.instrument_id) if message.instrument_id in self._infos else None
        if ledger is not None and ledger.info.config.quote == message.asset:
            ledger.settle(amount_e8)
        else:
            self.charge(venue_id, message.asset, -amount_e8)

    def note_funding(self, key: tuple[int, str]) -> None:
        """Remember that a settlement, by instrument and the venue's id, is booked."""
        self._fundings.add(key)
        self._fundings.discard(self.recent_fundings.push(key))

    def position_in(self, asset: str) -> int | None:
        """Return the number of the instrument that an asset is the position of, None if it is that of none."""
        return self._position_of.get((self.venue_id, asset))

    def assets(self) -> list[str]:
        """Return every asset that the venue told of or that anything here is in."""
        found = dict.fromkeys([*self.venue_e8, *self.amounts_e8])
        for ledger in self._ledgers.values():
            found[ledger.info.config.quote] = None
            if not ledger.info.margin:
                found[ledger.info.config.base] = None
        return list(found)

    def held_e16(self, asset: str) -> int:
        """Return how much the account should have of an asset, times 10**16."""
        ledger = self._ledgers.get(self._position_of.get((self.venue_id, asset), 0))
        return self.beside_position_e16(asset) + (ledger.net_qty_e8 * E8 if ledger is not None else 0)

    def beside_position_e16(self, asset: str) -> int:
        """Return how much of an asset the account should have beside what of it is a position.

        On margin a position costs nothing but what it loses, so its cost is no change of a balance.
        """
        held_e16 = self.amounts_e8.get(asset, 0) * E8
        for ledger in self._ledgers.values():
            if ledger.info.config.quote == asset:
                held_e16 += ledger.flow_e16
                if ledger.info.margin:
                    held_e16 += ledger.cost_e16
        return held_e16

    def difference_e8(self, asset: str) -> int:
        """Return what the venue was last told to hold of an asset beyond what the account should have, rounded down."""
        return (self.venue_e8.get(asset, 0) * E8 - self.held_e16(asset)) // E8

    def _take_in(self, inflow: Inflow) -> None:
        px_e9 = self.prices_e9.get((inflow.seq, inflow.asset), 0)
        if inflow.ledger is None:
            self.amounts_e8[inflow.asset] = self.amounts_e8.get(inflow.asset, 0) + inflow.amount_e8
        else:
            inflow = inflow._replace(opened_e8=inflow.ledger.pay_in(inflow.amount_e8, px_e9 // 10))
        if self.to_value is not None and (inflow.seq, inflow.asset) not in self.prices_e9:
            self.to_value.append(inflow)

    def _take_over(self, seq: int) -> None:
        """Take in what contracts had gained when the account opened, but for one whose opening was valued without."""
        names = [name for at, name in self.prices_e9 if at == seq]
        for ledger in self._ledgers.values():
            if not (ledger.info.margin and ledger.net_qty_e8):
                continue
            name = ledger.info.name
            found = Inflow(seq, name, ledger.net_qty_e8, ledger, opening=True, cost_e16=ledger.cost_e16)
            if name in names:
                found.value(self.prices_e9[seq, name])
            elif not names and self.to_value is not None:
                self.to_value.append(found)

    def _ledger(self, asset: str) -> Ledger | None:
        """Return the ledger of the instrument that an asset is the position of, begun if it is new."""
        number = self._position_of.get((self.venue_id, asset))
        return None if number is None else self._ledger_of(number)

    def _ledger_of(self, number: int) -> Ledger:
        ledger = self._ledgers.get(number)
        if ledger is None:
            ledger = self._ledgers[number] = Ledger(self._infos[number])
        return ledger
