"""Orders and executions as OKX tells them: rows of REST, which tell of the last execution, and of the orders channel.

(OKX v5 documentation, order details, transaction details, order channel.) A row of the channel tells of one change: the
execution in it is that of the change, and there is none where the change is no execution. A fee that is paid is below zero.
"""

from agents.paper.account.told import OrderTold
from agents.paper.account.trading import REDUCED
from agents.paper.money import E8, Listing, format_e8, trimmed
from agents.paper.okx.answers import Json
from agents.paper.okx.order_entry import ORDER_ID_BASE
from agents.paper.orders import Fill, Funding, Moved, VenueOrder
from schemas.orders import Side

BILL_ID_BASE = 3_000_000_000_000_000_000
FUNDING_BILL_BASE = BILL_ID_BASE + 500_000_000_000_000_000
TRANSFER_BILL_BASE = BILL_ID_BASE + 700_000_000_000_000_000
TRANSFER_TYPE = "1"
FUNDING_ACCOUNT, TRADING_ACCOUNT = "6", "18"
FUNDING_TYPE = "8"
"""The type of a booking of funding."""
SWITCH = "cancel_all_after"
"""The cause of an order's end: the account's switch fired."""
STATES = {"NEW": "live", "PARTIALLY_FILLED": "partially_filled", "FILLED": "filled"}
"""All others are canceled."""
SOURCES = {
    "0": "Order canceled by system",
    "1": "Order canceled by user",
    "13": "Order canceled: FOK order was canceled due to incompletely filled.",
    "14": "Order canceled: IOC order was partially canceled due to incompletely filled.",
    "17": "Order canceled: Close order was canceled, due to the position was already closed at market price.",
    "20": "Cancel all after triggered",
    "31": "The post-only order will take liquidity in taker orders",
}
_CAUSES = {SWITCH: "20", REDUCED: "17"}


def amount(value_e8: int) -> str:
    """Return an amount without zeros at its end."""
    return trimmed(format_e8(value_e8))


def order_id(order: VenueOrder) -> str:
    """Return what the venue calls an order."""
    return str(ORDER_ID_BASE + order.order_id)


def bill_id(fill: Fill) -> str:
    """Return what the venue calls the booking of an execution."""
    return str(BILL_ID_BASE + fill.number)


