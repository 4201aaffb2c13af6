"""Orders and the account over the websocket API: what REST answers, asked and answered in frames.

(binance-spot-api-docs: web-socket-api.md, "Request format", "Session Authentication", "Trading requests", "Account
requests".) A request has the name of a REST call and its parameters; it is that call, and is carried out as that call is,
with its weight, its filters and its faults. A connection that was logged in with `session.logon`, which takes an Ed25519
key, leaves key and signature out of its requests.
"""

import heapq
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from agents.paper.binance.authenticator import Authenticator, param_text
from agents.paper.binance.rate_limits import RateLimiter
from agents.paper.binance.refusals import Refusal
from agents.paper.binance.stream_hub import StreamConnection
from agents.paper.call import Call, HttpReply
from agents.paper.faults import FaultTable
from schemas.units import MS

SPOT_CALLS = {
    "order.place": ("POST", "/api/v3/order"),
    "order.test": ("POST", "/api/v3/order/test"),
    "order.status": ("GET", "/api/v3/order"),
    "order.cancel": ("DELETE", "/api/v3/order"),
    "order.amend.keepPriority": ("PUT", "/api/v3/order/amend/keepPriority"),
    "order.cancelReplace": ("POST", "/api/v3/order/cancelReplace"),
    "openOrders.status": ("GET", "/api/v3/openOrders"),
    "openOrders.cancelAll": ("DELETE", "/api/v3/openOrders"),
    "allOrders": ("GET", "/api/v3/allOrders"),
    "myTrades": ("GET", "/api/v3/myTrades"),
    "account.status": ("GET", "/api/v3/account"),
}
"""Method -> the REST call that does the same."""
COUNTS_ORDERS = frozenset(
    {"order.place", "order.modify", "order.cancel", "order.cancelReplace", "openOrders.cancelAll"}
)
SESSIONS = frozenset({"session.logon", "session.status", "session.logout"})
SESSION_WEIGHT = 2
PROOF = frozenset({"apiKey", "signature"})


class OrderApi:
    """The requests of the websocket API that act on the account, and the sessions in which they need no signature."""

    def __init__(
        self,
        authenticator: Authenticator,
        limiter: RateLimiter,
        faults: FaultTable,
        answer: Callable[[Call], HttpReply],
        send: Callable[[int, bytes], None],
        close: Callable[[int], None],
        calls: Mapping[str, tuple[str, str]],
    ) -> None:
        """Have REST calls carried out by `answer`, faults and all; send frames by `send`, end connections by `close`.

        `calls` are the methods, each with the call that does the same.
        """
        self.calls = calls
        self._authenticator = authenticator
        self._limiter = limiter
        self._faults = faults
        self._answer = answer
        self._send = send
        self._close = close
        self._later: list[tuple[int, int, int, bytes]] = []
        self._number = 0

    def request(
        self,
        connection: StreamConnection,
        number: int | str | None,
        method: str,
        params: Mapping[str, Any],
        wall_ns: int,
    ) -> None:
        """Carry out a method of `calls` and answer it, now or as late as a fault has it, or never.

        Raises:
            Refusal: If the request is not signed as it must be.
        """
        self.authorise(connection, params, wall_ns)
        texts = {name: param_text(value) for name, value in params.items() if name not in PROOF}
        # As in a query, what is empty is not there.
        named = {name: text for name, text in texts.items() if text}
        rest_method, path = self.calls[method]
        headers = {"x-mbx-apikey": self._authenticator.key}
        reply = self._answer(Call(rest_method, path, "", headers, "", wall_ns, named))
        if not reply.status:
            self._close(connection.id)
            return
        frame = self._frame(number, method, reply, wall_ns)
        if reply.delay_ms:
            self._number += 1
            due_ns = wall_ns - self._faults.clock_ns + reply.delay_ms * MS
            heapq.heappush(self._later, (due_ns, self._number, connection.id, frame))
        else:
            self._send(connection.id, frame)

    def session(self, connection: StreamConnection, method: str, params: Mapping[str, Any], wall_ns: int) -> Any:
        """Log a connection in or out, or say whether it is; raises Refusal for a key that cannot log in."""
        self._limiter.charge(SESSION_WEIGHT, wall_ns)
        now_ms = wall_ns // MS
        if method == "session.logon":
            self._authenticator.check_params(params, wall_ns)
            if not self._authenticator.can_log_in:
                raise Refusal(-4056, "HMAC_SHA256 API key is not supported.", 403)
            connection.logged_in_ms = now_ms
        elif method == "session.logout":
            connection.logged_in_ms = 0
        logged_in = connection.logged_in_ms
        return {
            "apiKey": self._authenticator.key if logged_in else None,
            "authorizedSince": logged_in or None,
            "connectedSince": logged_in or now_ms,
            "returnRateLimits": True,
            "serverTime": now_ms,
            "userDataStream": bool(connection.subscriptions),
        }

    def authorise(self, connection: StreamConnection, params: Mapping[str, Any], wall_ns: int) -> None:
        """Refuse a request that is neither signed nor of a session, or not of this time."""
        try:
            if connection.logged_in_ms and not PROOF & params.keys():
                self._authenticator.check_time(params, wall_ns)
            else:
                self._authenticator.check_params(params, wall_ns)
        except Refusal:
            self._limiter.charge(1, wall_ns)
            raise

    def advance(self, wall_ns: int) -> int | None:
        """Send the answers that were held back until now; return when the next is due, None if there is none."""
        while self._later and self._later[0][0] <= wall_ns:
            _, _, conn_id, frame = heapq.heappop(self._later)
            self._send(conn_id, frame)
        return self._later[0][0] if self._later else None

    def _frame(self, number: int | str | None, method: str, reply: HttpReply, wall_ns: int) -> bytes:
        body = msgspec.Raw(reply.body)
        answer: dict[str, Any] = {"id": number, "status": reply.status}
        if reply.status == 200:
            answer["result"] = body
        else:
            answer["error"] = body
            if wait := reply.headers.get("Retry-After"):
                now_ms = wall_ns // MS
                error = msgspec.json.decode(reply.body)
                answer["error"] = error | {"data": {"serverTime": now_ms, "retryAfter": now_ms + int(wait) * 1000}}
        answer["rateLimits"] = self._limiter.table(wall_ns, orders=method in COUNTS_ORDERS)
        return msgspec.json.encode(answer)
