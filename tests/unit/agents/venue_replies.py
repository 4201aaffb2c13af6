"""Replies and private events of a Binance spot account, in the shapes of the venue's documentation."""

import json


def order_body(client_id, venue_id=1, status="NEW", qty="1.00000", cum="0.00000", price="100.00", fills=None, **more):
    body = {
        "symbol": "BTCUSDT",
        "orderId": venue_id,
        "orderListId": -1,
        "clientOrderId": client_id,
        "transactTime": 1507725176595,
        "price": price,
        "origQty": qty,
        "executedQty": cum,
        "cummulativeQuoteQty": "0.0",
        "status": status,
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "selfTradePreventionMode": "NONE",
        **({"fills": fills} if fills is not None else {}),
        **more,
    }
    return json.dumps(body).encode()


def amended_body(client_id, venue_id=1, qty="1.00000", cum="0.00000", price="100.00", status=""):
    """The answer to an amend, with the order within."""
    order = {
        "symbol": "BTCUSDT",
        "orderId": venue_id,
        "orderListId": -1,
        "origClientOrderId": client_id,
        "clientOrderId": client_id,
        "price": price,
        "qty": qty,
        "executedQty": cum,
        "preventedQty": "0.00000000",
        "quoteOrderQty": "0.00000000",
        "cumulativeQuoteQty": "0.00000000",
        "status": status or ("NEW" if float(cum) == 0 else "PARTIALLY_FILLED"),
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "workingTime": 1741926410242,
        "selfTradePreventionMode": "NONE",
    }
    return json.dumps({"transactTime": 1741926410255, "executionId": 75, "amendedOrder": order}).encode()


def orders_body(*orders):
    return b"[" + b",".join(orders) + b"]"


def create_fill(trade_id, qty, price="100.00"):
    return {"price": price, "qty": qty, "commission": "0.00010000", "commissionAsset": "BTC", "tradeId": trade_id}


def trades_body(*trades):
    """Each trade is (trade id, venue order id, quantity)."""
    return json.dumps(
        [
            {
                "symbol": "BTCUSDT",
                "id": trade_id,
                "orderId": venue_id,
                "orderListId": -1,
                "price": "100.00",
                "qty": qty,
                "quoteQty": "0",
                "commission": "0.00010000",
                "commissionAsset": "BTC",
                "time": 1499865549590,
                "isBuyer": True,
                "isMaker": True,
                "isBestMatch": True,
            }
            for trade_id, venue_id, qty in trades
        ]
    ).encode()


def account_body(**balances):
    return json.dumps(
        {"balances": [{"asset": asset, "free": free, "locked": "0.5"} for asset, free in balances.items()]}
    ).encode()


def time_body(wall_ns):
    return b'{"serverTime":%d}' % (wall_ns // 1_000_000)


def account_position(**balances):
    """The event of changed balances, as it comes on the private stream of the websocket API."""
    rows = [{"a": asset, "f": free, "l": "0.00000000"} for asset, free in balances.items()]
    event = {"e": "outboundAccountPosition", "E": 1564034571105, "u": 1564034571073, "B": rows}
    return json.dumps({"subscriptionId": 0, "event": event}).encode()


def balance_update(asset, delta):
    event = {"e": "balanceUpdate", "E": 1573200697110, "a": asset, "d": delta, "T": 1573200697068}
    return json.dumps({"subscriptionId": 0, "event": event}).encode()


def error_body(code, msg="refused"):
    return json.dumps({"code": code, "msg": msg}).encode()


def report(client_id, venue_id=1, status="NEW", execution=None, cum="0.00000", last="0.00000", trade_id=-1, **more):
    """An executionReport as it comes on the private stream of the websocket API."""
    event = {
        "e": "executionReport",
        "E": 1499405658658,
        "s": "BTCUSDT",
        "c": client_id,
        "S": "BUY",
        "o": "LIMIT",
        "f": "GTC",
        "q": "1.00000",
        "p": "100.00",
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": "",
        "x": execution or status,
        "X": status,
        "r": "NONE",
        "i": venue_id,
        "l": last,
        "z": cum,
        "L": "100.00",
        "n": "0.00010000",
        "N": "BTC",
        "T": 1499405658657,
        "t": trade_id,
        "w": True,
        "m": True,
        "O": 1499405658657,
        **more,
    }
    return json.dumps({"subscriptionId": 0, "event": event}).encode()


def fill_report(client_id, trade_id, last, cum, venue_id=1, status="PARTIALLY_FILLED", **more):
    return report(client_id, venue_id, status, "TRADE", cum, last, trade_id, **more)


def subscribed(number):
    """The answer to the `number`-th subscription."""
    return json.dumps({"id": f"user-{number}", "status": 200, "result": {"subscriptionId": number - 1}}).encode()


SUBSCRIBED = subscribed(1)
