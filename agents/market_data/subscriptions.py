"""Subscribing by message, where the venue wants that: one request at a time, each until it is acknowledged.

One that is refused or not answered waits behind the others, and longer each time (`WAIT_NS`, doubled up to `WAIT_NS_MAX`):
a venue counts the requests of a connection, OKX takes 480 an hour. One that the venue refused because it knows no such
channel waits for the longest time at once (`LASTING_WAIT_NS`): only a change of what is listed makes that different. Each
wait has up to a quarter more, by connection, request and attempt, so that the connections of a desk do not ask in step; it
is the same whenever the inputs are. What is waiting is told (`waiting`), and is forgotten with its connection.
"""

import msgspec

from agents.venues.base import StreamRequest
from agents.venues.market_port import MarketFeeds
from agents.venues.reports import SubscriptionReply
from core.crc32c import crc32c
from mesh.context import Context
from schemas.counters import Counter
from schemas.units import MS

SUBSCRIBE = "subscribe:"
"""A timer's name begins with it; the connection follows."""
WAIT_NS = 5_000 * MS
"""How long an answer may take, and how long the first wait after a refusal is."""
WAIT_NS_MAX = 300_000 * MS
LASTING_WAIT_NS = 900_000 * MS
TEXT_MAX = 200


class _Again(msgspec.Struct):
    """A request that is sent again, and why."""

    request: StreamRequest
    attempts: int = 0
    due_ns: int = 0
    text: str = ""


class _Connection:
    def __init__(self, name: str, requests: list[StreamRequest]) -> None:
        self.name = name
        self.first = requests
        """Not sent yet."""
        self.out: _Again | None = None
        self.again: dict[str, _Again] = {}
        """Refused or not answered, by the request's id."""


class Subscriptions:
    """What of each connection's subscription is not acknowledged yet; one of it was sent."""

    def __init__(self, feeds: MarketFeeds) -> None:
        """Begin with no connection up."""
        self._feeds = feeds
        self._connections: dict[str, _Connection] = {}

    def begin(self, ctx: Context, name: str, connection: str, up: bool) -> None:
        """Subscribe what `connection` carries, one of those called `name` by the venue's feeds, or forget what was sent."""
        requests = list(self._feeds.requests(name)) if up else []
        self._connections[connection] = _Connection(connection, requests)
        ctx.cancel_timer(SUBSCRIBE + connection)
        self._go_on(ctx, self._connections[connection])

    def on_timer(self, ctx: Context, name: str) -> None:
        """Send again what was refused long enough ago, or what nobody answered."""
        own = self._connections[name.removeprefix(SUBSCRIBE)]
        if own.out is not None:
            ctx.count(Counter.SUBSCRIPTIONS_UNANSWERED)
            # It has waited for its answer already.
            self._put_back(ctx, own, own.out, "not answered", -WAIT_NS)
        self._go_on(ctx, own)

    def acknowledged(self, connection: str) -> bool:
        """Return whether the venue has taken all of a connection's subscription."""
        own = self._connections.get(connection)
        return own is None or not (own.first or own.out or own.again)

    def on_reply(self, ctx: Context, connection: str, reply: SubscriptionReply) -> bool:
        """Go on to the next request; return whether the venue refused this one. One that comes late counts too."""
        own = self._connections.get(connection)
        if own is None:
            return False
        sent = own.out if own.out is not None and own.out.request.id == reply.request else own.again.get(reply.request)
        if sent is None:
            return False
        own.again.pop(reply.request, None)
        if not reply.accepted:
            ctx.count(Counter.SUBSCRIPTIONS_REFUSED)
            self._put_back(ctx, own, sent, f"refused: {reply.text}"[:TEXT_MAX], lasting=reply.lasting)
        elif sent is own.out:
            own.out = None
        self._go_on(ctx, own)
        return not reply.accepted

    def waiting(self, now_ns: int) -> dict[str, str]:
        """Return why requests that are sent again are, and when they are, by connection and request."""
        return {
            f"{own.name} {each.request.id}": f"subscription {each.request.id} on {own.name} {each.text}, "
            f"{each.attempts} times; again in {max(0, each.due_ns - now_ns) // (1_000 * MS)} s"
            for own in self._connections.values()
            for each in own.again.values()
        }

    def _put_back(
        self, ctx: Context, own: _Connection, sent: _Again, text: str, less_ns: int = 0, *, lasting: bool = False
    ) -> None:
        """Have what was sent wait, behind all that was not sent yet."""
        sent.attempts += 1
        sent.text = text
        wait_ns = LASTING_WAIT_NS if lasting else min(WAIT_NS << min(sent.attempts - 1, 20), WAIT_NS_MAX)
        spread = wait_ns // 4 * crc32c(f"{own.name}:{sent.request.id}:{sent.attempts}".encode()) >> 32
        sent.due_ns = ctx.now_ns + wait_ns + less_ns + spread
        own.again[sent.request.id] = sent
        if sent is own.out:
            own.out = None

    def _go_on(self, ctx: Context, own: _Connection) -> None:
        """Send the next request, if none is out, and see to it that the one after that is sent."""
        if own.out is not None:
            return
        if own.first:
            self._send(ctx, own, _Again(own.first.pop(0)))
            return
        following = min(own.again.values(), key=lambda each: each.due_ns, default=None)
        if following is None:
            ctx.cancel_timer(SUBSCRIBE + own.name)
        elif following.due_ns <= ctx.now_ns:
            del own.again[following.request.id]
            self._send(ctx, own, following)
        else:
            ctx.set_timer(SUBSCRIBE + own.name, following.due_ns)

    def _send(self, ctx: Context, own: _Connection, what: _Again) -> None:
        own.out = what
        request = self._feeds.request_again(what.request) if what.attempts else what.request
        ctx.send_socket(own.name, request.message, signed=request.signed)
        ctx.set_timer(SUBSCRIBE + own.name, ctx.now_ns + WAIT_NS)
