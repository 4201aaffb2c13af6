"""What Bybit says of orders, executions, coins and positions: the rows of REST and of the private stream.

(Bybit API v5 documentation, trade, position and account; websocket private.) Money is plain decimals, times are
milliseconds as text. An order that would have taken and must not is Cancelled on linear and Rejected on spot; what an IOC
did not find is Cancelled, on spot with fills PartiallyFilledCanceled. Orders of spot have fewer fields (there is a frame in
ccxt's pull request 26291).
"""

from typing import Any

from agents.paper.account.positions import MarginedPosition
from agents.paper.account.trading import LIQUIDATION
from agents.paper.bybit.market_writer import LINEAR, trade_name
from agents.paper.bybit.order_entry import order_name
from agents.paper.money import E8, Listing, format_e8, trimmed
from agents.paper.orders import Fill, Funding, Moved, VenueOrder
from schemas.orders import Side
from schemas.units import MS

Json = dict[str, Any]
SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
STATUSES = {"NEW": "New", "PARTIALLY_FILLED": "PartiallyFilled", "FILLED": "Filled"}
CANCEL_TYPES = {
    "reduce_only": "CancelByReduceOnly",
    "CancelByDCP": "CancelByDCP",
    LIQUIDATION: "CancelAllBeforeLiq",
}
FUNDING_ID_BASE = 1 << 62
"""Payments of funding are called as trades are, above this."""
TRANSFER_ID_BASE = 600_000
NOT_OF_SPOT = ("tpslMode", "createType")
NO_ERROR, WOULD_TAKE = "EC_NoError", "EC_PostOnlyWillTakeLiquidity"


def money(value_e8: int) -> str:
    """Return an amount without zeros that say nothing."""
    return trimmed(format_e8(value_e8))


def price_text(listing: Listing, price_ticks: int) -> str:
    """Return a price as it is written."""
    return (
        listing.price.format(price_ticks) if listing.category == LINEAR else trimmed(listing.price.format(price_ticks))
    )


def qty_text(listing: Listing, qty_lots: int) -> str:
    """Return a quantity as it is written."""
    return trimmed(listing.qty.format(qty_lots))


def status_of(order: VenueOrder) -> str:
    """Return the venue's word for the state of an order."""
    if order.status in STATUSES:
        return STATUSES[order.status]
    spot = order.listing.category != LINEAR
    if order.status == "REJECTED":
        return "Rejected" if spot else "Cancelled"
    return "PartiallyFilledCanceled" if spot and order.cum_qty_lots else "Cancelled"


