"""Portfolio agent: exact positions, profit and equity of accounts, from their order events and marks.

Every amount is a fold of the accounts' ORDER streams from their first event, so a restart rebuilds it; the method is
average cost (see `agents.state.positions`). An account begins with what its venue says that it holds at the first
agreement (`agents.state.holdings`), and equity is what is held, valued at the marks: nothing is taken from a number in a
file. What only the market told (what came in by no trade was worth so much; day's start; peak) is folded from the own log.

Nothing is published while an account's order events are not complete, and no equity while it is not known, so that a
restart writes no false points into the series.

This file is compiled (`agent.pxd`).
"""

from collections.abc import Mapping, Sequence

from agents.instruments import InstrumentInfo
from agents.portfolio.balance_check import BalanceCheck
from agents.portfolio.equity_series import EquityParts, EquitySeries
from agents.portfolio.inflows import Inflows
from agents.portfolio.marks import Mark, MarkTable
from agents.portfolio.valuation import Valuation, bounded, fees_by_asset, fits
from agents.state.account import Account
from agents.state.positions import Ledger, text_e8, text_of
from core.frame import Header
from mesh.agent import Agent, Context, Handlers, Outcome, Reply, Request, Start, Subscription
from schemas.config import PortfolioConfig
from schemas.counters import Counter
from schemas.figures import PnlFigures, PortfolioFigures
from schemas.messages import (
    E8,
    Ack,
    Equity,
    EquityReset,
    InflowValued,
    Message,
    OrderFilled,
    Position,
    Reconciled,
    ResetRequest,
    TradingState,
    Transfer,
)
from schemas.orders import Reason
from schemas.streams import AGENT_STREAM, Kind, StreamState, stream_id, stream_venue
from schemas.units import MS

EQUITY_STREAM = stream_id(Kind.EQUITY, 0, 0)
LIVE = StreamState.LIVE
OPERATOR = 0
"""Number of who asks by hand."""
BOOK_TTL_MS = 2_000
TEXT_MAX = 400
MEASURED_ANEW = "equity is measured from what the accounts hold, no more from cash in the configuration"


class FollowedAccount:
    """One account: who publishes its order events, and whether the venue holds what they come to."""

    def __init__(self, publisher: str, stream: int, account: Account, valuation: Valuation) -> None:
        """Compare balances as far as `valuation` says that they matter."""
        self.publisher = publisher
        self.stream = stream
        self.account = account
        self.venue_id = stream_venue(stream)
        self.check = BalanceCheck(self.venue_id, account.holdings, lambda asset: valuation.tolerance_e8(account, asset))


class _Booking:
    """Differences that execution was asked to book on an operator's word."""

    def __init__(self, request: Request, waiting: int) -> None:
        self.request = request
        self.waiting = waiting
        self.booked: list[str] = []
        self.refused: list[str] = []


