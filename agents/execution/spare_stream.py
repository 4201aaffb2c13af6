"""A second private stream, subscribed before the venue ends the first: what it tells waits until it takes over.

Nothing that the first one tells is held up meanwhile. When both have been there for a while, the second takes over: what it
told and the first did not, by the bytes of the frames, is handed on then. So nothing is lost between them; where a venue
writes the same event differently on two connections it comes twice, as it does after any reconnect.
"""

from collections.abc import Callable, Sequence

from agents.venues.base import StreamRequest
from agents.venues.port import TradingAccount
from agents.venues.reports import PrivateEvent, SubscriptionReply
from mesh.context import Context
from schemas.counters import Counter
from schemas.units import MS

KEPT_MAX = 10_000
"""Frames that wait at most: a stream that tells so many while it waits is no good, and is opened again."""
OVERLAP_NS = 1_000 * MS
"""How long both are there: what the first was about to tell when the second was subscribed has come by then."""


class SpareStream:
    """The connection and what of its subscription is not acknowledged yet, and what it told."""

    def __init__(self, connection: str, account: TradingAccount, ready: Callable[[], None]) -> None:
        """Begin with nothing; `ready` is called when the subscription is acknowledged whole."""
        self.connection = connection
        self.number = 0
        self.since_ns = 0
        """When the connection was made."""
        self.subscribed = False
        self._account = account
        self._ready = ready
        self._requests: list[StreamRequest] = []
        self._told: set[bytes] = set()
        self._kept: list[tuple[bytes, Sequence[PrivateEvent]]] = []

    def on_socket(self, ctx: Context, up: bool, number: int) -> None:
        """Subscribe for the `number`th time, or forget what was told."""
        self.subscribed = False
        self._kept.clear()
        self._told.clear()
        self._requests = []
        if up:
            self.number, self.since_ns = number, ctx.now_ns
            self._requests = list(self._account.stream_requests(number))
            self._go_on(ctx)

    def on_frame(self, ctx: Context, frame: bytes, events: Sequence[PrivateEvent]) -> None:
        """Keep what the second connection tells, and go on with its subscription."""
        for event in events:
            if isinstance(event, SubscriptionReply):
                self._on_reply(ctx, event)
        others = [event for event in events if not isinstance(event, SubscriptionReply)]
        if others and len(self._kept) < KEPT_MAX:
            self._kept.append((frame, others))

    def note(self, frame: bytes) -> None:
        """Take note of a frame of the first connection."""
        if len(self._told) < KEPT_MAX:
            self._told.add(frame)

    def untold(self) -> list[PrivateEvent]:
        """Return what only this connection told."""
        return [event for frame, events in self._kept if frame not in self._told for event in events]

    def _on_reply(self, ctx: Context, event: SubscriptionReply) -> None:
        if not self._requests or event.request != self._requests[0].id:
            ctx.count(Counter.SUBSCRIPTION_REPLIES_OLD)
        elif not event.accepted:
            ctx.count(Counter.SUBSCRIPTIONS_REFUSED)
        else:
            del self._requests[0]
            self._go_on(ctx)

    def _go_on(self, ctx: Context) -> None:
        """Send what is not acknowledged yet, or be ready; where the address has the stream's key, nothing is to be sent."""
        if self._requests:
            request = self._requests[0]
            ctx.send_socket(self.connection, request.message, signed=request.signed)
        elif not self.subscribed:
            self.subscribed = True
            self._ready()
