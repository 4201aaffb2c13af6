"""The gate that every order passes: what risk does with each tick, each order event and each signal.

It keeps the markets and the accounts up to date, has a signal judged, and sends what may pass to execution. The approval is
in the log before anyone hears of it, and holds its quantity from then on. What execution is sent is that very record: an
order cannot be asked for without a published decision, nor in other terms. The same signal gets the same answer.

This file is compiled (`decision_path.pxd`); what comes seldom (halts, cancels, proofs) is left to the agent in
`agents.risk`.
"""

from collections.abc import Callable

from agents.risk.decisions import Decisions
from agents.risk.desk import Desk
from agents.risk.judged_account import JudgedAccount
from agents.risk.judged_market import JudgedMarket
from agents.risk.limits import Denial
from agents.risk.order_ids import client_order_id
from agents.risk.pre_trade import PreTradeChecks
from agents.state.market_view import KINDS, Figures
from agents.state.message_fields import ORDER_FILLED, ORDER_INITIALIZED, ORDER_UPDATED, SIGNAL
from core.frame import Header
from core.stream_table import StreamTable
from mesh.context import Context, Request
from mesh.message_handler import MessageHandler
from schemas.counters import Counter
from schemas.messages import (
    AccountMargin,
    Approved,
    Cause,
    Denied,
    Equity,
    Instrument,
    Message,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
    Signal,
    SubmitOrder,
    VenueClock,
)
from schemas.orders import Reason
from schemas.streams import Kind, stream_id

NO_INSTRUMENT = stream_id(Kind.DECISION, 0, 0)
"""Where it is said that an instrument is not known."""


