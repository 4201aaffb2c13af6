"""Orders over Binance's websocket API: `order.place` and its like, signed each, or none after `session.logon`.

A message has the parameters of the REST call, and an answer has its status, its body and what REST says in headers: how
much of the limits is used, and how long to wait.

Source: binance-spot-api-docs web-socket-api.md (request and response format, rate limits, session authentication, trading
requests); Binance derivatives docs, USDS-margined futures, websocket API.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from agents.venues.base import DECODE_ERRORS, StreamRequest
from agents.venues.binance import usdm_limits
from agents.venues.binance.connection_end import SERVER_SHUTDOWN
from agents.venues.binance.signer import BinanceSigner
from agents.venues.binance.spot_limits import AMEND, OPEN_ORDERS, ORDER
from agents.venues.order_socket import OrderAnswer, OrderWire
from agents.venues.reports import StreamEnded, SubscriptionReply
from mesh.context import VenueCall

SPOT_METHODS = {
    ("POST", ORDER): "order.place",
    ("DELETE", ORDER): "order.cancel",
    ("PUT", AMEND): "order.amend.keepPriority",
    ("DELETE", OPEN_ORDERS): "openOrders.cancelAll",
}
"""REST call -> the same over the websocket. What asks and changes nothing goes over REST."""
USDM_METHODS = {
    ("POST", usdm_limits.ORDER): "order.place",
    ("PUT", usdm_limits.ORDER): "order.modify",
    ("DELETE", usdm_limits.ORDER): "order.cancel",
}
LOGON = "session.logon"
USED_WEIGHT, ORDER_COUNT = "X-Mbx-Used-Weight-", "X-Mbx-Order-Count-"
"""The headers of REST, in front of number and first letter of the interval."""


class RateLimitData(msgspec.Struct):
    """How much of a limit is used."""

    rate_limit_type: str = msgspec.field(name="rateLimitType")
    interval: str
    interval_num: int = msgspec.field(name="intervalNum")
    count: int = 0


class WaitData(msgspec.Struct):
    """Until when a limiter wants nothing more to be sent (Unix time in milliseconds), and what time it is."""

    server_ms: int = msgspec.field(name="serverTime", default=0)
    retry_after_ms: int = msgspec.field(name="retryAfter", default=0)


class RefusalData(msgspec.Struct):
    """The error of an answer."""

    code: int = 0
    msg: str = ""
    data: WaitData | None = None


class EventData(msgspec.Struct):
    """An event of the connection itself."""

    name: str = msgspec.field(name="e", default="")


class FrameData(msgspec.Struct):
    """One frame of the websocket API: an answer, or an event."""

    id: int | str | None = None
    status: Annotated[int, msgspec.Meta(ge=0, le=999)] = 0
    result: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    rate_limits: tuple[RateLimitData, ...] = msgspec.field(name="rateLimits", default=())
    event: EventData | None = None


_FRAME = msgspec.json.Decoder(FrameData)
_ERROR = msgspec.json.Decoder(RefusalData)
_quoted = msgspec.json.Encoder().encode


class BinanceOrderWire(OrderWire):
    """Implements `agents.venues.order_socket.OrderWire` for one account."""

    def __init__(self, signer: BinanceSigner, methods: Mapping[tuple[str, str], str]) -> None:
        """Take the account's signer, and which calls have which name here."""
        super().__init__()
        self._signer = signer
        self._methods = methods
        self._logged_in = signer.can_log_in

    def login(self, number: int) -> Sequence[StreamRequest]:
        """Return the login, for a key that can log in."""
        if not self._logged_in:
            return ()
        request = f"logon-{number}"
        return (StreamRequest(request, {"id": request, "method": LOGON, "params": {}}, signed=True),)

    def message(self, call_id: int, call: VenueCall) -> bytes | None:
        """Return a create, an amend or a cancel as a message, None for what goes over REST."""
        method = self._methods.get((call.method, call.path))
        if method is None:
            return None
        signer = self._signer
        params: dict[str, str | int] = dict(call.params)
        if "orderId" in params:
            params["orderId"] = int(params["orderId"])
        params["recvWindow"] = signer.recv_window_ms
        params["timestamp"] = signer.now_ms()
        if not self._logged_in:
            params["apiKey"] = signer.key
            params["signature"] = signer.sign("&".join([f"{name}={params[name]}" for name in sorted(params)]))
        return b'{"id":%d,"method":"%b","params":%b}' % (call_id, method.encode(), _quoted(params))

    def read(self, frame: bytes) -> OrderAnswer | SubscriptionReply | StreamEnded | None:
        """Return what a frame answers."""
        try:
            data = _FRAME.decode(frame)
            if isinstance(data.id, int):
                return _answer(data.id, data)
            if data.id is not None:
                return _login_reply(data.id, data)
            if data.event is not None and data.event.name == SERVER_SHUTDOWN:
                return StreamEnded(data.event.name)
        except DECODE_ERRORS:
            return None
        return None


def spot_order_wire(signer: BinanceSigner) -> BinanceOrderWire:
    """Return how a spot account takes orders over a websocket."""
    return BinanceOrderWire(signer, SPOT_METHODS)


def usdm_order_wire(signer: BinanceSigner) -> BinanceOrderWire:
    """Return how a USDT-M account takes orders over a websocket."""
    return BinanceOrderWire(signer, USDM_METHODS)


def _answer(call_id: int, data: FrameData) -> OrderAnswer:
    headers = {_header(limit): str(limit.count) for limit in data.rate_limits}
    body = bytes(data.result) or bytes(data.error)
    if data.status in (418, 429):
        wait = _ERROR.decode(body).data
        if wait is not None and wait.retry_after_ms > wait.server_ms > 0:
            headers["Retry-After"] = str(-(-(wait.retry_after_ms - wait.server_ms) // 1000))
    return OrderAnswer(call_id, data.status, body, headers)


def _header(limit: RateLimitData) -> str:
    name = ORDER_COUNT if limit.rate_limit_type == "ORDERS" else USED_WEIGHT
    return f"{name}{limit.interval_num}{limit.interval[:1]}"


def _login_reply(request: str, data: FrameData) -> SubscriptionReply:
    if data.status == 200:
        return SubscriptionReply(request, True)
    error = _ERROR.decode(bytes(data.error)) if bytes(data.error) else RefusalData()
    return SubscriptionReply(request, False, f"{error.code} {error.msg}")
