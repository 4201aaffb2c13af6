"""What the venue says of orders, fills and balances: Binance's JSON shapes, REST and user data stream.

(binance-spot-api-docs: rest-api.md and user-data-stream.md.) Amounts have eight decimals, times are milliseconds.
"""

from typing import Any

from agents.paper.account.balances import Balances
from agents.paper.money import format_e8
from agents.paper.orders import Fill, VenueOrder
from schemas.orders import Side
from schemas.units import MS

Json = dict[str, Any]
_ZERO = "0.00000000"


def ack(order: VenueOrder) -> Json:
    """Return the ACK answer to a new order."""
    return {
        "symbol": order.listing.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_order_id,
        "transactTime": order.updated_ns // MS,
    }


def result(order: VenueOrder) -> Json:
    """Return the RESULT answer to a new order."""
    return {
        **ack(order),
        **_amounts(order),
        "workingTime": order.created_ns // MS,
        "selfTradePreventionMode": "NONE",
    }


def full(order: VenueOrder) -> Json:
    """Return the FULL answer to a new order: its taker fills too."""
    fills = [
        {
            "price": _price(order, fill),
            "qty": format_e8(order.listing.qty_e8(fill.qty_lots)),
            "commission": format_e8(fill.commission_e8),
            "commissionAsset": fill.commission_asset,
            "tradeId": fill.trade_id,
        }
        for fill in order.fills
    ]
    return {**result(order), "fills": fills}


CREATED = {"ACK": ack, "RESULT": result, "FULL": full}
"""The answers to a new order by their `newOrderRespType`."""


def status(order: VenueOrder) -> Json:
    """Return the answer to a query for an order."""
    return {
        "symbol": order.listing.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_order_id,
        **_amounts(order),
        "stopPrice": _ZERO,
        "icebergQty": _ZERO,
        "time": order.created_ns // MS,
        "updateTime": order.updated_ns // MS,
        "isWorking": True,
        "workingTime": order.created_ns // MS,
        "selfTradePreventionMode": "NONE",
    }


def canceled(order: VenueOrder, cancel_id: str) -> Json:
    """Return the answer to a cancel request."""
    return {
        "symbol": order.listing.symbol,
        "origClientOrderId": order.client_order_id,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": cancel_id,
        "transactTime": order.updated_ns // MS,
        **_amounts(order),
        "selfTradePreventionMode": "NONE",
    }


def reduced(order: VenueOrder, before: str, report_id: int) -> Json:
    """Return the answer to a request that made an order smaller, whose name was `before`."""
    amounts = _amounts(order)
    amended = {
        "symbol": order.listing.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "origClientOrderId": before,
        "clientOrderId": order.client_order_id,
        "price": amounts["price"],
        "qty": amounts["origQty"],
        "executedQty": amounts["executedQty"],
        "preventedQty": _ZERO,
        "quoteOrderQty": amounts["origQuoteOrderQty"],
        "cumulativeQuoteQty": amounts["cummulativeQuoteQty"],
        **{name: amounts[name] for name in ("status", "timeInForce", "type", "side")},
        "workingTime": order.created_ns // MS,
        "selfTradePreventionMode": "NONE",
    }
    return {"transactTime": order.updated_ns // MS, "executionId": report_id, "amendedOrder": amended}


def trade(order: VenueOrder, fill: Fill) -> Json:
    """Return one row of the account's trade list."""
    return {
        "symbol": order.listing.symbol,
        "id": fill.trade_id,
        "orderId": order.order_id,
        "orderListId": -1,
        "price": _price(order, fill),
        "qty": format_e8(order.listing.qty_e8(fill.qty_lots)),
        "quoteQty": format_e8(fill.quote_e8),
        "commission": format_e8(fill.commission_e8),
        "commissionAsset": fill.commission_asset,
        "time": fill.ts_ns // MS,
        "isBuyer": order.side == Side.BUY,
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def account(held: Balances, updated_ns: int, *, omit_zero: bool = False) -> Json:
    """Return the account with all balances, or with those only that hold something."""
    maker, taker = format_e8(held.maker_fee_e8), format_e8(held.taker_fee_e8)
    return {
        "makerCommission": held.maker_fee_e8 // 10_000,
        "takerCommission": held.taker_fee_e8 // 10_000,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": maker, "taker": taker, "buyer": _ZERO, "seller": _ZERO},
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": updated_ns // MS,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": format_e8(balance.free_e8), "locked": format_e8(balance.locked_e8)}
            for asset, balance in held.balances.items()
            if balance.total_e8 or not omit_zero
        ],
        "permissions": ["SPOT"],
        "uid": 1,
    }