class DecisionPath(MessageHandler):
    """Takes the messages of all accounts, and signals, and decides."""

    def __init__(
        self,
        submit_ttl_ms: int,
        desk: Desk,
        checks: PreTradeChecks,
        decisions: Decisions,
    ) -> None:
        """Decide on the markets of `checks`, for the accounts of `desk`."""
        self._markets = checks.markets
        feeds = {number: market.feed for number, market in checks.markets.items()}
        self._feeds = list(feeds.values())
        self._submit_ttl_ms = submit_ttl_ms
        self._by_stream = StreamTable({feed.info.stream(kind): feed for feed in self._feeds for kind in KINDS})
        self._first = desk.accounts[0]
        """Mostly there is one account."""
        self._accounts = StreamTable({account.order_stream: account for account in desk.accounts})
        self._margins = StreamTable({account.margin_stream: account for account in desk.accounts})
        equities = (desk.equity, *(account.equity for account in desk.accounts))
        self._equities = StreamTable({equity.stream: equity for equity in equities})
        self._desk_equity = desk.equity
        self._checks = checks
        self._decisions = decisions
        self._submissions: dict[int, str] = {}
        """By request, the client order ids of submissions that have not ended."""
        self._approvals = 0
        self._started_ms = 0

    def bind(
        self, ctx: Context, take_other: Callable[[Request], None], take_notice: Callable[[str, Message], None]
    ) -> None:
        """Take the agent's context, what takes requests that are not signals, and what peers tell of themselves."""
        self._ctx = ctx
        self._sender = ctx.sender
        self._epoch = ctx.epoch
        self._take_other = take_other
        self._take_notice = take_notice

    def begin(self, started_ms: int) -> None:
        """Note when this epoch began, which its order ids tell."""
        self._started_ms = started_ms

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        """Apply one message of a market, an account or its equity."""
        feed = self._by_stream.get(header.stream)
        if feed is not None:
            feed.apply(header, message, self._ctx.now_ns, self._ctx.wall_ns)
        elif header.stream == self._first.order_stream:
            self._take_order(self._first, header, message)
        elif (own := self._accounts.get(header.stream)) is not None:
            self._take_order(own, header, message)
        elif type(message) is Equity:
            self._take_equity(header, message)
        elif type(message) is AccountMargin:
            self._take_margin(header, message)
        elif type(message) is Instrument:
            self._checks.set_filters(message)
        elif type(message) is VenueClock:
            for feed in self._feeds:
                feed.take_clock(publisher, header.stream, message)
        else:
            self._take_notice(publisher, message)

    def can_wait(self) -> bool:
        """Return True: what is conflated are prices, and a decision comes with something else."""
        return True

    def on_request(self, request: Request) -> None:
        """Decide a signal; hand on any other request."""
        message = request.message
        if type(message) is Signal:
            self._decide(request, request.header, message)
        else:
            self._take_other(request)

    def end_submission(self, request_id: int) -> str:
        """Return the client order id of a submission, which has ended now."""
        return self._submissions.pop(request_id)

    def _take_order(self, own: JudgedAccount, header: Header, message: Message) -> None:
        fill = own.account.apply(header, message, self._ctx.now_ns)
        if type(message) is OrderUpdated:
            own.reservations.confirm(ORDER_UPDATED.client_order_id.of(message))
        elif type(message) is OrderInitialized:
            own.reservations.confirm(ORDER_INITIALIZED.client_order_id.of(message))
        elif type(message) is OrderFilled:
            own.reservations.confirm(ORDER_FILLED.client_order_id.of(message))
            if fill is not None and own.margin_power.margin is not None:
                own.margin_power.book(fill)

    def _take_equity(self, header: Header, message: Equity) -> None:
        known = self._equities.get(header.stream)
        if known is not None:
            known.take(header, message, self._ctx.now_ns, self._ctx.wall_ns)

    def _take_margin(self, header: Header, message: AccountMargin) -> None:
        own = self._margins.get(header.stream)
        if own is not None:
            own.margin_power.take(message, self._ctx.now_ns, self._ctx.wall_ns)

    def _decide(self, request: Request, header: Header, signal: Signal) -> None:
        if self._decisions.used(header.sender, header.epoch, SIGNAL.signal_id.of(signal)):
            self._repeat(request, header, signal)
            return
        denial = self._checks.judge(self._ctx, signal)
        if denial is None:
            self._approve(request, header.sender, header.epoch, signal)
        else:
            self._deny(request, header, signal, denial)

    def close(self, signal: Signal) -> Denial | None:
        """Decide on an order of risk's own, to close a position on an operator's word; return why it may not be sent."""
        denial = self._checks.judge(self._ctx, signal, True)
        if denial is None:
            self._approve(None, self._sender, self._epoch, signal)
        return denial

    def _repeat(self, request: Request, header: Header, signal: Signal) -> None:
        """Answer as before, or deny another signal of the same id."""
        answer = self._decisions.answer_to(header.sender, header.epoch, signal)
        if answer is None:
            figures: Figures = {"signal_id": signal.signal_id, "signal_epoch": header.epoch}
            self._deny(request, header, signal, Denial(Reason.DUPLICATE_ID, figures))
            return
        self._ctx.count(Counter.SIGNALS_REPEATED)
        self._ctx.reply(request, answer)

    def _approve(self, request: Request | None, sender: int, epoch: int, signal: Signal) -> None:
        self._approvals += 1
        ctx, signal_id, instrument_id = self._ctx, SIGNAL.signal_id.of(signal), SIGNAL.instrument_id.of(signal)
        market = self._markets[instrument_id]
        order_id = client_order_id(self._sender, self._epoch, self._approvals, self._started_ms)
        strategy, side, qty_lots = SIGNAL.strategy.of(signal), SIGNAL.side.of(signal), SIGNAL.qty_lots.of(signal)
        price_ticks, time_in_force = SIGNAL.price_ticks.of(signal), SIGNAL.time_in_force.of(signal)
        causes = self._causes(signal, market)
        approved = Approved(
            signal_id,
            order_id,
            strategy,
            instrument_id,
            side,
            qty_lots,
            price_ticks,
            time_in_force,
            causes,
            sender,
            epoch,
            SIGNAL.exec_inst.of(signal),
            SIGNAL.lifetime_ms.of(signal),
            SIGNAL.take_profit_ticks.of(signal),
            SIGNAL.stop_ticks.of(signal),
            SIGNAL.replaces.of(signal),
        )
        ctx.publish(market.decision_stream, approved, signal_id)
        # The order goes first: nobody waits for the answer to the signal, and nothing is judged before this handler ends.
        submission = SubmitOrder(ctx.published_record())
        request_id = ctx.request(market.account.execution, submission, self._submit_ttl_ms, signal_id)
        self._decisions.add(approved)
        market.account.reservations.hold(approved, ctx.now_ns)
        if request is not None:
            ctx.reply(request, approved)
        self._submissions[request_id] = order_id

    def _deny(self, request: Request, header: Header, signal: Signal, denial: Denial) -> None:
        market = self._markets.get(signal.instrument_id)
        stream = NO_INSTRUMENT if market is None else market.decision_stream
        denied = Denied(
            signal_id=signal.signal_id,
            strategy=signal.strategy,
            instrument_id=signal.instrument_id,
            reason=int(denial.reason),
            figures=denial.figures,
            causes=self._causes(signal, market),
            signal_sender=header.sender,
            signal_epoch=header.epoch,
        )
        self._ctx.publish(stream, denied, signal.signal_id)
        self._decisions.add(denied)
        self._ctx.reply(request, denied)

    def _causes(self, signal: Signal, market: JudgedMarket | None) -> tuple[Cause, ...]:
        """Return what the decision rests on, each once: what the signal rests on, the market, the account, equity."""
        found: list[Cause] = list(SIGNAL.causes.of(signal))
        own = self._first if market is None else market.account
        if market is not None:
            market.feed.add_causes(found)
        own.account.add_cause(found)
        own.equity.add_cause(found)
        if own.equity is not self._desk_equity:
            self._desk_equity.add_cause(found)
        return tuple(found)
