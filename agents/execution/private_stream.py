"""The private stream of an account: opened, subscribed request by request, and subscribed again when it is lost.

The venue acknowledges each request of a subscription before the next is sent; only with all of them acknowledged is the
account told of on the stream. Whoever owns it hears of that, and of each loss: what was told meanwhile is then not known.
A connection that is there is kept during a ban; none is asked for before its end.

Where the address of the stream has a key, that is all that subscribes: it is asked for before the connection is made, and
again once it is there, which acknowledges it (`stream_key`). A key that has changed is followed to another connection.

Before the venue ends a connection, by its age or after it announced that, another is subscribed beside it and takes over
(`spare_stream`): that is no loss. One that is not subscribed when the first ends was of no use, and all is as without it.
"""

from collections.abc import Callable, Sequence

from agents.execution.spare_stream import OVERLAP_NS, SpareStream
from agents.execution.stream_key import STREAM_KEY, StreamKey
from agents.execution.venue_calls import VenueCalls
from agents.venues.base import StreamRequest
from agents.venues.connection_life import ConnectionLife
from agents.venues.port import TradingAccount
from agents.venues.reports import PrivateEvent, SubscriptionReply
from mesh.context import Context
from schemas.counters import Counter
from schemas.units import MS

CONNECTION = "user"
SUBSCRIBE = "subscribe"
SUBSCRIBE_AGAIN_NS = 5_000 * MS
REPLACE = "private:replace"
"""Name of the timer for opening another connection."""
TAKE_OVER = "private:take-over"
"""Name of the timer for having it take over, or for giving it up."""


