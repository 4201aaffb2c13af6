"""An account as its follower sees it, as plain values, and back: what of it is in an anchor.

Times of this process are not in it: an order counts as known since the state was taken up. Orders that hold quantity and
those that ended not long ago, fills that are remembered, positions and balances are; what they come to is made anew from
them. It knows the parts from inside, so this file is compiled (`account_anchor.pxd`).
"""

import msgspec

from agents.state.account import Account
from agents.state.holdings import Holdings, Inflow
from agents.state.positions import Ledger
from agents.state.working_orders import WorkingOrder
from schemas.messages import OrderInitialized


class AnchoredWorkingOrder(msgspec.Struct, frozen=True, array_like=True):
    """One order: its terms as in the event that begins it, and what became of it."""

    terms: OrderInitialized
    status: int
    cum_qty_lots: int
    filled_qty_lots: int


class AnchoredLedger(msgspec.Struct, frozen=True, array_like=True):
    """One ledger; amounts of any size are text."""

    instrument_id: int
    amounts: tuple[str, str, str, str, str, str, str]
    fees_by_asset: dict[str, str]
    fills: int
    before: tuple[str, str] = ("0", "0")
    """Gained before the account opened, and of that realised."""


class AnchoredInflow(msgspec.Struct, frozen=True, array_like=True):
    """Something that came in and waits for its value; `instrument_id` is that of its ledger, 0 if it has none."""

    seq: int
    asset: str
    amount_e8: str
    instrument_id: int
    opening: bool
    opened_e8: str
    cost_e16: str = "0"


class AnchoredHoldings(msgspec.Struct, frozen=True, array_like=True):
    """Balances beside the positions."""

    opened: bool
    amounts_e8: dict[str, str]
    fees_e8: dict[str, str]
    venue_e8: dict[str, str]
    last_transfer_e8: str
    to_value: list[AnchoredInflow]
    fundings: list[tuple[int, str]]
    venue_id: int


class AnchoredAccount(msgspec.Struct, frozen=True, array_like=True):
    """The whole account."""

    binding: list[AnchoredWorkingOrder]
    ended: list[AnchoredWorkingOrder]
    instruments: list[int]
    """Those that had an order."""
    fills: list[tuple[int, str, str]]
    ledgers: list[AnchoredLedger]
    holdings: AnchoredHoldings
    epoch: int
    reconciled_epoch: int
    strategies: list[tuple[str, int, str]]
    funded: bool
    balances_changed: int
    stream: int
    seq: int


def anchored(account: Account) -> AnchoredAccount:
    """Return an account as it is."""
    orders = account.orders
    return AnchoredAccount(
        binding=_chain(orders.binding.oldest),
        ended=_chain(orders._ended.oldest),
        instruments=sorted(orders.all_held),
        fills=orders._recent_fills.items(),
        ledgers=[ledger_state(number, ledger) for number, ledger in account.ledgers.items()],
        holdings=_holdings_state(account.holdings),
        epoch=account.epoch,
        reconciled_epoch=account.reconciled_epoch,
        strategies=[(name, number, str(qty_e8)) for (name, number), qty_e8 in account._strategies.items()],
        funded=account.funded,
        balances_changed=account.balances_changed,
        stream=account._stream,
        seq=account._seq,
    )


def resume(account: Account, state: AnchoredAccount, now_ns: int) -> None:
    """Make an account that nothing was applied to what it was; its orders count as known since `now_ns`."""
    orders = account.orders
    for number in state.instruments:
        orders.hold(number)
    for each in (*state.ended, *state.binding):
        orders.adopt(each.terms, now_ns, each.status, each.cum_qty_lots, each.filled_qty_lots)
    for fill in state.fills:
        orders._fills.add(fill)
        orders._recent_fills.push(fill)
    for each_ledger in state.ledgers:
        ledger = account.ledger(each_ledger.instrument_id)
        if ledger is not None:
            resume_ledger(ledger, each_ledger)
    _resume_holdings(account, account.holdings, state.holdings)
    account.epoch, account.reconciled_epoch = state.epoch, state.reconciled_epoch
    account._strategies.update({(name, number): int(text) for name, number, text in state.strategies})
    account.funded, account.balances_changed = state.funded, state.balances_changed
    account._stream, account._seq = state.stream, state.seq