def execution_report(
    order: VenueOrder, execution: str, report_id: int, wall_ns: int, *, fill: Fill | None = None, cancel_id: str = ""
) -> Json:
    """Return the user data event of one change of an order; `execution` is NEW, TRADE, CANCELED, AMENDED or EXPIRED."""
    listing = order.listing
    return {
        "e": "executionReport",
        "E": wall_ns // MS,
        "s": listing.symbol,
        "c": cancel_id or order.client_order_id,
        "S": order.side.name,
        "o": order.type,
        "f": order.time_in_force,
        "q": format_e8(listing.qty_e8(order.qty_lots)),
        "p": format_e8(listing.px_e8(order.price_ticks)),
        "P": _ZERO,
        "F": _ZERO,
        "g": -1,
        "C": order.client_order_id if cancel_id else "",
        "x": "REPLACED" if execution == "AMENDED" else execution,
        "X": order.status,
        "r": "NONE",
        "i": order.order_id,
        "l": format_e8(listing.qty_e8(fill.qty_lots)) if fill else _ZERO,
        "z": format_e8(listing.qty_e8(order.cum_qty_lots)),
        "L": _price(order, fill) if fill else _ZERO,
        "n": format_e8(fill.commission_e8) if fill else "0",
        "N": fill.commission_asset if fill else None,
        "T": wall_ns // MS,
        "t": fill.trade_id if fill else -1,
        "I": report_id,
        "w": order.open,
        "m": fill.maker if fill else False,
        "M": False,
        "O": order.created_ns // MS,
        "Z": format_e8(order.cum_quote_e8),
        "Y": format_e8(fill.quote_e8) if fill else _ZERO,
        "Q": format_e8(order.quote_order_e8),
        "W": order.created_ns // MS,
        "V": "NONE",
    }


def account_position(held: Balances, assets: tuple[str, ...], wall_ns: int) -> Json:
    """Return the user data event of changed balances."""
    rows = [(asset, held.balance(asset)) for asset in assets]
    return {
        "e": "outboundAccountPosition",
        "E": wall_ns // MS,
        "u": wall_ns // MS,
        "B": [{"a": asset, "f": format_e8(row.free_e8), "l": format_e8(row.locked_e8)} for asset, row in rows],
    }


def balance_update(asset: str, amount_e8: int, wall_ns: int) -> Json:
    """Return the user data event of what was paid in, or out."""
    return {"e": "balanceUpdate", "E": wall_ns // MS, "a": asset, "d": format_e8(amount_e8), "T": wall_ns // MS}


def _amounts(order: VenueOrder) -> Json:
    listing = order.listing
    return {
        "price": format_e8(listing.px_e8(order.price_ticks)),
        "origQty": format_e8(listing.qty_e8(order.qty_lots)),
        "executedQty": format_e8(listing.qty_e8(order.cum_qty_lots)),
        "origQuoteOrderQty": format_e8(order.quote_order_e8),
        "cummulativeQuoteQty": format_e8(order.cum_quote_e8),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side.name,
    }


def _price(order: VenueOrder, fill: Fill) -> str:
    return format_e8(order.listing.px_e8(fill.price_ticks))
