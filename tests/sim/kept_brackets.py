"""What must be so of brackets when all is quiet (O10): each position has its exit, and each exit its position.

Execution may not keep a bracket if it tells so: an entry is published with BRACKET_NOT_KEPT. One whose exit somebody has
canceled or replaced is given up by that.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from agents.paper.money import Listing
from schemas.messages import OrderInitialized
from schemas.orders import ExecInst, OrderStatus, Reason, Side, TimeInForce
from tests.sim.account_oracles import log_of
from tests.sim.bracket_oracles import E8, Published
from tests.sim.desk import Desk

GIVEN_UP = frozenset({Reason.CANCELED_BY_STRATEGY, Reason.CANCELED_BY_OPERATOR, Reason.REPLACED})
"""Whoever ends an exit for one of these wants to close otherwise."""
LOOKS, LOOKS_MAX, LOOK_S = 12, 120, 0.5
"""A bracket is not kept if it is found so at each of so many looks, those left out at which an order of it was on its way:
what becomes of one that the venue does not answer is known after half a minute, and no exit is made before."""
ON_ITS_WAY = frozenset({OrderStatus.SUBMITTED, OrderStatus.PENDING_CANCEL, OrderStatus.UNKNOWN})


class Bracket(NamedTuple):
    """An entry that has something left to close, as its orders in the log have it."""

    client_order_id: str
    terms: OrderInitialized
    left_lots: int
    resting_lots: int
    stopped: bool
    on_its_way: bool


def published(desk: Desk) -> Published:
    """Return the orders in execution's log."""
    found = Published(desk.config)
    for _, message in log_of(desk, "execution"):
        found.apply(message)
    return found


def brackets_left(orders: Published) -> Iterator[Bracket]:
    """Yield each entry of which something is open yet and nobody has given up or was told that it is not kept."""
    for name, order in orders.orders.items():
        exits = orders.exits.get(name, [])
        if not (order.terms.take_profit_ticks or order.terms.stop_ticks) or Reason.BRACKET_NOT_KEPT in order.reasons:
            continue
        if any(each.ended and each.reasons & GIVEN_UP for each in exits):
            continue
        left = orders.opened_lots(order) - sum(each.traded_lots for each in exits)
        resting = sum(each.bound_lots - each.traded_lots for each in exits)
        stopped = any(each.terms.time_in_force == TimeInForce.IOC for each in exits)
        on_its_way = any(each.status in ON_ITS_WAY for each in (order, *exits))
        if left > 0:
            yield Bracket(name, order.terms, left, resting, stopped, on_its_way)


def unkept_brackets(desk: Desk) -> list[str]:
    """Return what is not kept, or not closed, now and at every look from now on."""
    found, looks = _unkept(desk), dict[str, int]()
    for _ in range(LOOKS_MAX):
        for name, (_, bracket) in found.items():
            looks[name] = looks.get(name, 0) + (not bracket.on_its_way)
        if all(looks[name] >= LOOKS for name in found):
            break
        desk.run(LOOK_S)
        still = _unkept(desk)
        found = {name: still[name] for name in found if name in still}
    return [f"O10: {wrong}: {bracket}" for wrong, bracket in found.values()]


def exits_left(desk: Desk) -> list[str]:
    """Return the exits that rest for more than is open of their parents."""
    orders, found = published(desk), []
    for name, exits in orders.exits.items():
        parent, leaves = orders.orders[name], sum(each.bound_lots - each.traded_lots for each in exits)
        left = orders.opened_lots(parent) - sum(each.traded_lots for each in exits)
        if leaves > max(0, left):
            found.append(f"O10: {leaves} lots of exits rest and {left} are open of {parent.terms}")
    return found


def _unkept(desk: Desk) -> dict[str, tuple[str, Bracket]]:
    """Return by its entry each bracket with which something is wrong now, and what."""
    orders = published(desk)
    symbols = {each.id: each.symbol for each in desk.config.instruments}
    told = {line.split()[2].rstrip(":") for line in desk.figures("execution").trading if line.startswith("BRACKET")}
    found = {}
    for bracket in brackets_left(orders):
        listing = desk.venue.exchange.listings[symbols[bracket.terms.instrument_id]]
        wrong = _wrong(desk, listing, bracket, bracket.client_order_id in told)
        if wrong:
            found[bracket.client_order_id] = wrong, bracket
    return found


def _wrong(desk: Desk, listing: Listing, bracket: Bracket, told: bool) -> str:
    """Return what is wrong with a bracket, empty if it is kept, or too little is left of it or in the account."""
    terms = bracket.terms
    free_lots = _free_e8(desk, listing.base) // listing.lot_e8
    price_ticks = terms.take_profit_ticks or terms.stop_ticks
    if not told and _sellable(desk, terms, price_ticks, min(bracket.left_lots, free_lots + bracket.resting_lots)):
        return "execution keeps it no more, and has not told"
    uncovered = min(bracket.left_lots - bracket.resting_lots, free_lots)
    if terms.take_profit_ticks and not bracket.stopped and _sellable(desk, terms, price_ticks, uncovered):
        return "no exit rests"
    bid = Decimal(desk.venue.exchange.market.depth(listing.symbol, 1).bids[0][0])
    reached = terms.stop_ticks and int(bid * E8) <= terms.stop_ticks * listing.tick_e8
    if reached and _sellable(desk, terms, price_ticks, min(bracket.left_lots, free_lots + bracket.resting_lots)):
        return "its stop is reached, and it is not closed"
    return ""


def _sellable(desk: Desk, terms: OrderInitialized, price_ticks: int, lots: int) -> bool:
    config = next(each for each in desk.config.instruments if each.id == terms.instrument_id)
    notional = Decimal(config.tick_size) * price_ticks * Decimal(config.lot_size) * lots
    return lots > 0 and notional >= Decimal(config.min_notional)


def _free_e8(desk: Desk, asset: str) -> int:
    balance = desk.venue.exchange.figures().account.get(asset)
    return 0 if balance is None else int(Decimal(balance.free) * E8)


def closed_by(desk: Desk) -> dict[str, int]:
    """Return how many exits have traded at a take-profit and at a stop, and how many orders took the place of others."""
    orders = published(desk)
    exits = [each for group in orders.exits.values() for each in group if each.traded_lots]
    stops = sum(each.terms.time_in_force == TimeInForce.IOC for each in exits)
    replaced = sum(bool(each.terms.replaces) for each in orders.orders.values())
    assert all(each.terms.side == Side.SELL and each.terms.exec_inst == ExecInst.REDUCE_ONLY for each in exits)
    return {"take_profits": len(exits) - stops, "stops": stops, "replacements": replaced}
