"""The user data stream: listen keys (the old way) and subscriptions over the websocket API.

(binance-spot-api-docs: web-socket-api.md "Subscribe to User Data Stream through signature subscription", and user-
data-stream.md.) The account has one listen key at a time, valid for an hour from its creation or last keepalive. When it
expires, its connections are told (`listenKeyExpired`) and closed; a key that is deleted closes them without a word.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from agents.paper.binance.authenticator import Authenticator, api_key_of
from agents.paper.binance.listen_key import ListenKey
from agents.paper.binance.order_api import SESSIONS, OrderApi
from agents.paper.binance.rate_limits import RateLimiter
from agents.paper.binance.refusals import Refusal, mandatory, spoken
from agents.paper.binance.stream_hub import StreamConnection, StreamHub
from agents.paper.call import Call
from agents.paper.refusals import Refused

LISTEN_KEY_PATH = "/api/v3/userDataStream"


class _ApiRequest(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: dict[str, Any] = {}


class UserStream:
    """Who may hear the account's events, and how they asked."""

    def __init__(
        self,
        authenticator: Authenticator,
        hub: StreamHub,
        limiter: RateLimiter,
        send: Callable[[int, bytes], None],
        close: Callable[[int], None],
    ) -> None:
        """Check by `authenticator`, register with `hub`, answer by `send`, end connections by `close`."""
        self._authenticator = authenticator
        self._hub = hub
        self._limiter = limiter
        self.orders: OrderApi | None = None
        """What acts on the account, set by who carries it out."""
        self._send = send
        self._key = ListenKey(authenticator, hub, close)
        self._subscription_count = 0

    @property
    def expires_ns(self) -> int | None:
        """Return the wall time at which the listen key ends, None if there is none."""
        return self._key.expires_ns

    def listen_key_call(self, call: Call) -> Any:
        """Create (POST), keep alive (PUT) or close (DELETE) the listen key; POST keeps alive the one that there is."""
        self._authenticator.check_key(api_key_of(call))
        if call.method == "POST":
            return {"listenKey": self._key.open(call.wall_ns)}
        named = call.params.get("listenKey")
        if not named:
            raise mandatory("listenKey")
        if call.method == "PUT":
            self._key.keep(named, call.wall_ns)
        else:
            self._key.delete(named, call.wall_ns)
        return {}

    def knows(self, key: str, wall_ns: int) -> bool:
        """Return whether `key` is the listen key, and alive."""
        return self._key.knows(key, wall_ns)

    def expire(self, wall_ns: int) -> None:
        """End the listen key if its time is over, and tell its connections before they are closed."""
        self._key.expire(wall_ns)

    def api_message(self, connection: StreamConnection, text: str, wall_ns: int) -> None:
        """Answer one request of the websocket API."""
        number: int | str | None = None
        try:
            request = msgspec.json.decode(text, type=_ApiRequest)
            number = request.id
            if self.orders is not None and request.method in self.orders.calls:
                self.orders.request(connection, number, request.method, request.params, wall_ns)
                return
            answer: dict[str, Any] = {"status": 200, "result": self._result(connection, request, wall_ns)}
        except (msgspec.MsgspecError, RecursionError):
            answer = {"status": 400, "error": {"code": -1000, "msg": "Invalid JSON request."}}
        except (Refusal, Refused) as error:
            refusal = spoken(error) if isinstance(error, Refused) else error
            answer = {"status": refusal.status, "error": {"code": refusal.code, "msg": refusal.text}}
        answer = {"id": number, **answer, "rateLimits": self._limiter.table(wall_ns)}
        self._send(connection.id, msgspec.json.encode(answer))

    def _result(self, connection: StreamConnection, request: _ApiRequest, wall_ns: int) -> Any:
        if request.method in SESSIONS and self.orders is not None:
            return self.orders.session(connection, request.method, request.params, wall_ns)
        self._limiter.charge(2 if request.method.startswith("userDataStream") else 1, wall_ns)
        match request.method:
            case "ping":
                return {}
            case "time":
                return {"serverTime": wall_ns // 1_000_000}
            case "userDataStream.subscribe.signature":
                self._authenticator.check_params(request.params, wall_ns)
                number = self._subscription_count
                self._subscription_count += 1
                connection.subscriptions.append(number)
                return {"subscriptionId": number}
            case "userDataStream.unsubscribe":
                named = request.params.get("subscriptionId")
                connection.subscriptions = [n for n in connection.subscriptions if named is not None and n != named]
                return {}
            case "session.subscriptions":
                return {"subscriptions": [{"subscriptionId": number} for number in connection.subscriptions]}
        raise Refusal(-1020, "This operation is not supported.")
