"""USDT-M's websocket API: sessions, orders and the account, the listen key, and public queries.

(Derivatives documentation, USDT-M, websocket API general info.) A request that has a REST call of the same meaning is that
call, faults and all (`agents.paper.binance.order_api`); those for the listen key need the API key alone.
"""

from typing import Any
from urllib.parse import urlencode

import msgspec

from agents.paper.binance.order_api import SESSIONS, OrderApi
from agents.paper.binance.protocol import Routes
from agents.paper.binance.rate_limits import RateLimiter
from agents.paper.binance.refusals import Refusal
from agents.paper.binance.stream_hub import StreamConnection
from agents.paper.binance.usdm.refusals import spoken
from agents.paper.binance.usdm.user_stream import UsdmUserStream
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.refusals import Refused

PATH = "/ws-fapi/v1"
CALLS = {
    "order.place": ("POST", "/fapi/v1/order"),
    "order.test": ("POST", "/fapi/v1/order/test"),
    "order.modify": ("PUT", "/fapi/v1/order"),
    "order.cancel": ("DELETE", "/fapi/v1/order"),
    "order.status": ("GET", "/fapi/v1/order"),
    "account.status": ("GET", "/fapi/v2/account"),
    "v2/account.status": ("GET", "/fapi/v3/account"),
    "account.balance": ("GET", "/fapi/v2/balance"),
    "v2/account.balance": ("GET", "/fapi/v3/balance"),
    "account.position": ("GET", "/fapi/v2/positionRisk"),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
}
"""Method -> the signed REST call that does the same."""
PUBLIC_CALLS = {
    "ping": "/fapi/v1/ping",
    "time": "/fapi/v1/time",
    "depth": "/fapi/v1/depth",
    "ticker.price": "/fapi/v1/ticker/price",
    "ticker.book": "/fapi/v1/ticker/bookTicker",
}
LISTEN_KEYS = frozenset({"userDataStream.start", "userDataStream.ping", "userDataStream.stop"})


class _Request(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: dict[str, Any] = {}


class UsdmApi:
    """Answers what comes over the websocket API."""

    def __init__(
        self, floor: Floor, orders: OrderApi, users: UsdmUserStream, public: Routes, limiter: RateLimiter
    ) -> None:
        """Hand requests to `orders`, to `users` and to the `public` routes."""
        self._floor = floor
        self._orders = orders
        self._users = users
        self._public = public
        self._limiter = limiter

    def message(self, connection: StreamConnection, text: str, wall_ns: int) -> None:
        """Answer one request."""
        number: int | str | None = None
        try:
            request = msgspec.json.decode(text, type=_Request)
            number = request.id
            if request.method in self._orders.calls:
                self._orders.request(connection, number, request.method, request.params, wall_ns)
                return
            answer: dict[str, Any] = {"status": 200, "result": self._result(connection, request, wall_ns)}
        except (msgspec.MsgspecError, RecursionError):
            answer = {"status": 400, "error": {"code": -1000, "msg": "Invalid JSON request."}}
        except (Refusal, Refused) as error:
            refusal = spoken(error) if isinstance(error, Refused) else error
            answer = {"status": refusal.status, "error": {"code": refusal.code, "msg": refusal.text}}
        answer = {"id": number, **answer, "rateLimits": self._limiter.table(wall_ns)}
        self._floor.send(connection.id, msgspec.json.encode(answer))

    def _result(self, connection: StreamConnection, request: _Request, wall_ns: int) -> Any:
        if request.method in SESSIONS:
            session = self._orders.session(connection, request.method, request.params, wall_ns)
            return {name: value for name, value in session.items() if name != "userDataStream"}
        if request.method in PUBLIC_CALLS:
            handler, weight = self._public["GET", PUBLIC_CALLS[request.method]]
            params = {name: str(value) for name, value in request.params.items()}
            self._limiter.charge(weight(params), wall_ns)
            return handler(Call("GET", PUBLIC_CALLS[request.method], urlencode(params), {}, "", wall_ns))
        self._limiter.charge(1, wall_ns)
        if request.method in LISTEN_KEYS:
            return self._users.request(request.method, request.params, wall_ns)
        raise Refusal(-1020, "This operation is not supported.")
