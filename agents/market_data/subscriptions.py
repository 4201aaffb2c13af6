"""Subscribing by message, where the venue wants that: one request at a time, each until it is acknowledged."""

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

    def begin(self, ctx: Context, name: str, connection: str, up: bool) -> None:
        """Subscribe what `connection` carries, one of those called `name` by the venue's feeds, or forget what was sent."""
        self._requests[connection] = list(self._feeds.requests(name)) if up else []
        self._send(ctx, connection)

    def on_timer(self, ctx: Context, name: str) -> None:
        """Send again what nobody acknowledged."""
        connection = name.removeprefix(SUBSCRIBE)
        if self._requests[connection]:
            ctx.count(Counter.SUBSCRIPTIONS_UNANSWERED)
            self._send(ctx, connection)

    def on_reply(self, ctx: Context, connection: str, reply: SubscriptionReply) -> bool:
        """Go on to the next request; return whether the venue refused this one."""
        requests = self._requests.get(connection)
        if not requests or requests[0].id != reply.request:
            return False
        if not reply.accepted:
            ctx.count(Counter.SUBSCRIPTIONS_REFUSED)
            return True
        del requests[0]
        ctx.cancel_timer(SUBSCRIBE + connection)
        self._send(ctx, connection)
        return False

    def _send(self, ctx: Context, connection: str) -> None:
        requests = self._requests[connection]
        if requests:
            ctx.send_socket(connection, requests[0].message, signed=requests[0].signed)
            ctx.set_timer(SUBSCRIBE + connection, ctx.now_ns + AGAIN_NS)
