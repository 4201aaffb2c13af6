"""What a desk of several accounts may do, counted naively: the model that risk's answers about it are held against.

Each account is counted by a `RiskModel`; here are the sums over them, in fractions of the currency, at fixed prices.
Nothing is summed up ahead, and nothing of risk is used.
"""

from fractions import Fraction
from typing import NamedTuple

from schemas.orders import Reason
from tests.property.risk_model import RiskModel


class Traded(NamedTuple):
    """One instrument: its account's venue, its coin, the value of a lot, and lots in one coin."""

    venue: int
    coin: str
    lot_value: Fraction
    lots: int


class Most(NamedTuple):
    """Limits of an account or of the desk, in the currency; `position` in coins, None is no limit."""

    gross: int
    net: int
    coin: int | None = None
    position: int | None = None
    open_orders: int | None = None
    unknown: int | None = None


class DeskModel:
    """Three accounts as risk was told of them, and the limits of each and of all."""

    def __init__(self, instruments, limits, desk):
        self.instruments = instruments
        self.limits = limits
        self.desk = desk
        self.accounts = {venue: RiskModel() for venue in limits}

    def sides(self, number):
        """The value of an instrument's position if all that may still buy does, and if all that may still sell does."""
        traded = self.instruments[number]
        held = self.accounts[traded.venue].range(number)
        return (held.net + held.buys) * traded.lot_value, (held.net - held.sells) * traded.lot_value

    def with_order(self, signal):
        """The same of all instruments, with an order added."""
        found = {number: self.sides(number) for number in self.instruments}
        if signal is not None:
            value = signal.qty_lots * self.instruments[signal.instrument_id].lot_value
            up, down = found[signal.instrument_id]
            found[signal.instrument_id] = (up + value, down) if signal.side > 0 else (up, down - value)
        return found

    def coins(self, sides):
        """Both sums of each coin over all accounts."""
        found = {}
        for number, (up, down) in sides.items():
            coin = self.instruments[number].coin
            ups, downs = found.get(coin, (0, 0))
            found[coin] = ups + up, downs + down
        return found

    def open(self, venue):
        return [told for told in self.accounts[venue].orders.values() if told.open]

    def refusals(self, signal, away, unknown_of):
        """Return what risk may refuse a signal for, with the figures that it must tell; empty if it has to approve it."""
        number = signal.instrument_id
        traded = self.instruments[number]
        if traded.venue in away:
            return {Reason.EXECUTION_UNAVAILABLE: None}
        before, after = self.with_order(None), self.with_order(signal)
        found = {}
        reducing = self.accounts[traded.venue].reduces(signal)
        if not reducing:
            found |= self._of_account(signal, before, after, unknown_of(traded.venue))
        found |= self._of_desk(signal, before, after, reducing)
        return found

    def _of_account(self, signal, before, after, unknown):
        number = signal.instrument_id
        traded, most = self.instruments[number], self.limits[self.instruments[number].venue]
        found = {}
        if unknown > most.unknown:
            found[Reason.UNKNOWN_ORDERS_OUTSTANDING] = {"unknown_orders": unknown, "unknown_orders_max": most.unknown}
        count = len(self.open(traded.venue))
        if count >= most.open_orders:
            found[Reason.MAX_OPEN_ORDERS] = {"open_orders": count, "open_orders_max": most.open_orders}
        reached = after[number][0] if signal.side > 0 else -after[number][1]
        if reached > most.position * traded.lots * traded.lot_value:
            found[Reason.MAX_POSITION] = None
        mine = [each for each, other in self.instruments.items() if other.venue == traded.venue]
        gross = sum(worst(after[each]) for each in mine)
        if worst(after[number]) > worst(before[number]) and gross > most.gross:
            found[Reason.MAX_EXPOSURE_GROSS] = {"exposure_gross": gross, "exposure_gross_max": most.gross}
        net = sum(after[each][0] if signal.side > 0 else -after[each][1] for each in mine)
        if net > most.net:
            found[Reason.MAX_EXPOSURE_NET] = {"exposure_net": signal.side * net, "exposure_net_max": most.net}
        return found

    def _of_desk(self, signal, before, after, reducing):
        coin, most = self.instruments[signal.instrument_id].coin, self.desk
        coins = self.coins(after)
        reached = worst(coins[coin])
        adds = reached > worst(self.coins(before)[coin])
        gross = sum(map(worst, coins.values()))
        net = sum(ups if signal.side > 0 else -downs for ups, downs in coins.values())
        found = {}
        if adds and reached > most.coin:
            found[Reason.MAX_EXPOSURE_COIN] = {"coin": coin, "coin_exposure": reached, "coin_exposure_max": most.coin}
        if adds and gross > most.gross:
            told = {"desk_exposure_gross": gross, "desk_exposure_gross_max": most.gross}
            found["desk", Reason.MAX_EXPOSURE_GROSS] = told
        if (adds or not reducing) and net > most.net:
            told = {"desk_exposure_net": signal.side * net, "desk_exposure_net_max": most.net}
            found["desk", Reason.MAX_EXPOSURE_NET] = told
        return found


def worst(sides):
    return max(map(abs, sides))
