"""What strategies ask for, on its way to risk, and what became of it.

A signal leaves only when every stream that it rests on is LIVE and young enough; risk enforces the same once more. It is
published first and asked of risk then. A signal that was not answered in time is not repeated: a missing signal can only
reduce risk. One that was approved is pending until its order shows up in the account's events, which are folded here, or
risk tells that execution refused it. A strategy has only its own orders canceled and replaced.

This file is compiled (`signal_client.pxd` has the C types).
"""

from collections.abc import Callable, Sequence

from agents.signal.order_event import OrderChange
from agents.signal.order_news import OrderNews
from agents.state.account import Account
from agents.state.market_view import Figures, MarketView
from agents.state.positions import text_e8
from agents.state.working_orders import WorkingOrder
from core.frame import Header
from mesh.context import Context, Outcome, Reply
from schemas.config import SignalConfig
from schemas.counters import Counter
from schemas.messages import (
    Ack,
    Approved,
    CancelAll,
    CancelOrder,
    Cause,
    Denied,
    KlinesRequest,
    Message,
    OrderFilled,
    Reconciled,
    Released,
    Signal,
)
from schemas.orders import Reason
from schemas.streams import Kind, StreamState, stream_id, stream_venue
from schemas.units import MS

ORDER_WAIT_NS = 5_000 * MS
"""An approved signal whose order has not shown up for so long is not waited for any more."""
REASON_MAX = 400
Extra = tuple[int, int, int, int, str]
"""The last fields of a Signal, from `exec_inst` on, where they are not as most signals have them."""
LIVE = StreamState.LIVE
ANSWERED = Outcome.ANSWERED
SIGNALS_APPROVED = Counter.SIGNALS_APPROVED
SIGNALS_DENIED = Counter.SIGNALS_DENIED


class TradedAccount:
    """One account that strategies trade on: who tells of its orders and on which stream, and what they come to.

    `balances` are the venue's by asset, as decimals, as of the last time that execution compared itself with it.
    """

    def __init__(self, publisher: str, stream: int, account: Account) -> None:
        """Begin with nothing known."""
        self.publisher = publisher
        self.stream = stream
        self.account = account
        self.balances: dict[str, str] = {}


class TradedInstrument:
    """One instrument as a strategy asks for it: its feed and account, its number and streams, and the venue's steps."""

    def __init__(self, feed: MarketView, account: TradedAccount) -> None:
        """Take every whole lot and tick, until the venue's steps are known."""
        self.feed = feed
        self.account = account
        self.info = feed.info
        self.instrument_id = feed.info.id
        self.stream = stream_id(Kind.SIGNAL, 0, feed.info.id)
        self.qty_step_lots = 1
        self.price_step_ticks = 1


class _PendingSignal:
    def __init__(self, signal: Signal, strategy: str, instrument_id: int, until_ns: int) -> None:
        self.signal = signal
        self.strategy = strategy
        self.instrument_id = instrument_id
        self.until_ns = until_ns
        self.unanswered = False
        """Whether the strategy was told that nothing was heard of it."""


