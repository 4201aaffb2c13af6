"""What strategies ask for, on its way to risk, and what became of it.

A signal leaves only when every stream that it rests on is LIVE and young enough; risk enforces the same once more. It is
published first and asked of risk then. A signal that was not answered in time is not repeated: a missing signal can only
reduce risk. One that was approved is pending until its order shows up in the account's events, which are folded here.

This file is compiled (`signal_client.pxd` has the C types).
"""

from agents.state.account import Account
from agents.state.market_view import MarketView
from core.frame import Header
from mesh.context import Context, Outcome, Reply
from schemas.config import SignalConfig
from schemas.counters import Counter
from schemas.messages import Approved, CancelOrder, Cause, Message, OrderFilled, Signal
from schemas.orders import Reason
from schemas.streams import Kind, StreamState, stream_id
from schemas.units import MS

ORDER_WAIT_NS = 5_000 * MS
"""An approved signal whose order has not shown up for so long is not waited for: risk released it."""
REASON_MAX = 400
LIVE = StreamState.LIVE
ANSWERED = Outcome.ANSWERED
SIGNALS_APPROVED = Counter.SIGNALS_APPROVED
SIGNALS_DENIED = Counter.SIGNALS_DENIED


class TradedInstrument:
    """One instrument as a strategy asks for it: its feed, its number, the stream of its signals, and the venue's steps."""

    def __init__(self, feed: MarketView) -> None:
        """Take every whole lot and tick, until the venue's steps are known."""
        self.feed = feed
        self.info = feed.info
        self.instrument_id = feed.info.id
        self.stream = stream_id(Kind.SIGNAL, 0, feed.info.id)
        self.qty_step_lots = 1
        self.price_step_ticks = 1


class _PendingSignal:
    def __init__(self, strategy: str, instrument_id: int, until_ns: int) -> None:
        self.strategy = strategy
        self.instrument_id = instrument_id
        self.until_ns = until_ns


class SignalClient:
    """Asks risk for the strategies of one agent, and follows the account that their orders go to."""

    def __init__(self, config: SignalConfig, account: Account, order_stream: int, age_ns_max: int) -> None:
        """Ask for `account`, whose order events `order_stream` carries, on a market that is at most so old."""
        self.account = account
        self.order_stream = order_stream
        self.age_ns_max = age_ns_max
        """No signal on a market that is older; the same as risk's."""
        self.trigger: Header | None = None
        """Header of the message that is being handled, None for a timer."""
        self.muted = False
        """Whether that message is an old one, replayed, on which nobody must act."""
        self._risk = config.risk
        self._execution = config.execution
        self._ttl_ms = config.request_ttl_ms
        self._wait_ns = config.request_ttl_ms * MS + ORDER_WAIT_NS
        self._pending: dict[int, _PendingSignal] = {}
        self._asked = 0

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx
        self._first_id = ctx.sender << 48 | ctx.epoch << 24

    def ask(
        self,
        strategy: str,
        traded: TradedInstrument,
        side: int,
        qty_lots: int,
        price_ticks: int,
        time_in_force: int,
        confidence: float,
        reason: str,
    ) -> int:
        """Ask for an order and return the signal id; 0 if nothing may be asked now."""
        ctx = self._ctx
        if not self._may_ask(traded.feed):
            ctx.count(Counter.SIGNALS_WITHHELD)
            return 0
        self._asked += 1
        signal_id = self._first_id + self._asked
        number = signal_id
        signal = Signal(
            number,
            strategy,
            traded.instrument_id,
            side,
            qty_lots,
            price_ticks,
            time_in_force,
            min(1.0, max(0.0, confidence)),
            reason[:REASON_MAX],
            self._causes(traded.feed),
        )
        self._pending[number] = _PendingSignal(strategy, traded.instrument_id, ctx.now_ns + self._wait_ns)
        ctx.publish(traded.stream, signal, signal_id)
        ctx.request(self._risk, signal, self._ttl_ms, signal_id)
        return signal_id

    def cancel(self, client_order_id: str) -> None:
        """Ask for the cancel of an order."""
        request = CancelOrder(client_order_id, int(Reason.CANCELED_BY_STRATEGY))
        self._ctx.request(self._risk, request, ttl_ms=self._ttl_ms)

    def count(self, strategy: str, instrument_id: int) -> int:
        """Return how many signals have neither been refused nor become an order yet."""
        count, now_ns = 0, self._ctx.now_ns
        for pending in self._pending.values():
            if pending.until_ns > now_ns and pending.instrument_id == instrument_id:
                count += pending.strategy == strategy
        return count

    def take_order(self, header: Header, message: Message) -> OrderFilled | None:
        """Apply the next event of the account; return it if it is a fill that was not seen before."""
        if self._pending:
            self._pending.pop(header.corr, None)
        return self.account.apply(header, message, self._ctx.now_ns)

    def on_reply(self, reply: Reply) -> None:
        """Forget a signal that was refused or never left; one that was approved waits for its order."""
        asked, ctx = reply.request, self._ctx
        if type(asked) is not Signal:
            if reply.outcome is not ANSWERED:
                ctx.count(Counter.CANCELS_UNANSWERED)
            return
        if reply.outcome is ANSWERED:
            approved = type(reply.message) is Approved
            ctx.count(SIGNALS_APPROVED if approved else SIGNALS_DENIED)
            if not approved:
                self._pending.pop(asked.signal_id, None)
        else:
            ctx.count(Counter.SIGNALS_UNANSWERED)
            if reply.outcome is Outcome.NOT_SENT:
                self._pending.pop(asked.signal_id, None)

    def drop_old(self) -> None:
        """Forget signals whose order does not come any more."""
        now_ns = self._ctx.now_ns
        for signal_id in [key for key, pending in self._pending.items() if pending.until_ns <= now_ns]:
            del self._pending[signal_id]

    def _may_ask(self, feed: MarketView) -> bool:
        ctx = self._ctx
        live = ctx.stream_state(self._execution, self.order_stream) is LIVE
        return live and not self.muted and feed.fault(ctx, self.age_ns_max) is None

    def _causes(self, feed: MarketView) -> tuple[Cause, ...]:
        """Return what a signal rests on, each once: the message that is being handled, and the market."""
        header = self.trigger
        found: list[Cause] = [] if header is None else [(header.stream, header.epoch, header.seq)]
        feed.add_causes(found)
        return tuple(found)