def order_row(order: VenueOrder) -> Json:
    """Return an order as REST and the stream have it."""
    listing, fees = order.listing, sum(fill.commission_e8 for fill in order.fills)
    average = order.cum_quote_e8 * E8 // max(1, listing.qty_e8(order.cum_qty_lots)) if order.cum_qty_lots else 0
    leaves = order.leaves_qty_lots if order.open else 0
    canceled = order.status == "CANCELED"
    row = {
        "category": listing.category,
        "symbol": listing.venue_symbol,
        "orderId": order_name(order),
        "orderLinkId": link_of(order),
        "blockTradeId": "",
        "side": SIDES[order.side],
        "positionIdx": 0,
        "orderStatus": status_of(order),
        "cancelType": (CANCEL_TYPES.get(order.cause, "CancelByUser") if canceled else "UNKNOWN"),
        "rejectReason": WOULD_TAKE if order.status == "REJECTED" else NO_ERROR,
        "timeInForce": time_in_force(order),
        "isLeverage": "" if listing.category == LINEAR else "0",
        "price": price_text(listing, order.price_ticks),
        "qty": qty_text(listing, order.qty_lots),
        "avgPrice": money(average) if order.cum_qty_lots else "",
        "leavesQty": qty_text(listing, leaves),
        "leavesValue": money(listing.notional_e8(order.price_ticks, leaves)),
        "cumExecQty": qty_text(listing, order.cum_qty_lots),
        "cumExecValue": money(order.cum_quote_e8),
        "cumExecFee": money(fees),
        "orderType": "Market" if order.type == "MARKET" else "Limit",
        "stopOrderType": "",
        "orderIv": "",
        "triggerPrice": "",
        "takeProfit": "",
        "stopLoss": "",
        "triggerBy": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "triggerDirection": 0,
        "placeType": "",
        "lastPriceOnCreated": "",
        "closeOnTrigger": False,
        "reduceOnly": order.reduce_only,
        "smpGroup": 0,
        "smpType": "None",
        "smpOrderId": "",
        "slLimitPrice": "0",
        "tpLimitPrice": "0",
        "tpslMode": "UNKNOWN",
        "createType": "CreateByLiq" if order.origin else "CreateByUser",
        "marketUnit": "",
        "createdTime": str(order.created_ns // MS),
        "updatedTime": str(order.updated_ns // MS),
        "feeCurrency": order.received_asset if listing.category != LINEAR else "",
        "closedPnl": money(sum(fill.pnl_e8 for fill in order.fills)),
    }
    return row if listing.category == LINEAR else {name: row[name] for name in row if name not in NOT_OF_SPOT}


def link_of(order: VenueOrder) -> str:
    """Return the client's name of an order, "" where it gave none, or the venue made the order itself."""
    return "" if order.origin or order.client_order_id.startswith("paper") else order.client_order_id


def time_in_force(order: VenueOrder) -> str:
    """Return the venue's word for how long an order rests."""
    if order.type == "LIMIT_MAKER":
        return "PostOnly"
    return "IOC" if order.type == "MARKET" else order.time_in_force


def execution_row(order: VenueOrder, fill: Fill, leaves_lots: int) -> Json:
    """Return an execution; `leaves_lots` is what its order still wanted after it."""
    listing = order.listing
    rate_e8 = (
        fill.commission_e8 * E8 // max(1, fill.quote_e8)
        if order.received_asset == listing.quote
        else (fill.commission_e8 * E8 // max(1, listing.qty_e8(fill.qty_lots)))
    )
    price = price_text(listing, fill.price_ticks)
    return {
        "category": listing.category,
        "symbol": listing.venue_symbol,
        "closedSize": "",
        "execFee": money(fill.commission_e8),
        "execId": trade_name(listing, fill.trade_id),
        "execPrice": price,
        "execQty": qty_text(listing, fill.qty_lots),
        "execType": "BustTrade" if order.origin else "Trade",
        "execValue": money(fill.quote_e8),
        "feeRate": money(rate_e8),
        "tradeIv": "",
        "markIv": "",
        "blockTradeId": "",
        "markPrice": price if listing.category == LINEAR else "",
        "indexPrice": "",
        "underlyingPrice": "",
        "leavesQty": qty_text(listing, leaves_lots),
        "orderId": order_name(order),
        "orderLinkId": link_of(order),
        "orderPrice": price_text(listing, order.price_ticks),
        "orderQty": qty_text(listing, order.qty_lots),
        "orderType": "Market" if order.type == "MARKET" else "Limit",
        "stopOrderType": "UNKNOWN",
        "side": SIDES[order.side],
        "execTime": str(fill.ts_ns // MS),
        "isLeverage": "0",
        "isMaker": fill.maker,
        "feeCurrency": fill.commission_asset,
        "seq": fill.number,
    }


def funding_row(paid: Funding) -> Json:
    """Return a payment for holding a contract, which is an execution too; what was paid is above zero."""
    listing, name = paid.listing, trade_name(paid.listing, FUNDING_ID_BASE + paid.number)
    mark = money(paid.mark_e8)
    return {
        "category": listing.category,
        "symbol": listing.venue_symbol,
        "closedSize": "",
        "execFee": money(-paid.amount_e8),
        "execId": name,
        "execPrice": mark,
        "execQty": qty_text(listing, abs(paid.qty_lots)),
        "execType": "Funding",
        "execValue": money(listing.qty_e8(abs(paid.qty_lots)) * paid.mark_e8 // E8),
        "feeRate": money(paid.rate_e8),
        "tradeIv": "",
        "markIv": "",
        "blockTradeId": "",
        "markPrice": mark,
        "indexPrice": "",
        "underlyingPrice": "",
        "leavesQty": "0",
        "orderId": name,
        "orderLinkId": "",
        "orderPrice": "0",
        "orderQty": "0",
        "orderType": "UNKNOWN",
        "stopOrderType": "UNKNOWN",
        "side": SIDES[Side.SELL if paid.qty_lots > 0 else Side.BUY],
        "execTime": str(paid.ts_ns // MS),
        "isLeverage": "0",
        "isMaker": False,
        "feeCurrency": listing.quote,
        "seq": paid.number,
    }


def transfer_row(moved: Moved) -> Json:
    """Return what came into the account, or left it, as the transaction log has it."""
    names = ("symbol", "category", "transSubType", "tradePrice", "funding", "feeRate", "bonusChange", "extraFees")
    row: Json = dict.fromkeys((*names, "tradeId", "orderId", "orderLinkId"), "")
    change = money(moved.amount_e8)
    return row | {
        "id": f"{TRANSFER_ID_BASE + moved.number}_{moved.asset}",
        "side": "None",
        "transactionTime": str(moved.ts_ns // MS),
        "type": "TRANSFER_IN" if moved.amount_e8 > 0 else "TRANSFER_OUT",
        "qty": change,
        "size": "0",
        "currency": moved.asset,
        "fee": "0",
        "cashFlow": change,
        "change": change,
        "cashBalance": money(moved.balance_e8),
    }


def position_row(listing: Listing, held: MarginedPosition, mark_e8: int, liquidation_e8: int) -> Json:
    """Return a position, as the stream has it; one that is none has no side."""
    size_e8 = listing.qty_e8(abs(held.qty_lots))
    entry_e8 = abs(held.cost_e8) * E8 // size_e8 if size_e8 else 0
    value_e8 = size_e8 * mark_e8 // E8
    profit_e8 = (value_e8 if held.qty_lots > 0 else -value_e8) - held.cost_e8 if size_e8 else 0
    margin, upkeep = money(held.margin_e8), money(value_e8 // 200)
    return {
        "positionIdx": 0,
        "tradeMode": 0,
        "riskId": 1,
        "riskLimitValue": "2000000",
        "symbol": listing.venue_symbol,
        "side": "" if not size_e8 else SIDES[Side.BUY if held.qty_lots > 0 else Side.SELL],
        "size": qty_text(listing, abs(held.qty_lots)),
        "entryPrice": money(entry_e8),
        "sessionAvgPrice": "",
        "leverage": str(held.leverage),
        "positionValue": money(abs(held.cost_e8)),
        "positionBalance": "0",
        "markPrice": money(mark_e8),
        "positionIM": margin,
        "positionMM": upkeep,
        "positionIMByMp": margin,
        "positionMMByMp": upkeep,
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": money(profit_e8),
        "cumRealisedPnl": money(held.realized_e8 + held.funding_e8 - held.fees_e8),
        "curRealisedPnl": money(held.realized_e8 + held.funding_e8 - held.fees_e8),
        "createdTime": str(held.opened_ns // MS),
        "updatedTime": str(held.updated_ns // MS),
        "tpslMode": "Full",
        "liqPrice": money(liquidation_e8) if liquidation_e8 else "",
        "bustPrice": "",
        "category": listing.category,
        "positionStatus": "Normal",
        "adlRankIndicator": 0,
        "autoAddMargin": 0,
        "leverageSysUpdatedTime": "",
        "mmrSysUpdatedTime": "",
        "seq": held.trade_id,
        "isReduceOnly": False,
    }
