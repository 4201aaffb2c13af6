"""Orders, fills and amounts of an OKX account as reports, from REST or from the private stream."""

from agents.instruments import InstrumentInfo
from agents.venues.okx.account_data import (
    ENDS,
    FORCED,
    FORCED_BILLS,
    LIQUIDITY,
    QUOTE_SIZED,
    SIDES,
    SOURCES,
    STATUSES,
    TYPES,
    OkxAssetData,
    OkxBalanceData,
    OkxFillData,
    OkxOrderData,
)
from agents.venues.okx.marks import rounded_e8
from agents.venues.reports import FillReport, MarginReport, OrderReport
from schemas.errors import VenueError
from schemas.orders import Liquidity, OrderStatus, Reason, Side, TimeInForce
from schemas.units import MS

DOLLARS = "USD"
"""What the totals of an account are in."""


def order_report(info: InstrumentInfo, data: OkxOrderData) -> OrderReport:
    """Return what the venue states of an order.

    One that was made without an id of ours gets a name by the venue's. The size of a market order in quote currency is
    what was filled of it.

    Raises:
        VenueError: If it is in a state or of a side that is not known, or not in whole ticks and lots.
    """
    status, reason, text = _status(data)
    cum_qty_lots = info.qty.parse(data.cum_qty or "0")
    return OrderReport(
        info.id,
        data.client_order_id or f"X{data.venue_order_id}",
        data.venue_order_id,
        int(status),
        int(side_of(data.side)),
        cum_qty_lots if data.target == QUOTE_SIZED else info.qty.parse(data.qty),
        info.price.parse(data.price or "0"),
        int(TYPES.get(data.type, TimeInForce.GTC)),
        cum_qty_lots,
        time_ns(data.update_ms),
        int(reason),
        text,
    )


def last_fill(info: InstrumentInfo, data: OkxOrderData) -> FillReport | None:
    """Return the fill that caused a message of the orders channel, None if none did."""
    if not data.trade_id or not data.fill_qty or info.qty.parse(data.fill_qty) == 0:
        return None
    # The fee of an order is that of its fills together: of the first one, it is the same.
    fee, asset = (data.fee, data.fee_asset) if data.fill_fee is None else (data.fill_fee, data.fill_fee_asset)
    return FillReport(
        info.id,
        data.venue_order_id,
        data.trade_id,
        int(side_of(data.side)),
        info.qty.parse(data.fill_qty),
        info.price.parse(data.fill_price),
        -rounded_e8(fee),
        asset,
        int(LIQUIDITY.get(data.liquidity, Liquidity.UNSTATED)),
        time_ns(data.fill_ms or data.update_ms),
        FORCED.get(data.category, ""),
    )


def fill_report(info: InstrumentInfo, data: OkxFillData) -> FillReport:
    """Return a fill as REST lists it."""
    return FillReport(
        info.id,
        data.venue_order_id,
        data.trade_id,
        int(side_of(data.side)),
        info.qty.parse(data.qty),
        info.price.parse(data.price),
        -rounded_e8(data.fee),
        data.fee_asset,
        int(LIQUIDITY.get(data.liquidity, Liquidity.UNSTATED)),
        time_ns(data.ts),
        FORCED_BILLS.get(data.bill_type, ""),
    )


def balances_e8(assets: list[OkxAssetData]) -> dict[str, int]:
    """Return what there is of each asset; what is beyond eight decimals is not counted."""
    return {each.asset: amount_e8(each.cash) for each in assets}


def margin_of(data: OkxBalanceData, coin: str) -> MarginReport | None:
    """Return what the account has and needs as margin: totals, or those of what settles contracts; None if neither."""
    if data.initial and data.equity:
        amounts = (data.equity, data.available, data.initial, data.maintenance)
        return MarginReport(DOLLARS, *(amount_e8(text) for text in amounts))
    for each in data.details:
        if each.asset == coin and each.equity:
            amounts = (each.equity, each.available, each.initial, each.maintenance)
            return MarginReport(coin, *(amount_e8(text) for text in amounts))
    return None


def amount_e8(text: str) -> int:
    """Return an amount times 10**8, cut towards zero; VenueError if it is no plain decimal."""
    whole, _, fraction = text.removeprefix("-").partition(".")
    if not (f"{whole}{fraction}".isascii() and f"{whole}{fraction}".isdigit() and whole and len(text) <= 80):
        if not text:
            return 0
        raise VenueError(f"{text[:60]!r} is no plain decimal")
    value = int(whole) * 10**8 + int(fraction[:8].ljust(8, "0"))
    return -value if text.startswith("-") else value


def side_of(text: str) -> Side:
    """Return a side; VenueError if it is none."""
    side = SIDES.get(text)
    if side is None:
        raise VenueError(f"side {text[:20]!r} (allowed: {', '.join(SIDES)})")
    return side


def time_ns(text: str) -> int:
    """Return a time in milliseconds, which is written as text, in nanoseconds; VenueError if it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 13):
        raise VenueError(f"{text[:20]!r} is no time in milliseconds")
    return min(int(text), 2**63 // MS - 1) * MS


def _status(data: OkxOrderData) -> tuple[OrderStatus, Reason, str]:
    """Return in which state an order is, why, and what people may want to read about that."""
    status = STATUSES.get(data.state)
    if status is None:
        raise VenueError(f"order state {data.state[:40]!r} (known: {sorted(STATUSES)})")
    text = FORCED.get(data.category, "")
    if status != OrderStatus.CANCELED:
        return status, Reason.NONE, text
    status, reason = ENDS.get(data.cancel_source, (status, Reason.CANCELED_BY_VENUE))
    source = f"{data.cancel_source} {SOURCES.get(data.cancel_source, '')}".strip()
    return status, reason, text or (f"canceled: {source}" if source else "")