def transfer_bill(moved: Moved) -> Json:
    """Return the booking of what came into the account, or left it."""
    names = (
        "clOrdId",
        "execType",
        "fillIdxPx",
        "instId",
        "instType",
        "mgnMode",
        "notes",
        "ordId",
        "px",
        "tag",
        "tradeId",
    )
    row: Json = dict.fromkeys(names, "")
    row |= dict.fromkeys(("fillFwdPx", "fillMarkPx", "fillMarkVol", "fillPxUsd", "fillPxVol", "fillTime"), "")
    comes = moved.amount_e8 > 0
    row |= {
        "bal": amount(moved.balance_e8),
        "balChg": amount(moved.amount_e8),
        "billId": str(TRANSFER_BILL_BASE + moved.number),
        "ccy": moved.asset,
        "earnAmt": "",
        "earnApr": "",
        "fee": "0",
        "from": FUNDING_ACCOUNT if comes else TRADING_ACCOUNT,
        "interest": "0",
        "pnl": "0",
        "posBal": "0",
        "posBalChg": "0",
        "subType": "11" if comes else "12",
        "sz": amount(abs(moved.amount_e8)),
        "to": TRADING_ACCOUNT if comes else FUNDING_ACCOUNT,
        "ts": str(moved.ts_ns // 1_000_000),
        "type": TRANSFER_TYPE,
    }
    return dict(sorted(row.items()))


def funding_bill(paid: Funding) -> Json:
    """Return the booking of what holding a contract was paid, or cost."""
    listing = paid.listing
    row: Json = dict.fromkeys(
        ("clOrdId", "execType", "fillIdxPx", "from", "notes", "ordId", "tag", "to", "tradeId"), ""
    )
    row |= dict.fromkeys(("fillFwdPx", "fillMarkPx", "fillMarkVol", "fillPxUsd", "fillPxVol", "fillTime"), "")
    row |= {
        "bal": amount(paid.balance_e8),
        "balChg": amount(paid.amount_e8),
        "billId": str(FUNDING_BILL_BASE + paid.number),
        "ccy": listing.quote,
        "earnAmt": "",
        "earnApr": "",
        "fee": "0",
        "instId": listing.venue_symbol,
        "instType": kind_of(listing),
        "interest": "0",
        "mgnMode": "cross",
        "pnl": amount(paid.amount_e8),
        "posBal": "0",
        "posBalChg": "0",
        "px": amount(paid.mark_e8),
        "subType": "174" if paid.amount_e8 > 0 else "173",
        "sz": amount(listing.size_e8(abs(paid.qty_lots))),
        "ts": str(paid.ts_ns // 1_000_000),
        "type": FUNDING_TYPE,
    }
    return dict(sorted(row.items()))


def kind_of(listing: Listing) -> str:
    """Return the type of an instrument."""
    return "SWAP" if listing.margined else "SPOT"


def order_row(order: VenueOrder) -> Json:
    """Return an order as REST tells it."""
    last = order.fills[-1] if order.fills else None
    row = _terms(order) | _empty(order) | {"avgPx": _average(order)}
    row |= {
        "fillPx": _price(order, last),
        "fillSz": _size(order, last) if last else "0",
        "fillTime": _ms(last.ts_ns) if last else "",
        "tradeId": str(last.trade_id) if last else "",
    }
    return dict(sorted(row.items()))


def order_push(told: OrderTold, request_id: str, last_price: str) -> Json:
    """Return a change of an order as the channel tells it; `request_id` is that of the amendment that it is."""
    order, fill = told.order, told.fill
    listing, notional_e8 = order.listing, fill.quote_e8 if fill else 0
    amended = told.change in ("AMENDED", "FILLED")
    row = _terms(order) | _empty(order) | {"avgPx": _average(order) or "0"}
    row |= {
        "amendResult": "0" if amended else "",
        "amendSource": "1" if amended else "",
        "code": "0",
        "execType": ("M" if fill.maker else "T") if fill else "",
        "fillFee": amount(-fill.commission_e8) if fill else "0",
        "fillFeeCcy": fill.commission_asset if fill else "",
        "fillFwdPx": "",
        "fillMarkPx": last_price if fill and listing.margined else "",
        "fillMarkVol": "",
        "fillNotionalUsd": amount(notional_e8) if fill else "",
        "fillPnl": amount(fill.pnl_e8) if fill else "0",
        "fillPx": _price(order, fill),
        "fillPxUsd": "",
        "fillPxVol": "",
        "fillSz": _size(order, fill) if fill else "0",
        "fillTime": _ms(fill.ts_ns) if fill else "",
        "lastPx": last_price,
        "msg": "",
        "notionalUsd": amount(listing.notional_e8(order.price_ticks, order.qty_lots) or order.cum_quote_e8),
        "reqId": request_id,
        "tradeId": str(fill.trade_id) if fill else "",
        "uTime": _ms(told.wall_ns),
    }
    return dict(sorted(row.items()))


def fill_row(order: VenueOrder, fill: Fill) -> Json:
    """Return one execution as REST tells it."""
    listing, price = order.listing, _price(order, fill)
    return {
        "instType": kind_of(listing),
        "instId": listing.venue_symbol,
        "tradeId": str(fill.trade_id),
        "ordId": order_id(order),
        "clOrdId": _client_id(order),
        "billId": bill_id(fill),
        "subType": "1" if order.side == Side.BUY else "2",
        "tag": order.tag,
        "fillPx": price,
        "fillSz": _size(order, fill),
        "fillIdxPx": price,
        "fillPnl": amount(fill.pnl_e8),
        "fillPxVol": "",
        "fillPxUsd": "",
        "fillMarkVol": "",
        "fillFwdPx": "",
        "fillMarkPx": price if listing.margined else "",
        "side": order.side.name.lower(),
        "posSide": "net",
        "execType": "M" if fill.maker else "T",
        "feeCcy": fill.commission_asset,
        "fee": amount(-fill.commission_e8),
        "ts": _ms(fill.ts_ns),
        "fillTime": _ms(fill.ts_ns),
        "feeRate": "" if listing.margined else amount(-fill.commission_e8 * E8 // max(1, _charged(order, fill))),
        "tradeQuoteCcy": listing.quote,
    }


def _terms(order: VenueOrder) -> Json:
    """Return what an order is, and what became of it."""
    listing, source = order.listing, cancel_source(order)
    market = order.type == "MARKET"
    return {
        "accFillSz": amount(listing.size_e8(order.cum_qty_lots)),
        "cTime": _ms(order.created_ns),
        "cancelSource": source,
        "cancelSourceReason": SOURCES.get(source, ""),
        "category": "full_liquidation" if order.origin else "normal",
        "ccy": listing.quote if listing.margined else "",
        "clOrdId": _client_id(order),
        "fee": amount(-sum(fill.commission_e8 for fill in order.fills)),
        "feeCcy": order.received_asset,
        "instId": listing.venue_symbol,
        "instType": kind_of(listing),
        "lever": str(order.leverage),
        "ordId": order_id(order),
        "ordType": _order_type(order),
        "pnl": amount(sum(fill.pnl_e8 for fill in order.fills)),
        "posSide": "net" if listing.margined else "",
        "px": "" if market else trimmed(listing.price.format(order.price_ticks)),
        "rebate": "0",
        "rebateCcy": listing.quote if listing.margined else listing.base,
        "reduceOnly": "true" if order.reduce_only else "false",
        "side": order.side.name.lower(),
        "state": STATES.get(order.status, "canceled"),
        "sz": amount(order.quote_order_e8 or listing.size_e8(order.qty_lots)),
        "tag": order.tag,
        "tdMode": "cross" if listing.margined else "cash",
        "tgtCcy": ("quote_ccy" if order.quote_order_e8 else "base_ccy") if market and not listing.margined else "",
        "tradeQuoteCcy": listing.quote,
        "uTime": _ms(order.updated_ns),
    }


def _empty(order: VenueOrder) -> Json:
    """Return the fields of what this venue does not have: options, attached orders, algorithms."""
    names = (
        "algoClOrdId",
        "algoId",
        "attachAlgoClOrdId",
        "pxType",
        "pxUsd",
        "pxVol",
        "quickMgnType",
        "slOrdPx",
        "slTriggerPx",
        "slTriggerPxType",
        "source",
        "stpId",
        "tpOrdPx",
        "tpTriggerPx",
        "tpTriggerPxType",
    )
    others: Json = {
        "attachAlgoOrds": [],
        "isTpLimit": "false",
        "linkedAlgoOrd": {"algoId": ""},
        "stpMode": "cancel_maker",
    }
    return dict.fromkeys(names, "") | others


def cancel_source(order: VenueOrder) -> str:
    """Return the venue's number for what ended an order unfilled, "" if nothing did."""
    if order.open or order.status == "FILLED":
        return ""
    if order.cause:
        return _CAUSES[order.cause]
    if order.status == "CANCELED":
        return "1"
    if order.type == "LIMIT_MAKER":
        return "31"
    return {"FOK": "13", "IOC": "14"}.get(order.time_in_force, "0")


def _order_type(order: VenueOrder) -> str:
    if order.type != "LIMIT":
        return "post_only" if order.type == "LIMIT_MAKER" else "market"
    return "limit" if order.time_in_force == "GTC" else order.time_in_force.lower()


def _client_id(order: VenueOrder) -> str:
    """Return the client's id of an order, "" where it gave none."""
    own = order.client_order_id == f"paper{order.order_id}"
    return "" if own or order.origin else order.client_order_id


def _average(order: VenueOrder) -> str:
    base_e8 = order.listing.qty_e8(order.cum_qty_lots)
    return amount(order.cum_quote_e8 * E8 // base_e8) if base_e8 else ""


def _charged(order: VenueOrder, fill: Fill) -> int:
    """Return what a commission was a share of."""
    return order.listing.qty_e8(fill.qty_lots) if fill.commission_asset == order.listing.base else fill.quote_e8


def _price(order: VenueOrder, fill: Fill | None) -> str:
    return trimmed(order.listing.price.format(fill.price_ticks)) if fill else ""


def _size(order: VenueOrder, fill: Fill) -> str:
    return amount(order.listing.size_e8(fill.qty_lots))


def _ms(ns: int) -> str:
    return str(ns // 1_000_000)