class SignalClient:
    """Asks risk for the strategies of one agent, and follows the accounts that their orders go to."""

    def __init__(self, config: SignalConfig, accounts: Sequence[TradedAccount], age_ns_max: int) -> None:
        """Ask for orders on `accounts`, on a market that is at most so old."""
        self.accounts = list(accounts)
        self.age_ns_max = age_ns_max
        """No signal on a market that is older; the same as risk's."""
        self.trigger: Header | None = None
        """Header of the message that is being handled, None for a timer."""
        self.muted = False
        """Whether that message is an old one, replayed, on which nobody must act."""
        self.refusal = Reason.NONE
        """Why what was asked for last, and not sent, was not sent."""
        self.news: OrderNews | None = None
        """Who tells the strategies of their orders, None if none wants to know."""
        self.history: Callable[[Reply], None] | None = None
        """Who takes the answers of market data."""
        self._risk = config.risk
        self._ttl_ms = config.request_ttl_ms
        self._wait_ns = config.request_ttl_ms * MS + ORDER_WAIT_NS
        self._pending: dict[int, _PendingSignal] = {}
        self._asked = 0

    def bind(self, ctx: Context, cancels_ended: Callable[[str, bool], None]) -> None:
        """Take the context, and what is called with the end of each `cancel_opening`: whose, and if it was taken."""
        self._ctx = ctx
        self._cancels_ended = cancels_ended
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
        extra: Extra | None,
    ) -> int:
        """Ask for an order and return the signal id; 0 if nothing may be asked now, and `refusal` says why."""
        ctx = self._ctx
        if not self._may_ask(traded):
            ctx.count(Counter.SIGNALS_WITHHELD)
            return 0
        self._asked += 1
        signal_id = self._first_id + self._asked
        number = signal_id
        confidence = min(1.0, max(0.0, confidence))
        causes = self._causes(traded.feed)
        instrument_id = traded.instrument_id
        why = reason[:REASON_MAX]
        if extra is None:
            signal = Signal(
                number, strategy, instrument_id, side, qty_lots, price_ticks, time_in_force, confidence, why, causes
            )
        else:
            terms = (number, strategy, instrument_id, side, qty_lots, price_ticks, time_in_force, confidence, why)
            signal = Signal(*terms, causes, *extra)
        ctx.publish(traded.stream, signal, signal_id)
        ctx.request(self._risk, signal, self._ttl_ms, signal_id)
        # What is noted of it is noted when it is on its way: nothing that it leads to comes before this handler ends.
        self._pending[number] = _PendingSignal(signal, strategy, instrument_id, ctx.now_ns + self._wait_ns)
        return signal_id

    def cancel(self, strategy: str, client_order_id: str) -> Reason:
        """Ask for the cancel of a strategy's order; return NONE if it was asked, else why not."""
        if self.own_order(strategy, client_order_id) is None:
            return self.refusal
        request = CancelOrder(client_order_id, int(Reason.CANCELED_BY_STRATEGY))
        self._ctx.request(self._risk, request, ttl_ms=self._ttl_ms)
        return Reason.NONE

    def own_order(self, strategy: str, client_order_id: str) -> WorkingOrder | None:
        """Return an order of a strategy; None if it is another's or not known, and `refusal` says which."""
        order = self.order(client_order_id)
        if order is None:
            self.refusal = Reason.ORDER_NOT_FOUND
        elif order.strategy != strategy:
            self._ctx.count(Counter.ORDERS_NOT_OWN)
            self.refusal = Reason.NOT_OWN_ORDER
        else:
            return order
        return None

    def order(self, client_order_id: str) -> WorkingOrder | None:
        """Return an order of any of the accounts, None if none has it."""
        for each in self.accounts:
            order = each.account.orders.get(client_order_id)
            if order is not None:
                return order
        return None

    def cancel_opening(self, strategy: str) -> None:
        """Ask for the cancel of all orders of a strategy that open a position."""
        request = CancelAll(reason=int(Reason.STRATEGY_GONE), strategy=strategy, opening_only=True)
        self._ctx.request(self._risk, request, ttl_ms=self._ttl_ms)

    def fault(self, feed: MarketView) -> tuple[Reason, Figures] | None:
        """Return why no signal may rest on a feed now, None if one may."""
        return feed.fault(self._ctx, self.age_ns_max)

    def count(self, strategy: str, instrument_id: int) -> int:
        """Return how many signals have neither been refused nor become an order yet."""
        count, now_ns = 0, self._ctx.now_ns
        for pending in self._pending.values():
            if pending.until_ns > now_ns and pending.instrument_id == instrument_id:
                count += pending.strategy == strategy
        return count

    def waits(self, strategy: str) -> bool:
        """Return whether a signal of a strategy has neither been refused nor become an order yet."""
        waiting = False
        for pending in self._pending.values():
            waiting |= pending.strategy == strategy
        return waiting

    def account_of(self, stream: int) -> TradedAccount | None:
        """Return the account whose order events a stream carries, None if it is none of these."""
        for each in self.accounts:
            if each.stream == stream:
                return each
        return None

    def account_at(self, venue_id: int) -> TradedAccount:
        """Return the account at a venue, which is one of those that are traded on."""
        return next(each for each in self.accounts if stream_venue(each.stream) == venue_id)

    def take_order(self, traded: TradedAccount, header: Header, message: Message) -> OrderFilled | None:
        """Apply the next event of an account; return it if it is a fill that was not seen before."""
        if self._pending:
            self._pending.pop(header.corr, None)
        if type(message) is Reconciled:
            traded.balances = message.balances or {asset: text_e8(e8) for asset, e8 in message.balances_e8.items()}
        return traded.account.apply(header, message, self._ctx.now_ns)

    def take_released(self, header: Header, message: Released) -> None:
        """Forget a signal that was approved and that execution has refused."""
        pending = self._pending.pop(header.corr, None)
        if pending is not None and self.news is not None:
            self.news.of_signal(pending.signal, OrderChange.REFUSED, message.reason)

    def on_reply(self, reply: Reply) -> None:
        """Forget a signal that was refused or never left; one that was approved waits for its order."""
        asked, ctx = reply.request, self._ctx
        if type(asked) is not Signal:
            if type(asked) is KlinesRequest:
                self._take_history(reply)
            else:
                self._end_cancel(reply)
            return
        if reply.outcome is ANSWERED:
            approved = type(reply.message) is Approved
            ctx.count(SIGNALS_APPROVED if approved else SIGNALS_DENIED)
            if not approved:
                self._end_denied(asked, reply.message)
        else:
            ctx.count(Counter.SIGNALS_UNANSWERED)
            self._end_unanswered(asked, reply.outcome)

    def drop_old(self) -> None:
        """Forget signals whose order does not come any more."""
        now_ns = self._ctx.now_ns
        for signal_id in [key for key, pending in self._pending.items() if pending.until_ns <= now_ns]:
            pending = self._pending.pop(signal_id)
            if self.news is not None and not pending.unanswered:
                self.news.of_signal(pending.signal, OrderChange.UNANSWERED, Reason.OUTCOME_UNKNOWN)

    def _end_denied(self, signal: Signal, answer: Message | None) -> None:
        self._pending.pop(signal.signal_id, None)
        if self.news is None:
            return
        if isinstance(answer, Denied):
            self.news.of_signal(signal, OrderChange.DENIED, answer.reason, figures=answer.figures)
        elif isinstance(answer, Ack):
            self.news.of_signal(signal, OrderChange.DENIED, answer.reason, answer.text)

    def _end_unanswered(self, signal: Signal, outcome: Outcome) -> None:
        unsent = outcome is Outcome.NOT_SENT
        pending = self._pending.pop(signal.signal_id, None) if unsent else self._pending.get(signal.signal_id)
        if pending is None or self.news is None:
            return
        pending.unanswered = True
        if unsent:
            self.news.of_signal(signal, OrderChange.UNSENT, Reason.RISK_GONE)
        else:
            self.news.of_signal(signal, OrderChange.UNANSWERED, Reason.OUTCOME_UNKNOWN)

    def _take_history(self, reply: Reply) -> None:
        self.trigger, self.muted = None, False
        if self.history is not None:
            self.history(reply)

    def _end_cancel(self, reply: Reply) -> None:
        asked, ack = reply.request, reply.message
        if reply.outcome is not ANSWERED:
            self._ctx.count(Counter.CANCELS_UNANSWERED)
        taken = isinstance(ack, Ack) and ack.accepted
        if isinstance(asked, CancelAll):
            self._cancels_ended(asked.strategy, taken)
        elif isinstance(asked, CancelOrder) and not taken and self.news is not None:
            reason, text = (ack.reason, ack.text) if isinstance(ack, Ack) else (int(Reason.OUTCOME_UNKNOWN), "")
            self.news.of_cancel(asked.client_order_id, reason, text)

    def is_known(self, account: TradedAccount) -> bool:
        """Return whether all order events of an account are here."""
        return self._ctx.stream_state(account.publisher, account.stream) is LIVE

    def _may_ask(self, traded: TradedInstrument) -> bool:
        ctx, account = self._ctx, traded.account
        if ctx.stream_state(account.publisher, account.stream) is not LIVE:
            self.refusal = Reason.EXECUTION_UNAVAILABLE
        elif self.muted:
            self.refusal = Reason.STALE_MARKET_DATA
        else:
            fault = traded.feed.fault(ctx, self.age_ns_max)
            if fault is None:
                return True
            self.refusal = fault[0]
        return False

    def _causes(self, feed: MarketView) -> tuple[Cause, ...]:
        """Return what a signal rests on, each once: the message that is being handled, and the market."""
        header = self.trigger
        found: list[Cause] = [] if header is None else [(header.stream, header.epoch, header.seq)]
        feed.add_causes(found)
        return tuple(found)