def _chain(oldest: WorkingOrder | None) -> list[AnchoredWorkingOrder]:
    found = []
    order = oldest
    while order is not None:
        terms = OrderInitialized(
            order.client_order_id,
            order.strategy,
            order.instrument_id,
            order.side,
            order.qty_lots,
            order.price_ticks,
            order.time_in_force,
            external=order.external,
        )
        found.append(AnchoredWorkingOrder(terms, order.status, order.cum_qty_lots, order.filled_qty_lots))
        order = order.newer
    return found


def ledger_state(number: int, ledger: Ledger) -> AnchoredLedger:
    """Return a ledger as it is."""
    amounts = (
        str(ledger.net_qty_e8),
        str(ledger.cost_e16),
        str(ledger.realised_e16),
        str(ledger.fees_e16),
        str(ledger.funding_e16),
        str(ledger.paid_in_e16),
        str(ledger.last_px_e8),
    )
    before = (str(ledger.gained_before_e16), str(ledger.realised_before_e16))
    return AnchoredLedger(number, amounts, _texts(ledger.fees_by_asset), ledger.fills, before)


def resume_ledger(ledger: Ledger, state: AnchoredLedger) -> None:
    """Make a ledger what it was."""
    net_qty, cost, realised, fees, funding, paid_in, last_px = [int(text) for text in state.amounts]
    ledger.net_qty_e8, ledger.cost_e16, ledger.realised_e16, ledger.fees_e16 = net_qty, cost, realised, fees
    ledger.funding_e16, ledger.paid_in_e16, ledger.last_px_e8 = funding, paid_in, last_px
    ledger.fees_by_asset = _numbers(state.fees_by_asset)
    ledger.fills = state.fills
    ledger.gained_before_e16, ledger.realised_before_e16 = int(state.before[0]), int(state.before[1])


def _holdings_state(holdings: Holdings) -> AnchoredHoldings:
    return AnchoredHoldings(
        opened=holdings.opened,
        amounts_e8=_texts(holdings.amounts_e8),
        fees_e8=_texts(holdings.fees_e8),
        venue_e8=_texts(holdings.venue_e8),
        last_transfer_e8=str(holdings.last_transfer_e8),
        to_value=[
            AnchoredInflow(
                each.seq,
                each.asset,
                str(each.amount_e8),
                0 if each.ledger is None else each.ledger.info.id,
                each.opening,
                str(each.opened_e8),
                str(each.cost_e16),
            )
            for each in holdings.to_value or ()
        ],
        fundings=holdings.recent_fundings.items(),
        venue_id=holdings.venue_id,
    )


def _resume_holdings(account: Account, holdings: Holdings, state: AnchoredHoldings) -> None:
    holdings.opened = state.opened
    holdings.amounts_e8, holdings.fees_e8 = _numbers(state.amounts_e8), _numbers(state.fees_e8)
    holdings.venue_e8, holdings.last_transfer_e8 = _numbers(state.venue_e8), int(state.last_transfer_e8)
    holdings.venue_id = state.venue_id
    for key in state.fundings:
        holdings.note_funding(key)
    if holdings.to_value is not None:
        holdings.to_value += [
            Inflow(
                each.seq,
                each.asset,
                int(each.amount_e8),
                account.ledgers.get(each.instrument_id),
                each.opening,
                int(each.opened_e8),
                int(each.cost_e16),
            )
            for each in state.to_value
        ]


def _texts(amounts: dict[str, int]) -> dict[str, str]:
    return {asset: str(amount) for asset, amount in amounts.items()}


def _numbers(texts: dict[str, str]) -> dict[str, int]:
    return {asset: int(text) for asset, text in texts.items()}
