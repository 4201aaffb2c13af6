"""Subscribing by message, where the venue wants that: one request at a time, each until it is acknowledged.

A refused one is sent again too, behind the others, and not before `AGAIN_NS` if only refused ones are left.
"""

from agents.venues.base import StreamRequest
from agents.venues.port import MarketFeeds
from agents.venues.reports import SubscriptionReply
from mesh.context import Context
from schemas.counters import Counter
from schemas.units import MS

SUBSCRIBE = "subscribe:"
"""A timer's name begins with it; the connection follows."""
AGAIN_NS = 5_000 * MS


class Subscriptions:
    """What of each connection's subscription is not acknowledged yet; the first of it was sent."""

    def __init__(self, feeds: MarketFeeds) -> None:
        """Begin with no connection up."""
        self._feeds = feeds
        self._requests: dict[str, list[StreamRequest]] = {}
        self._refused: dict[str, set[str]] = {}

    def begin(self, ctx: Context, name: str, connection: str, up: bool) -> None:
        """Subscribe what `connection` carries, one of those called `name` by the venue's feeds, or forget what was sent."""
        self._requests[connection] = list(self._feeds.requests(name)) if up else []
        self._refused[connection] = set()
        self._send(ctx, connection)

    def on_timer(self, ctx: Context, name: str) -> None:
        """Send again what nobody acknowledged, or what was refused."""
        connection = name.removeprefix(SUBSCRIBE)
        requests, refused = self._requests[connection], self._refused[connection]
        if requests:
            if requests[0].id not in refused:
                ctx.count(Counter.SUBSCRIPTIONS_UNANSWERED)
            refused.clear()
            self._send(ctx, connection)

    def acknowledged(self, connection: str) -> bool:
        """Return whether the venue has taken all of a connection's subscription."""
        return not self._requests.get(connection)

    def on_reply(self, ctx: Context, connection: str, reply: SubscriptionReply) -> bool:
        """Go on to the next request; return whether the venue refused this one."""
        requests = self._requests.get(connection)
        if not requests or requests[0].id != reply.request:
            return False
        request = requests.pop(0)
        ctx.cancel_timer(SUBSCRIBE + connection)
        if not reply.accepted:
            ctx.count(Counter.SUBSCRIPTIONS_REFUSED)
            self._refused[connection].add(request.id)
            requests.append(request)
        self._go_on(ctx, connection)
        return not reply.accepted

    def _go_on(self, ctx: Context, connection: str) -> None:
        """Send the next request, but for what was refused already: that waits for the timer."""
        requests = self._requests[connection]
        if requests and requests[0].id in self._refused[connection]:
            ctx.set_timer(SUBSCRIBE + connection, ctx.now_ns + AGAIN_NS)
        else:
            self._send(ctx, connection)

    def _send(self, ctx: Context, connection: str) -> None:
        requests = self._requests[connection]
        if requests:
            ctx.send_socket(connection, requests[0].message, signed=requests[0].signed)
            ctx.set_timer(SUBSCRIBE + connection, ctx.now_ns + AGAIN_NS)