class PrivateStream:
    """Whether the venue tells of the account on the private stream, and the requests that have it do so."""

    def __init__(
        self,
        account: TradingAccount,
        calls: VenueCalls,
        opened: Callable[[], None],
        lost: Callable[[str], None],
        told: Callable[[PrivateEvent], None],
        life: ConnectionLife,
    ) -> None:
        """Begin without a stream.

        `opened` is told of each subscription, `lost` of why there is none any more, `told` of what waited until one stream
        took over from another.
        """
        self.subscribed = False
        self.connection = CONNECTION
        self.number = 0
        """Of the last subscription that was asked for: one that is asked for again is another one."""
        self._account = account
        self._calls = calls
        self._opened = opened
        self._lost = lost
        self._told = told
        self._life = life
        self.spare: SpareStream | None = None
        """The one that takes over next, while there are two."""
        self._open = False
        """Whether the connection is wanted: it is there, or comes again of itself."""
        self._requests: list[StreamRequest] = []
        """What of the subscription is not acknowledged yet; the first of it was sent."""
        self._key = StreamKey(account, calls, self._on_named)
        self._url = ""
        """Where the connection was opened."""
        self._up = False
        """Whether it is there."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx
        self._key.bind(ctx)

    def open(self) -> None:
        """Have the connection opened, and opened again whenever it closes; not while nothing at all may be sent."""
        self._open = not self._calls.is_held()
        if not self._open:
            self._ctx.set_timer(SUBSCRIBE, self._calls.held_until_ns)
        elif self._key.wanted and not self._key.url:
            self._ask_key()
        else:
            self._connect(self._key.url)

    def on_socket(self, connection: str, up: bool, reason: str) -> None:
        """Subscribe, or tell that the stream is lost."""
        spare = self.spare
        if spare is not None and connection == spare.connection:
            self._on_spare_socket(spare, up)
        elif up:
            self._up = True
            self._ctx.cancel_timer(REPLACE)
            if self._life.young_ns:
                self._ctx.set_timer(REPLACE, self._ctx.now_ns + self._life.young_ns)
            self._subscribe()
        elif spare is not None and spare.subscribed:
            self._take_over(spare)
        else:
            self._up = False
            self._give_up_spare()
            self._lose(reason or "private stream closed")
            if self._calls.is_held():
                self._ctx.close_socket(self.connection)
                self.open()

    def on_announced(self, connection: str) -> None:
        """Have another connection take over from one that the venue ends."""
        self._ctx.count(Counter.CONNECTION_ENDS_ANNOUNCED)
        if connection == self.connection:
            self._replace()

    def on_frame(self, connection: str, frame: bytes, events: Sequence[PrivateEvent]) -> bool:
        """Take a frame while there are two connections; return whether what it says waits."""
        spare = self.spare
        assert spare is not None, "asked while there are two"
        if connection == spare.connection:
            spare.on_frame(self._ctx, frame, events)
            return True
        spare.note(frame)
        return False

    def on_ended(self, text: str) -> None:
        """Subscribe again: the venue ended the stream on a connection that is still there."""
        self._lose(text)
        self._subscribe()

    def on_timer(self, name: str) -> None:
        """Subscribe again if the venue has not acknowledged what was asked; or see to the connection that takes over."""
        if name == REPLACE:
            self._replace()
        elif name == TAKE_OVER:
            self._on_take_over()
        elif name == STREAM_KEY:
            self._key.ask(self.number)
        elif not self._open or (self._key.wanted and not self._url):
            self.open()
        elif not self.subscribed:
            self._subscribe()

    def on_reply(self, event: SubscriptionReply) -> None:
        """Go on with the next request of the subscription."""
        if not self._requests or event.request != self._requests[0].id:
            self._ctx.count(Counter.SUBSCRIPTION_REPLIES_OLD)
        elif not event.accepted:
            self._ctx.count(Counter.SUBSCRIPTIONS_REFUSED)
            self._lose(f"subscription refused: {event.text}")
            self._ctx.set_timer(SUBSCRIBE, self._ctx.now_ns + SUBSCRIBE_AGAIN_NS)
        elif len(self._requests) > 1:
            del self._requests[0]
            self._send_request()
        elif not self.subscribed:
            self._acknowledged()

    def _connect(self, url: str) -> None:
        self._url, self._up = url, False
        self._ctx.open_socket(self.connection, url)

    def _acknowledged(self) -> None:
        self.subscribed = True
        self._ctx.cancel_timer(SUBSCRIBE)
        self._opened()

    def _subscribe(self) -> None:
        self.subscribed = False
        if self._calls.is_blocked():
            self._ctx.set_timer(SUBSCRIBE, self._calls.blocked_until_ns)
            return
        self.number += 1
        self._requests = list(self._account.stream_requests(self.number))
        if self._key.wanted:
            self._ask_key()
        else:
            self._send_request()

    def _ask_key(self) -> None:
        """Ask where the stream is; asked of one that is there, the answer acknowledges it."""
        self._ctx.set_timer(SUBSCRIBE, self._ctx.now_ns + SUBSCRIBE_AGAIN_NS)
        self._key.ask(self.number)

    def _on_named(self, url: str, number: int) -> None:
        """Follow the stream to where it is; whatever was not told is asked for again when the timer says so."""
        if not url or not self._open:
            return
        if url != self._url:
            self._give_up_spare()
            if self.subscribed:
                self._lose("the private stream has another key")
            self._connect(url)
        elif self._up and not self.subscribed and number == self.number:
            self._acknowledged()

    def _send_request(self) -> None:
        """Send the first request that is not acknowledged yet."""
        request = self._requests[0]
        self._ctx.send_socket(self.connection, request.message, signed=request.signed)
        self._ctx.set_timer(SUBSCRIBE, self._ctx.now_ns + SUBSCRIBE_AGAIN_NS)

    def _lose(self, reason: str) -> None:
        self.subscribed = False
        self._lost(reason)

    # The connection that takes over

    def _replace(self) -> None:
        """Open another connection beside the one that is there; not while nothing at all may be sent."""
        if self._calls.is_held():
            self._ctx.set_timer(REPLACE, self._calls.held_until_ns)
        elif self.spare is None:
            name = CONNECTION if self.connection != CONNECTION else f"{CONNECTION}+"
            self.spare = SpareStream(name, self._account, self._on_spare_ready)
            self._ctx.open_socket(name, self._key.url)

    def _on_spare_socket(self, spare: SpareStream, up: bool) -> None:
        if up:
            self.number += 1
            self._ctx.set_timer(TAKE_OVER, self._ctx.now_ns + SUBSCRIBE_AGAIN_NS)
        else:
            self._ctx.cancel_timer(TAKE_OVER)
        spare.on_socket(self._ctx, up, self.number)

    def _on_spare_ready(self) -> None:
        self._ctx.set_timer(TAKE_OVER, self._ctx.now_ns + min(OVERLAP_NS, self._life.window_ns))

    def _on_take_over(self) -> None:
        """Have the second connection take over, or open it anew if its subscription was not acknowledged in time."""
        if self.spare is not None and self.spare.subscribed:
            self._take_over(self.spare)
        elif self.spare is not None:
            self._give_up_spare()
            self._replace()

    def _take_over(self, spare: SpareStream) -> None:
        self._ctx.close_socket(self.connection)
        self._ctx.cancel_timer(TAKE_OVER)
        self._ctx.cancel_timer(SUBSCRIBE)
        self._ctx.count(Counter.CONNECTIONS_REPLACED)
        self._up = True
        self.connection, self.spare, self._requests = spare.connection, None, []
        self.number, self.subscribed = spare.number, True
        if self._life.young_ns:
            self._ctx.set_timer(REPLACE, spare.since_ns + self._life.young_ns)
        for event in spare.untold():
            self._told(event)
        self._opened()

    def _give_up_spare(self) -> None:
        if self.spare is not None:
            self._ctx.close_socket(self.spare.connection)
            self._ctx.cancel_timer(TAKE_OVER)
            self.spare = None
