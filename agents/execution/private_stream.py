"""The private stream of an account: opened, subscribed request by request, and subscribed again when it is lost.

The venue acknowledges each request of a subscription before the next is sent; only with all of them acknowledged is the
account told of on the stream. Whoever owns it hears of that, and of each loss: what was told meanwhile is then not known.
A connection that is there is kept during a ban; none is asked for before its end.
"""

from collections.abc import Callable

from agents.execution.venue_calls import VenueCalls
from agents.venues.base import StreamRequest
from agents.venues.port import TradingAccount
from agents.venues.reports import SubscriptionReply
from mesh.context import Context
from schemas.counters import Counter
from schemas.units import MS

CONNECTION = "user"
SUBSCRIBE = "subscribe"
SUBSCRIBE_AGAIN_NS = 5_000 * MS


class PrivateStream:
    """Whether the venue tells of the account on the private stream, and the requests that have it do so."""

    def __init__(
        self, account: TradingAccount, calls: VenueCalls, opened: Callable[[], None], lost: Callable[[str], None]
    ) -> None:
        """Begin without a stream; `opened` is told of each subscription, `lost` of why there is none any more."""
        self.subscribed = False
        self.number = 0
        """Of the last subscription that was asked for: one that is asked for again is another one."""
        self._account = account
        self._calls = calls
        self._opened = opened
        self._lost = lost
        self._open = False
        """Whether the connection is wanted: it is there, or comes again of itself."""
        self._requests: list[StreamRequest] = []
        """What of the subscription is not acknowledged yet; the first of it was sent."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def open(self) -> None:
        """Have the connection opened, and opened again whenever it closes; not while nothing at all may be sent."""
        self._open = not self._calls.is_held()
        if self._open:
            self._ctx.open_socket(CONNECTION, self._account.private_url)
        else:
            self._ctx.set_timer(SUBSCRIBE, self._calls.held_until_ns)

    def on_socket(self, up: bool, reason: str) -> None:
        """Subscribe, or tell that the stream is lost."""
        if up:
            self._subscribe()
        else:
            self._lose(reason or "private stream closed")
            if self._calls.is_held():
                self._ctx.close_socket(CONNECTION)
                self.open()

    def on_ended(self, text: str) -> None:
        """Subscribe again: the venue ended the stream on a connection that is still there."""
        self._lose(text)
        self._subscribe()

    def on_timer(self) -> None:
        """Subscribe again if the venue has not acknowledged what was asked."""
        if not self._open:
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
        self._send_request()

    def _send_request(self) -> None:
        """Send the first request that is not acknowledged yet."""
        request = self._requests[0]
        self._ctx.send_socket(CONNECTION, request.message, signed=request.signed)
        self._ctx.set_timer(SUBSCRIBE, self._ctx.now_ns + SUBSCRIBE_AGAIN_NS)

    def _lose(self, reason: str) -> None:
        self.subscribed = False
        self._lost(reason)
