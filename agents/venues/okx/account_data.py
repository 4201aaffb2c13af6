"""OKX's account as it is on the wire: orders, fills, balances and the private stream, in the venue's own words.

An order has the same fields in REST and in its channel, but those about fills: in the channel they are of the one fill that
caused the message, in REST of the last. A fee is negative if it is paid. Numbers are text, and empty where they do not
apply.

Source: OKX v5 docs, order book trading (orders channel, get order, transaction details) and trading account.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, field

from agents.venues.okx.frame_data import OkxArgData
from schemas.messages import TradeId
from schemas.orders import Liquidity, OrderStatus, Reason, Side, TimeInForce

STATUSES = {
    "live": OrderStatus.NEW,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "mmp_canceled": OrderStatus.CANCELED,
}
ENDS = {
    "13": (OrderStatus.EXPIRED, Reason.NONE),
    "14": (OrderStatus.EXPIRED, Reason.NONE),
    "31": (OrderStatus.REJECTED, Reason.VENUE_REJECTED),
    "32": (OrderStatus.EXPIRED, Reason.SELF_TRADE_PREVENTED),
}
"""What a canceled order has come to, by its `cancelSource`, where that is not a cancel: FOK and IOC that were not filled,
post-only that would have taken, and one that would have met an order of its own account."""
SOURCES = {
    "0": "by the system",
    "1": "by the user",
    "2": "reduce-only, to make room for another",
    "3": "insufficient margin",
    "4": "borrowing limit",
    "6": "auto-deleveraging",
    "7": "delivery",
    "9": "insufficient balance after funding",
    "13": "fill or kill was not filled",
    "14": "immediate or cancel was not filled whole",
    "15": "price beyond the limit",
    "17": "the position was closed",
    "20": "cancel all after",
    "21": "its stop was changed",
    "22": "reduce-only would not reduce",
    "23": "reduce-only would not reduce",
    "27": "price differs too much from the other side's",
    "31": "post-only would have taken",
    "32": "self-trade",
    "33": "too many matches",
}
"""What the venue says of why an order was canceled."""
SIDES = {"buy": Side.BUY, "sell": Side.SELL}
SIDE_WORDS = {Side.BUY: "buy", Side.SELL: "sell"}
TYPES = {
    "limit": TimeInForce.GTC,
    "post_only": TimeInForce.GTX,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
    "market": TimeInForce.IOC,
    "optimal_limit_ioc": TimeInForce.IOC,
}
TYPE_WORDS = {
    TimeInForce.GTC: "limit",
    TimeInForce.GTX: "post_only",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
}
LIQUIDITY = {"M": Liquidity.MAKER, "T": Liquidity.TAKER}
QUOTE_SIZED = "quote_ccy"
"""`tgtCcy` of a spot market order whose size is in quote currency."""
FORCED = {
    "adl": "auto-deleveraging",
    "full_liquidation": "liquidation",
    "partial_liquidation": "partial liquidation",
    "delivery": "delivery",
}
"""Categories of orders that the venue makes itself."""
FORCED_BILLS = {
    **dict.fromkeys(("100", "101", "102", "103"), "partial liquidation"),
    **dict.fromkeys(("104", "105", "106", "107"), "liquidation"),
    **dict.fromkeys(("112", "113"), "delivery"),
    **dict.fromkeys(("125", "126", "127", "128"), "auto-deleveraging"),
}
"""The same of fills as REST lists them, by the subtype of their bills."""


OkxClientId = Annotated[str, Meta(max_length=32)]
OkxOrderId = Annotated[str, Meta(max_length=32)]


class OkxOrderData(msgspec.Struct):
    """An order, in REST and in its channel."""

    inst_id: str = field(name="instId")
    venue_order_id: OkxOrderId = field(name="ordId")
    client_order_id: OkxClientId = field(name="clOrdId")
    state: str
    side: str
    type: str = field(name="ordType")
    qty: str = field(name="sz")
    price: str = field(name="px")
    cum_qty: str = field(name="accFillSz")
    update_ms: str = field(name="uTime")
    category: str = "normal"
    target: str = field(name="tgtCcy", default="")
    cancel_source: str = field(name="cancelSource", default="")
    fill_qty: str = field(name="fillSz", default="")
    fill_price: str = field(name="fillPx", default="")
    fill_ms: str = field(name="fillTime", default="")
    fill_fee: str | None = field(name="fillFee", default=None)
    fill_fee_asset: str = field(name="fillFeeCcy", default="")
    fee: str = ""
    fee_asset: str = field(name="feeCcy", default="")
    trade_id: TradeId = field(name="tradeId", default="")
    liquidity: str = field(name="execType", default="")


class OkxFillData(msgspec.Struct):
    """One fill of the account."""

    inst_id: str = field(name="instId")
    trade_id: TradeId = field(name="tradeId")
    venue_order_id: str = field(name="ordId")
    bill_id: str = field(name="billId")
    price: str = field(name="fillPx")
    qty: str = field(name="fillSz")
    side: str
    liquidity: str = field(name="execType")
    fee: str
    fee_asset: str = field(name="feeCcy")
    ts: str
    bill_type: str = field(name="subType", default="")


class OkxTakenData(msgspec.Struct):
    """What became of one request of several: taken, or the code that says why not."""

    venue_order_id: str = field(name="ordId", default="")
    client_order_id: str = field(name="clOrdId", default="")
    code: str = field(name="sCode", default="")
    msg: str = field(name="sMsg", default="")


class OkxAssetData(msgspec.Struct):
    """One asset of the account: what is there, free or not."""

    asset: str = field(name="ccy")
    cash: str = field(name="cashBal")
    equity: str = field(name="eq", default="")
    available: str = field(name="availEq", default="")
    initial: str = field(name="imr", default="")
    maintenance: str = field(name="mmr", default="")


class OkxBalanceData(msgspec.Struct):
    """The account's balances, in REST and in its channel; totals in dollars where all assets are margin together."""

    details: list[OkxAssetData]
    equity: str = field(name="adjEq", default="")
    available: str = field(name="availEq", default="")
    initial: str = field(name="imr", default="")
    maintenance: str = field(name="mmr", default="")


class OkxChangeData(msgspec.Struct):
    """`balance_and_position`: the assets that an event has changed, and what the event was."""

    event: str = field(name="eventType", default="")
    balances: list[OkxAssetData] = field(name="balData", default=[])


class OkxInstrumentCode(msgspec.Struct):
    """An instrument by the number that orders over the websocket name it by."""

    inst_id: str = field(name="instId")
    code: int = field(name="instIdCode", default=0)


class OkxPushData(msgspec.Struct):
    """A frame of the private stream: an event of it, or data of a channel."""

    event: str = ""
    arg: OkxArgData = OkxArgData()
    code: str = ""
    msg: str = ""
    data: msgspec.Raw = msgspec.Raw()
