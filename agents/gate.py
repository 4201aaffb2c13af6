"""The gate that every order passes: what risk does with each tick, each order event and each signal.

It keeps the market and the account up to date, has a signal judged, and sends what may pass to execution. The approval is
in the log before anyone hears of it, and holds its quantity from then on. The same signal gets the same answer.

This file is compiled (`gate.pxd`); what comes seldom (halts, cancels, proofs) is left to the agent in `agents.risk`.
"""

from collections.abc import Callable, Mapping

from agents.account import Account
from agents.decisions import Decisions
from agents.feed import KINDS, Feed
from agents.judge import Judge
from agents.limits import Denial
from agents.order_ids import client_order_id
from agents.reservations import Reservations
from core.frame import Header
from core.stream_table import StreamTable
from mesh.agent import Context, Request
from mesh.engine import answer_of, ask_of, now_of, publish_of, wall_of
from mesh.taker import Taker
from schemas.config import RiskConfig
from schemas.messages import (
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
)
from schemas.orders import Reason
from schemas.streams import Kind, stream_id


class Gate(Taker):
    """Takes one account's messages and signals, and decides."""

    def __init__(
        self,
        config: RiskConfig,
        feeds: Mapping[int, Feed],
        order_stream: int,
        account: Account,
        judge: Judge,
        decisions: Decisions,
        reservations: Reservations,
    ) -> None:
        """Decide on the instruments of `feeds`; `order_stream` carries the account's order events."""
        self._execution = config.execution
        self._submit_ttl_ms = config.submit_ttl_ms
        self._feeds = dict(feeds)
        self._by_stream = StreamTable({feed.info.stream(kind): feed for feed in feeds.values() for kind in KINDS})
        self._decision_streams = {number: stream_id(Kind.DECISION, 0, number) for number in (0, *feeds)}
        self._order_stream = order_stream
        self._account = account
        self._judge = judge
        self._decisions = decisions
        self._reservations = reservations
        self._approvals = 0
        self._started_ms = 0
        self._equity_cause: Cause | None = None

    def bind(self, ctx: Context, take_other: Callable[[Request], None]) -> None:
        """Take the agent's context, and what takes requests that are not signals."""
        self._ctx = ctx
        self._sender = ctx.sender
        self._epoch = ctx.epoch
        self._take_other = take_other

    def begin(self, started_ms: int) -> None:
        """Note when this epoch began, which its order ids tell."""
        self._started_ms = started_ms

    def take(self, publisher: str, header: Header, message: Message) -> None:
        """Apply one message of the market, the account or its equity."""
        feed = self._by_stream.get(header.stream)
        if feed is not None:
            feed.apply(header, message, now_of(self._ctx), wall_of(self._ctx))
        elif header.stream == self._order_stream:
            self._take_order(header, message)
        elif type(message) is Equity:
            self._judge.set_equity(message, now_of(self._ctx), wall_of(self._ctx))
            self._equity_cause = (header.stream, header.epoch, header.seq)
        elif type(message) is Instrument:
            self._judge.set_filters(message)

    def take_request(self, request: Request) -> None:
        """Decide a signal; hand on any other request."""
        message = request.message
        if type(message) is Signal:
            self._decide(request, request.header, message)
        else:
            self._take_other(request)

    def _take_order(self, header: Header, message: Message) -> None:
        self._account.apply(header, message, now_of(self._ctx))
        if type(message) is OrderUpdated or type(message) is OrderInitialized or type(message) is OrderFilled:
            self._reservations.confirm(message.client_order_id)

    def _decide(self, request: Request, header: Header, signal: Signal) -> None:
        answer = self._decisions.answer_to(header.sender, header.epoch, signal)
        if answer is not None:
            self._ctx.count("signals_repeated")
            answer_of(self._ctx, request, answer)
            return
        denial: Denial | None
        if self._decisions.used(header.sender, header.epoch, signal.signal_id):
            denial = Denial(Reason.DUPLICATE_ID, {"signal_id": signal.signal_id, "signal_epoch": header.epoch})
        else:
            denial = self._judge.judge(self._ctx, signal)
        if denial is None:
            self._approve(request, header, signal)
        else:
            self._deny(request, header, signal, denial)

    def _approve(self, request: Request, header: Header, signal: Signal) -> None:
        self._approvals += 1
        ctx, signal_id, instrument_id = self._ctx, signal.signal_id, signal.instrument_id
        terms = (
            client_order_id(self._sender, self._epoch, self._approvals, self._started_ms),
            signal.strategy,
            instrument_id,
            signal.side,
            signal.qty_lots,
            signal.price_ticks,
            signal.time_in_force,
            self._causes(signal, instrument_id),
        )
        approved = Approved(signal_id, *terms, header.sender, header.epoch)
        publish_of(ctx, self._decision_stream(instrument_id), approved, signal_id)
        self._decisions.add(approved)
        self._reservations.hold(approved, now_of(ctx))
        # The order goes first: nobody waits for the answer to the signal.
        ask_of(ctx, self._execution, SubmitOrder(*terms), self._submit_ttl_ms, signal_id)
        answer_of(ctx, request, approved)

    def _deny(self, request: Request, header: Header, signal: Signal, denial: Denial) -> None:
        denied = Denied(
            signal_id=signal.signal_id,
            strategy=signal.strategy,
            instrument_id=signal.instrument_id,
            reason=int(denial.reason),
            figures=denial.figures,
            causes=self._causes(signal, signal.instrument_id),
            signal_sender=header.sender,
            signal_epoch=header.epoch,
        )
        publish_of(self._ctx, self._decision_stream(signal.instrument_id), denied, signal.signal_id)
        self._decisions.add(denied)
        answer_of(self._ctx, request, denied)

    def _causes(self, signal: Signal, instrument_id: int) -> tuple[Cause, ...]:
        """Return what the decision rests on, each once: what the signal rests on, the market, the account, its equity."""
        found = list(signal.causes)
        feed = self._feeds.get(instrument_id)
        if feed is not None:
            feed.add_causes(found)
        for cause in (self._account.cause, self._equity_cause):
            if cause is not None and cause not in found:
                found.append(cause)
        return tuple(found)

    def _decision_stream(self, instrument_id: int) -> int:
        return self._decision_streams[instrument_id if instrument_id in self._decision_streams else 0]
