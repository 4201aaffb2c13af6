"""Orders over OKX's private websocket, which the private stream logs in: `order`, `amend-order`, `cancel-order`.

A message has the parameters of the REST call, but it names the instrument by its number in the venue's listing
(`instIdCode`; `instId` is ignored there): a call that does not have that goes over REST. An answer has the body of REST's,
and no status: it is one that was answered. Creates and amends carry `expTime`, as over REST.

Source: OKX v5 docs, order book trading, websocket place, amend and cancel order; change log of 2026-01-29.
"""

import msgspec

from agents.venues.base import DECODE_ERRORS
from agents.venues.okx.paths import AMEND, CANCEL, EXPIRING, ORDER
from agents.venues.okx.signer import EXPIRES_MS, SOCKET_ONLY, OkxSigner, arguments_of
from agents.venues.order_socket import OrderAnswer, OrderWire
from agents.venues.reports import SubscriptionReply
from mesh.context import VenueCall
from schemas.units import MS

OPERATIONS = {ORDER: b"order", AMEND: b"amend-order", CANCEL: b"cancel-order"}
"""What a POST is called on the websocket."""
PUSHED = b'{"arg":'
"""What data of a channel begins with: not looked at further."""
STATUS = 200
DIGITS_MAX = 18


class _Answer(msgspec.Struct, frozen=True):
    id: str = ""
    op: str = ""
    event: str = ""
    code: str = ""
    msg: str = ""


_ANSWER = msgspec.json.Decoder(_Answer)
_encode = msgspec.json.Encoder().encode


class OkxOrderWire(OrderWire):
    """Implements `agents.venues.order_socket.OrderWire` for one account."""

    def __init__(self, signer: OkxSigner) -> None:
        """Take the account's signer, for the venue's time: on a connection that is logged in nothing is signed."""
        super().__init__(shares_private_stream=True)
        self._signer = signer

    def message(self, call_id: int, call: VenueCall) -> bytes | None:
        """Return a create, an amend or a cancel as a message; None for what goes over REST."""
        operation = OPERATIONS.get(call.path)
        if operation is None or call.method != "POST" or SOCKET_ONLY not in call.params:
            return None
        args: dict[str, str | int] = {**arguments_of(call)}
        del args["instId"]
        args[SOCKET_ONLY] = int(call.params[SOCKET_ONLY])
        if call.path not in EXPIRING:
            return b'{"id":"%d","op":"%b","args":[%b]}' % (call_id, operation, _encode(args))
        until_ms = self._signer.now_ns() // MS + EXPIRES_MS
        return b'{"id":"%d","op":"%b","args":[%b],"expTime":"%d"}' % (call_id, operation, _encode(args), until_ms)

    def read(self, frame: bytes) -> OrderAnswer | SubscriptionReply | None:
        """Return what a frame answers: a call, or the login of the private stream."""
        if frame.startswith(PUSHED):
            return None
        try:
            found = _ANSWER.decode(frame)
        except DECODE_ERRORS:
            return None
        if found.event == "login":
            return SubscriptionReply("login", found.code == "0", f"{found.code} {found.msg}".rstrip())
        number = found.id
        if found.op and number.isascii() and number.isdigit() and len(number) <= DIGITS_MAX:
            return OrderAnswer(int(number), STATUS, frame)
        return None
