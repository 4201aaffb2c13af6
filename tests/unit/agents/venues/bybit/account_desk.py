"""A Bybit account with spot and a contract of one coin, and what its venue writes."""

import json

from agents.venues.bybit import market
from mesh.agent import CallOutcome, VenueReply
from tests.unit.agents.venues.bybit.bybit_market import config_of, infos_of, instrument

MS = 1_000_000


def account_of(*instruments, **venue):
    config = config_of(*instruments, **venue)
    return market.account(config.venues[0], infos_of(config)), infos_of(config)


def both(**venue):
    """Return an account with spot and contract of BTC, and the two."""
    account, (spot, linear) = account_of(
        instrument(1, "BTCUSDT", "spot", "0.01", "0.000001"),
        instrument(2, "BTC-PERP", "linear", "0.10", "0.001", venue_symbol="BTCUSDT"),
        **venue,
    )
    return account, spot, linear


def answer(call, result=None, code=0, text="OK", status=200, time_ms=1_700_000_000_000, headers=None):
    """Return the venue's answer to a call."""
    body = {"retCode": code, "retMsg": text, "result": {} if result is None else result, "time": time_ms}
    return VenueReply(1, call, CallOutcome.ANSWERED, status, json.dumps(body).encode(), headers)


def order(**changes):
    """Return an order as REST and stream write it."""
    return {
        "category": "linear",
        "symbol": "BTCUSDT",
        "orderId": "1726025498520715008",
        "orderLinkId": "mine",
        "side": "Buy",
        "orderType": "Limit",
        "orderStatus": "New",
        "price": "30000.50",
        "qty": "0.100",
        "timeInForce": "GTC",
        "cumExecQty": "0",
        "rejectReason": "EC_NoError",
        "cancelType": "UNKNOWN",
        "updatedTime": "1700000005000",
        **changes,
    }


def execution(**changes):
    """Return an execution as REST and stream write it."""
    return {
        "category": "linear",
        "symbol": "BTCUSDT",
        "orderId": "1726025498520715008",
        "orderLinkId": "mine",
        "side": "Sell",
        "execId": "0ab1bdf7-4219-438b-b30a-32ec863018f7",
        "execPrice": "95900.1",
        "execQty": "0.5",
        "execFee": "26.3725275",
        "execType": "Trade",
        "execTime": "1746270400353",
        "isMaker": False,
        "orderQty": "1.5",
        "orderPrice": "94942.5",
        "orderType": "Limit",
        **changes,
    }


def frame(topic, *entries):
    """Return a frame of the private stream."""
    return json.dumps({"id": "x", "topic": topic, "creationTime": 1, "data": list(entries)}).encode()
