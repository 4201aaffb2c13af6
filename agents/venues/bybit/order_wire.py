"""Orders over Bybit's websocket: the requests of REST, logged in once and with only the time in each.

A request has the body of the REST call, and an answer the code of REST's, with the ids in `data` instead of `result` and
what REST says in headers in `header`. It says as little as that of REST: the request was taken. Its id must never come
twice, in another life of this process either, so the time is a part of it.

Source: Bybit API v5 documentation, websocket trade guideline.
"""

from collections.abc import Sequence

import msgspec
from msgspec import field

from agents.venues.base import DECODE_ERRORS, StreamRequest
from agents.venues.bybit.account_answers import REPEATED_LOGIN
from agents.venues.bybit.feeds import HEARTBEAT
from agents.venues.bybit.limits import AMEND, CANCEL, CREATE, LEFT, LIMIT
from agents.venues.bybit.signer import BybitSigner, arguments_of
from agents.venues.bybit.waits import RESET_HEADER, TIME_HEADER
from agents.venues.order_socket import OrderAnswer, OrderWire
from agents.venues.reports import SubscriptionReply
from mesh.context import VenueCall

OPS = {CREATE: b"order.create", CANCEL: b"order.cancel", AMEND: b"order.amend"}
"""REST path -> the same over the websocket; what has no such operation goes over REST."""
LOGIN = "auth"
DIGITS_MAX = 18
"""Of the number of a call."""


class LimitFields(msgspec.Struct):
    """What an answer says of the limits, under the names that REST's headers have."""

    limit: str = field(name=LIMIT, default="")
    left: str = field(name=LEFT, default="")
    reset: str = field(name=RESET_HEADER, default="")
    now: str = field(name=TIME_HEADER, default="")


class OrderFrame(msgspec.Struct):
    """A frame of the websocket for orders: an answer to a request, or to the login."""

    code: int = field(name="retCode", default=-1)
    text: str = field(name="retMsg", default="")
    op: str = ""
    request: str = field(name="reqId", default="")
    header: LimitFields | None = None


_FRAME = msgspec.json.Decoder(OrderFrame)
_encode = msgspec.json.Encoder().encode


class BybitOrderWire(OrderWire):
    """Implements `agents.venues.order_socket.OrderWire` for one account."""

    def __init__(self, signer: BybitSigner) -> None:
        """Take the account's signer."""
        super().__init__(heartbeat=HEARTBEAT)
        self._signer = signer
        self._window = signer.recv_window.encode()

    def login(self, number: int) -> Sequence[StreamRequest]:
        """Return the login, whose answer names no request."""
        return (StreamRequest(LOGIN, {"op": LOGIN}, signed=True),)

    def message(self, call_id: int, call: VenueCall) -> bytes | None:
        """Return a create, an amend or a cancel as a message, None for what goes over REST."""
        op = OPS.get(call.path)
        if op is None:
            return None
        now_ms = self._signer.now_ms()
        terms = arguments_of(call) if "reduceOnly" in call.params else call.params
        return (
            b'{"reqId":"%d-%d","header":{"X-BAPI-TIMESTAMP":"%d","X-BAPI-RECV-WINDOW":"%b"},"op":"%b","args":[%b]}'
            % (call_id, now_ms, now_ms, self._window, op, _encode(terms))
        )

    def read(self, frame: bytes) -> OrderAnswer | SubscriptionReply | None:
        """Return what a frame answers."""
        try:
            found = _FRAME.decode(frame)
        except DECODE_ERRORS:
            return None
        if found.op == LOGIN:
            accepted = found.code in (0, REPEATED_LOGIN)
            return SubscriptionReply(LOGIN, accepted, "" if accepted else f"{found.code} {found.text}")
        number = found.request.partition("-")[0]
        if not (number.isascii() and number.isdigit() and len(number) <= DIGITS_MAX):
            return None
        told = found.header
        if told is None:
            return OrderAnswer(int(number), 200, frame)
        headers = {LIMIT: told.limit, LEFT: told.left, RESET_HEADER: told.reset, TIME_HEADER: told.now}
        return OrderAnswer(int(number), 200, frame, headers)


def order_wire(signer: BybitSigner) -> BybitOrderWire:
    """Return how an account takes orders over a websocket."""
    return BybitOrderWire(signer)