class PortfolioAgent(Agent):
    """Follows accounts and marks; publishes positions and the equity series."""

    restores = frozenset({Equity, EquityReset, InflowValued, Position, TradingState})

    def __init__(
        self,
        config: PortfolioConfig,
        infos: Mapping[int, InstrumentInfo],
        accounts: Mapping[tuple[str, int], Account],
        marks: Mapping[int, Mark],
        valuation: Valuation,
    ) -> None:
        """Follow `accounts` by (publisher, ORDER stream), and `marks` by instrument number."""
        self._config = config
        self._infos = infos
        self._marks = marks
        self._valuation = valuation
        self._table = MarkTable(accounts, list(marks.values()))
        self._accounts = [FollowedAccount(*source, account, valuation) for source, account in accounts.items()]
        self._by_account = {each.account: each for each in self._accounts}
        self._series = EquitySeries()
        self._inflows = Inflows()
        for each in self._accounts:
            self._inflows.follow(each.venue_id, each.account.holdings)
        self._published: dict[int, Position] = {}
        self._order_seq: dict[int, int] = {}
        self._event_ns: dict[int, int] = {}
        self._bookings: dict[int, _Booking] = {}

    def handlers(self) -> Handlers:
        """Have what is followed take each message."""
        return Handlers(self, message=self._table)

    def bind(self, ctx: Context) -> None:
        """Take the context, for what is followed too."""
        super().bind(ctx)
        self._valuation.bind(ctx)
        self._table.bind(ctx, self)

    def restore(self, header: Header, message: Message) -> None:
        """Take day's start and peak from the equity series, prices of what came in, and the last marks."""
        if isinstance(message, Equity | EquityReset):
            self._series.restore(message)
        elif isinstance(message, InflowValued):
            self._inflows.take(message)
        elif isinstance(message, Position):
            mark = self._marks.get(message.instrument_id)
            if mark is not None and message.mark_px_e8:
                mark.restore(message.mark_px_e8 * 10)
        elif isinstance(message, TradingState) and message.reason == Reason.RECONCILIATION_TROUBLE:
            for each in self._accounts:
                if each.venue_id == message.venue_id:
                    each.check.restore(message)

    def subscriptions(self) -> Sequence[Subscription]:
        """Follow every order event from the first one, and of each mark and trade the newest."""
        orders = [Subscription(publisher=e.publisher, stream=e.stream, start=Start.FIRST) for e in self._accounts]
        marks = [
            Subscription(publisher=mark.publisher, stream=stream, conflate=True)
            for mark in self._marks.values()
            for stream in (mark.stream, mark.trades)
            if stream
        ]
        return [*orders, *marks]

    def start(self) -> None:
        """Start the equity series; one of an earlier version was measured from another beginning."""
        self.ctx.set_timer("equity", self.ctx.now_ns + self._config.equity_interval_ms * MS)
        if self._series.last is not None and not self._inflows.openings_e8:
            self._begin_anew(MEASURED_ANEW, peak=True, day_start=True)

    def on_stream_state(self, publisher: str, stream: int, state: StreamState) -> None:
        """Publish everything once the order events of every account are complete."""
        for each in self._accounts:
            if state is LIVE and (each.publisher, each.stream) == (publisher, stream):
                each.check.begin(self.ctx.now_ns)
                self._publish_changes()

    def on_timer(self, name: str) -> None:
        """Publish the equity, and the positions that marks have moved."""
        self.ctx.set_timer(name, self.ctx.now_ns + self._config.equity_interval_ms * MS)
        for mark in self._marks.values():
            mark.settle(self.ctx.now_ns)
        self._publish_changes()

    def snapshot(self, stream: int) -> Message | None:
        """Return the last published position of an instrument."""
        position = self._published.get(stream & 0xFFFF)
        return position if position is not None and stream == self._position_stream(stream & 0xFFFF) else None

    def figures(self) -> PortfolioFigures:
        """Return positions and money as decimal strings, the number of fills, and what is wrong with either."""
        ledgers = self._valuation.ledgers()
        parts = self._valuation.parts(self._inflows)
        equity = self._series.next(self.ctx.wall_ns, parts)
        return PortfolioFigures(
            positions={ledger.info.name: text_e8(ledger.net_qty_e8) for ledger in ledgers.values()},
            pnl=PnlFigures(
                realised=text_e8(equity.realised_e8),
                unrealised=text_e8(equity.unrealised_e8),
                fees=text_e8(equity.fees_e8),
                equity=text_e8(equity.equity_e8),
            ),
            fills=sum(ledger.fills for ledger in ledgers.values()),
            fees_by_asset={asset: text_e8(value) for asset, value in fees_by_asset(ledgers.values()).items()},
            opening=text_e8(equity.opening_e8),
            transfers=text_e8(equity.transfers_e8),
            not_known=self._not_known(parts),
            dead_marks=self._valuation.dead_marks(),
            doubted_marks=self._valuation.doubted_marks(),
            not_valued=self._valuation.not_valued(),
            differences={
                asset: text_e8(value) for each in self._accounts for asset, value in each.check.differences_e8.items()
            },
        )

    # What the accounts tell

    def before_fill(self, account: Account, fill: OrderFilled) -> None:
        """Value what came in, of the fill's instrument at the fill if it has no mark yet."""
        if self._complete():
            self._value_inflows()
        info = self._infos[fill.instrument_id]
        ledger = account.ledgers.get(info.id)
        self._inflows.before_fill(account.holdings, ledger, info.px_e8(fill.last_px_ticks))

    def on_fill(self, account: Account, header: Header, fill: OrderFilled) -> None:
        """Publish what a fill has changed, once it is booked: its own position, and that its commission was paid in."""
        changed = [fill.instrument_id]
        asset = fill.commission_asset
        config = self._infos[fill.instrument_id].config
        if fill.commission_e8 and asset not in (config.base, config.quote):
            paid_in = account.holdings.position_in(asset)
            if paid_in is not None:
                changed.append(paid_in)
            elif not self._valuation.is_valued(asset):
                self.ctx.count(Counter.FEES_NOT_VALUED)
        for number in changed:
            self._order_seq[number] = header.seq
            self._event_ns[number] = fill.ts_event_ns
        if self._complete():
            self._by_account[account].check.note_booking({config.base, config.quote, asset}, self.ctx.now_ns)
            for number in changed:
                self._publish_position(number, header.corr)
            self._publish_equity()

    def on_balances(self, account: Account, header: Header, message: Reconciled | Transfer) -> None:
        """Hold what the venue tells against what is booked, and publish what that or a transfer has changed."""
        if not self._complete():
            return
        check = self._by_account[account].check
        if isinstance(message, Transfer):
            check.note_transfer(message.asset, account.holdings.last_transfer_e8)
            check.note_booking([message.asset], self.ctx.now_ns)
        elif check.agree(self.ctx.now_ns):
            self.ctx.count(Counter.BALANCES_DIFFERENT)
        self._publish_changes()

    # What is published

    def _publish_changes(self) -> None:
        if not self._complete():
            return
        self._value_inflows()
        for each in self._accounts:
            state = each.check.change(self.ctx.now_ns, self.ctx.wall_ns)
            if state is not None:
                self.ctx.publish(AGENT_STREAM, state)
        for instrument_id in self._valuation.ledgers():
            self._publish_position(instrument_id)
        self._publish_equity()

    def _value_inflows(self) -> None:
        for each in self._accounts:
            holdings = each.account.holdings
            for valued in self._inflows.due(each.venue_id, holdings, self._valuation.price_of, self.ctx.wall_ns):
                self.ctx.publish(EQUITY_STREAM, valued)

    def _publish_position(self, instrument_id: int, corr: int = 0) -> None:
        position = self._position(self._valuation.ledgers()[instrument_id])
        if position != self._published.get(instrument_id):
            self._published[instrument_id] = position
            self.ctx.publish(self._position_stream(instrument_id), position, corr)

    def _publish_equity(self) -> Equity | None:
        parts = self._valuation.parts(self._inflows)
        if self._not_known(parts):
            self.ctx.count(Counter.EQUITY_NOT_KNOWN)
            return None
        equity = self._series.next(self.ctx.wall_ns, parts)
        self._series.take(equity)
        self.ctx.publish(EQUITY_STREAM, equity)
        return equity

    def _not_known(self, parts: EquityParts) -> str:
        """Return why an equity of `parts` can not be published now, empty if it can."""
        if not self._complete():
            return "an account's order events are not complete"
        why = self._valuation.not_known()
        if not why and not fits(parts):
            return "the equity or a part of it is beyond 2**63 times 10**-8"
        return why

    def _position(self, ledger: Ledger) -> Position:
        mark_px_e9 = self._valuation.mark_e9(ledger)
        number = ledger.info.id
        return Position(
            instrument_id=number,
            net_qty_e8=bounded(ledger.net_qty_e8),
            avg_px_e8=bounded(ledger.avg_px_e8),
            mark_px_e8=bounded(mark_px_e9 // 10),
            realised_pnl_e8=bounded(ledger.realised_e16 // E8),
            unrealised_pnl_e8=bounded(ledger.unrealised_e17(mark_px_e9) // (10 * E8)),
            fees_e8=bounded(ledger.fees_e16 // E8),
            ts_event_ns=self._event_ns.get(number, 0),
            order_seq=self._order_seq.get(number, 0),
            net_qty=text_e8(ledger.net_qty_e8),
            avg_px=text_of(ledger.avg_px_e16, 16),
            mark_px=text_of(mark_px_e9, 9),
        )

    def _position_stream(self, instrument_id: int) -> int:
        return self._infos[instrument_id].stream(Kind.POSITION)

    def _complete(self) -> bool:
        return False not in [self.ctx.stream_state(each.publisher, each.stream) is LIVE for each in self._accounts]

    # What operators ask

    def on_request(self, request: Request) -> None:
        """Have peak or day's start begin anew, or differences of balances booked."""
        asked = request.message
        if not isinstance(asked, ResetRequest):
            self._refuse(request, f"portfolio does not take {type(asked).__name__}")
        elif request.header.sender != OPERATOR:
            self._refuse(request, "only an operator may reset")
        elif asked.balances:
            self._book_differences(request, asked)
        elif asked.peak or asked.day_start:
            self._reset(request, asked)
        else:
            self._refuse(request, "name what is to be reset: peak, day_start or balances")

    def _reset(self, request: Request, asked: ResetRequest) -> None:
        why = self._not_known(self._valuation.parts(self._inflows))
        before = self._series.last
        if why or before is None:
            self._refuse(request, f"there is no equity now to begin anew at: {why}")
            return
        self._begin_anew(asked.text, peak=asked.peak, day_start=asked.day_start)
        now = self._publish_equity() or before
        changes = [
            f"peak {text_e8(before.peak_equity_e8)} -> {text_e8(now.peak_equity_e8)}",
            f"day's start {text_e8(before.day_start_equity_e8)} -> {text_e8(now.day_start_equity_e8)}",
        ]
        self.ctx.reply(request, Ack(accepted=True, text=", ".join(changes)))

    def _begin_anew(self, text: str, *, peak: bool, day_start: bool) -> None:
        self._series.begin_anew(peak=peak, day_start=day_start)
        self.ctx.publish(EQUITY_STREAM, EquityReset(self.ctx.wall_ns, peak=peak, day_start=day_start, text=text))

    def _book_differences(self, request: Request, asked: ResetRequest) -> None:
        """Have execution book what differs as transfers: whoever follows the account's order events then has them."""
        transfers = [
            (each, Transfer(asset, text_e8(value_e8), self.ctx.wall_ns, self.ctx.wall_ns, asked.text))
            for each in self._accounts
            for asset, value_e8 in each.check.differences_e8.items()
        ]
        if not transfers:
            self._refuse(request, "the venue's balances are what fills and transfers add up to")
            return
        booking = _Booking(request, len(transfers))
        for each, transfer in transfers:
            self._bookings[self.ctx.request(each.publisher, transfer, ttl_ms=BOOK_TTL_MS)] = booking

    def on_reply(self, reply: Reply) -> None:
        """Answer the operator when every transfer was booked or refused."""
        booking = self._bookings.pop(reply.request_id, None)
        transfer, answer = reply.request, reply.message
        if booking is None or not isinstance(transfer, Transfer):
            return
        line = f"{transfer.asset} {transfer.amount}"
        if isinstance(answer, Ack) and answer.accepted:
            booking.booked.append(line)
        else:
            why = answer.text if isinstance(answer, Ack) else Outcome(reply.outcome).name
            booking.refused.append(f"{line}: {why}")
        booking.waiting -= 1
        if not booking.waiting:
            text = "; ".join(
                [
                    f"booked {', '.join(booking.booked) or 'nothing'}",
                    *(f"not booked {each}" for each in booking.refused),
                ]
            )
            self.ctx.reply(booking.request, Ack(accepted=not booking.refused, text=text[:TEXT_MAX]))

    def _refuse(self, request: Request, text: str) -> None:
        self.ctx.reply(request, Ack(accepted=False, text=text[:TEXT_MAX]))
