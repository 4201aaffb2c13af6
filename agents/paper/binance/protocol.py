"""What Binance's protocols have in common: how a request is weighed, checked and answered, and how the venue refuses.

A route has a handler and a weight. What needs no key is open; what needs a signature is checked before its handler is
called; new orders (and whatever else counts as one) are counted beside.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from agents.paper.binance import kline_frames
from agents.paper.binance.authenticator import Authenticator
from agents.paper.binance.rate_limits import RateLimiter
from agents.paper.binance.refusals import Refusal, refusal_reply
from agents.paper.binance.stream_hub import StreamHub
from agents.paper.call import Call, HttpReply, json_reply
from agents.paper.dialect import Dialect, Floor
from agents.paper.market.bar_streams import BarStreams
from agents.paper.refusals import Refused

Route = tuple[str, str]
Handler = Callable[[Call], Any]
Weight = Callable[[Mapping[str, str]], int]
Routes = dict[Route, tuple[Handler, Weight]]


class BinanceProtocol(Dialect):
    """One of them: it names its routes, and says how the core's refusals are spoken."""

    create: Route
    """The route of a new order."""
    order_routes: str
    """How the paths begin whose answers tell of orders counted."""
    counted: frozenset[Route]
    """What counts as an order."""

    def __init__(self, floor: Floor, limiter: RateLimiter, *, micros: bool = False) -> None:
        """Answer out of `floor`, within the limits of `limiter`; with `micros` its market is written in microseconds."""
        self.floor = floor
        self.limiter = limiter
        self.hub: StreamHub = StreamHub(floor.send, micros=micros)
        topics = kline_frames.KlineTopics(floor)
        self.bars = BarStreams(floor.market, self.hub, topics.read, partial(kline_frames.frame, micros=micros))
        self._authenticator = Authenticator(floor.credentials.key, floor.credentials.secret)
        self._public: Routes = {}
        self._keyed: Routes = {}
        """Those that need a key and no signature; their handlers check it."""
        self._private: Routes = {}

    @abstractmethod
    def spoken(self, refused: Refused) -> Refusal:
        """Return a refusal of the venue's core in the protocol's code and words."""

    @abstractmethod
    def broken(self, *, executed: bool) -> tuple[int, str]:
        """Return code and words of a venue that broke down over a request, before or after carrying it out."""

    def in_unit(self, call: Call, answer: Any) -> Any:
        """Return an answer with its times in the unit that the call asks for, where the protocol has more than one."""
        return answer

    def http(self, call: Call) -> HttpReply:
        """Answer one request."""
        try:
            reply = self._route(call)
        except Refused as refused:
            return self._refuse(call, self.spoken(refused))
        except Refusal as refusal:
            return self._refuse(call, refusal)
        return self._with_limits(call, reply)

    def is_create(self, call: Call) -> bool:
        """Return whether this is a new order."""
        return (call.method, call.path) == self.create

    def failed(self, call: Call, status: int, *, executed: bool) -> HttpReply:
        """Say that the send status is unknown."""
        return self._refuse(call, Refusal(*self.broken(executed=executed), status))

    def announce_end(self, conn_id: int, wall_ns: int) -> bool:
        """Tell a connection that its server shuts down."""
        self.hub.announce_end(conn_id, wall_ns)
        return True

    def limited(self, call: Call, retry_after_s: int) -> HttpReply:
        """Say that too much weight was used."""
        return self._refuse(call, Refusal(-1003, "Too much request weight used.", 429, retry_after_s))

    def banned(self, call: Call) -> HttpReply | None:
        """Refuse whatever a client asks that is banned, and begin the ban anew."""
        try:
            self.limiter.check_ban(call.wall_ns)
        except Refusal as refusal:
            return self._refuse(call, refusal)
        return None

    def ban(self, wall_ns: int, length_ns: int) -> None:
        """Ban the client for so long."""
        self.limiter.ban(wall_ns, length_ns)

    def _refuse(self, call: Call, refusal: Refusal) -> HttpReply:
        return self._with_limits(call, refusal_reply(refusal))

    def _with_limits(self, call: Call, reply: HttpReply) -> HttpReply:
        reply.headers |= self.limiter.headers(call.wall_ns, call.path.startswith(self.order_routes))
        return reply

    def _route(self, call: Call) -> HttpReply:
        key = (call.method, call.path)
        if key in self._private:
            handler, weight = self._private[key]
            self.limiter.charge(weight(call.params), call.wall_ns)
            if call.given is None:
                self._authenticator.check_request(call)
            if key in self.counted:
                self.limiter.charge_order(call.wall_ns)
            return json_reply(self.in_unit(call, handler(call)))
        if key not in self._public and key not in self._keyed:
            return json_reply({"code": -1000, "msg": f"No such endpoint: {call.method} {call.path}"}, 404)
        handler, weight = self._public.get(key) or self._keyed[key]
        self.limiter.charge(weight(call.params), call.wall_ns)
        return json_reply(self.in_unit(call, handler(call)))

    def _end(self, conn_id: int) -> None:
        self.hub.close(conn_id)
        self.floor.close(conn_id)
