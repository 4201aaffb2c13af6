"""An OKX account as tests make it, and orders as the venue writes them."""

import json
from typing import Any

from agents.instruments import InstrumentTable
from agents.venues.okx.account import OkxAccount
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.config import Config
from tests.unit.agents.venues.okx.okx_market import VENUE, instrument

SPOT = instrument("BTC-USDT", "0.1", "0.00000001", number=1)
SWAP = instrument("BTC-USDT-SWAP", "0.1", "0.01", contract_size="0.01", number=2)


def infos(*configs):
    """Return instruments as a configuration gives them."""
    return list(InstrumentTable(Config(venues=(VENUE,), instruments=configs, agents={})).by_id.values())


def account(*configs) -> OkxAccount:
    """Return the account on which these are traded, spot and swap if none are named."""
    return OkxAccount(VENUE, infos(*(configs or (SPOT, SWAP))))


def order(**more: str) -> dict[str, Any]:
    """Return an order as REST and channel write it, as far as it is read."""
    return {
        "instType": "SPOT",
        "instId": "BTC-USDT",
        "ordId": "452197707845865472",
        "clOrdId": "a1",
        "tag": "t",
        "px": "31527.1",
        "sz": "0.001",
        "ordType": "limit",
        "side": "buy",
        "state": "live",
        "accFillSz": "0",
        "fillPx": "",
        "fillSz": "0",
        "fillTime": "",
        "tradeId": "",
        "fillFee": "0",
        "fillFeeCcy": "",
        "fee": "0",
        "feeCcy": "USDT",
        "execType": "",
        "category": "normal",
        "cancelSource": "",
        "tgtCcy": "",
        "uTime": "1654084334977",
    } | more


def push(*orders: dict[str, Any]) -> bytes:
    """Return a frame of the orders channel."""
    arg = {"channel": "orders", "instType": "SPOT", "uid": "1"}
    return json.dumps({"arg": arg, "data": list(orders)}, separators=(",", ":")).encode()


def answer(*data: dict[str, Any], code: str = "0", msg: str = "") -> bytes:
    """Return an answer."""
    return json.dumps({"code": code, "msg": msg, "data": list(data)}).encode()


def reply(call: VenueCall, body: bytes = b"", status: int = 200, outcome=CallOutcome.ANSWERED) -> VenueReply:
    """Return the end of a call."""
    return VenueReply(1, call, outcome, status, body, {}, "" if outcome == CallOutcome.ANSWERED else "broken")
