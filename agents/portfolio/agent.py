"""Portfolio agent: exact positions, profit and equity of accounts, from their order events and marks.

Every amount is a fold of the accounts' ORDER streams from their first event, so a restart rebuilds it; the method is
average cost (see `agents.state.positions`). An account begins with what its venue says that it holds at the first
agreement (`agents.state.holdings`), and equity is what is held, valued at the marks: nothing is taken from a number in a
file. What only the market told (what came in by no trade was worth so much; day's start; peak) is folded from the own log.

Several accounts make one desk: its equity is that of all, in one currency, and each account's own is told beside it. A
joined currency that is not worth one any more closes what is quoted in it to new positions (`agents.portfolio.pegs`).

Nothing of an account is published while its order events are not complete, and no equity while it is not known, so that a
restart writes no false points into the series.

This file is compiled (`agent.pxd`).
"""

from collections.abc import Mapping, Sequence

from agents.instruments import InstrumentInfo
from agents.portfolio.booked_differences import TEXT_MAX, BookedDifferences
from agents.portfolio.currencies import Currencies
from agents.portfolio.equity_scope import EquityScope
from agents.portfolio.followed_account import FollowedAccount
from agents.portfolio.inflows import Inflows
from agents.portfolio.logged_state import VERSION, LoggedAccounts
from agents.portfolio.marks import Mark, MarkTable
from agents.portfolio.pegs import PegWatch
from agents.portfolio.valuation import Valuation, bounded, fees_by_asset
from agents.state.account import Account
from agents.state.positions import Ledger, text_e8, text_of
from core.frame import Header
from mesh.agent import Agent, Context, Handlers, Reply, Request, Start, Subscription
from schemas.config import PortfolioConfig
from schemas.counters import Counter
from schemas.figures import PortfolioFigures
from schemas.messages import (
    E8,
    Ack,
    Equity,
    EquityReset,
    FundingSettled,
    InflowValued,
    Message,
    OrderFilled,
    Position,
    Reconciled,
    ResetRequest,
    TradingState,
    Transfer,
)
from schemas.streams import AGENT_STREAM, Kind, StreamState, stream_id
from schemas.units import MS

EQUITY_STREAM = stream_id(Kind.EQUITY, 0, 0)
"""Where the desk's equity is told, and what came into any account."""
LIVE = StreamState.LIVE
OPERATOR = 0
"""Number of who asks by hand."""
EQUITY, PEGS = "equity", "pegs"
"""Timers."""
PEG_LOOKS = 10
"""How often a currency is looked at in the time that it must be away from one."""
MEASURED_ANEW = "equity is measured from what the accounts hold, no more from cash in the configuration"


class PortfolioAgent(Agent):
    """Follows accounts and marks; publishes positions and the equity series."""

    restores = frozenset({Equity, EquityReset, InflowValued, Position, TradingState})
    anchored = VERSION

    def __init__(
        self,
        config: PortfolioConfig,
        infos: Mapping[int, InstrumentInfo],
        accounts: Sequence[FollowedAccount],
        marks: Mapping[int, Mark],
        currencies: Currencies,
        valuation: Valuation,
        pegs: PegWatch,
    ) -> None:
        """Follow `accounts`, and `marks` by instrument number; count in `currencies`."""
        self._config = config
        self._infos = infos
        self._marks = marks
        self._currencies = currencies
        self._valuation = valuation
        self._pegs = pegs
        self._table = MarkTable({(e.publisher, e.stream): e.account for e in accounts}, list(marks.values()))
        self._accounts = accounts
        self._by_account = {each.account: each for each in accounts}
        self._inflows = Inflows()
        for each in accounts:
            self._inflows.follow(each.venue_id, each.account.holdings)
        self._desk = EquityScope(0, accounts, valuation, self._inflows)
        self._own: list[EquityScope] = []
        """The equity of each account, if there are several."""
        if len(accounts) > 1:
            self._own = [EquityScope(each.venue_id, [each], valuation, self._inflows) for each in accounts]
        self._scopes = [*self._own, self._desk]
        self._bookings = BookedDifferences()
        self._published: dict[int, Position] = {}
        self.logged = self._logged = LoggedAccounts(accounts, self._scopes, self._inflows, marks, pegs)

    def handlers(self) -> Handlers:
        """Have what is followed take each message."""
        return Handlers(self, message=self._table)

    def bind(self, ctx: Context) -> None:
        """Take the context, for what is followed too."""
        super().bind(ctx)
        for each in self._accounts:
            each.bind(ctx)
        self._valuation.bind(ctx)
        self._bookings.bind(ctx)
        self._logged.bind(ctx)
        self._table.bind(ctx, self)

    def subscriptions(self) -> Sequence[Subscription]:
        """Follow every order event from the first one, and of each mark and trade the newest."""
        orders = [
            Subscription(publisher=e.publisher, stream=e.stream, start=Start.FIRST, whole=True) for e in self._accounts
        ]
        marks = [
            Subscription(publisher=mark.publisher, stream=stream, conflate=True)
            for mark in self._marks.values()
            for stream in (mark.stream, mark.trades)
            if stream
        ]
        return [*orders, *marks]

    def start(self) -> None:
        """Start the equity series; one of an earlier version was measured from another beginning."""
        self.ctx.set_timer(EQUITY, self.ctx.now_ns + self._config.equity_interval_ms * MS)
        if self._desk.series.last is not None and not self._inflows.openings_e8:
            self._begin_anew(self._desk, MEASURED_ANEW, peak=True, day_start=True)
        self._look_at_pegs()

    def on_stream_state(self, publisher: str, stream: int, state: StreamState) -> None:
        """Publish everything of an account once its order events are complete."""
        for each in self._accounts:
            if state is LIVE and (each.publisher, each.stream) == (publisher, stream):
                each.check.begin(self.ctx.now_ns)
                self._publish_changes()

    def on_timer(self, name: str) -> None:
        """Publish the equity, and the positions that marks have moved; or look at what currencies are worth."""
        for mark in self._marks.values():
            mark.settle(self.ctx.now_ns)
        if name == PEGS:
            self._look_at_pegs()
            return
        self.ctx.set_timer(name, self.ctx.now_ns + self._config.equity_interval_ms * MS)
        self._publish_changes()

    def snapshot(self, stream: int) -> Message | None:
        """Return the last published position of an instrument."""
        position = self._published.get(stream & 0xFFFF)
        return position if position is not None and stream == self._position_stream(stream & 0xFFFF) else None

    def figures(self) -> PortfolioFigures:
        """Return positions and money as decimal strings, the number of fills, and what is wrong with either."""
        accounts = [each.account for each in self._accounts]
        ledgers = [ledger for account in accounts for ledger in account.ledgers.values()]
        wall_ns = self.ctx.wall_ns
        desk = self._desk.figures(wall_ns)
        return PortfolioFigures(
            positions={ledger.info.name: text_e8(ledger.net_qty_e8) for ledger in ledgers},
            pnl=desk.pnl,
            fills=sum(ledger.fills for ledger in ledgers),
            fees_by_asset={asset: text_e8(value) for asset, value in fees_by_asset(ledgers).items()},
            opening=desk.opening,
            transfers=desk.transfers,
            not_known=desk.not_known,
            dead_marks={name: text_of(px_e9, 9) for name, px_e9 in self._valuation.dead_marks(accounts).items()},
            doubted_marks={
                mark.info.name: f"{text_of(mark.doubted_e9, 9)}, mark {text_of(mark.px_e9, 9)}"
                for mark in self._valuation.doubted()
            },
            not_valued={asset: text_e8(value) for asset, value in self._valuation.not_valued(accounts).items()},
            differences={
                f"{each.name}:{asset}" if self._own else asset: text_e8(value)
                for each in self._accounts
                for asset, value in each.check.differences_e8.items()
            },
            accounts={scope.accounts[0].name: scope.figures(wall_ns) for scope in self._own},
            currency=self._currencies.currency,
            currencies=self._pegs.worth(),
            depegged=self._pegs.figures(),
        )

    # What the accounts tell

    def before_fill(self, account: Account, fill: OrderFilled) -> None:
        """Value what came in, of the fill's instrument at the fill if it has no mark yet."""
        each = self._by_account[account]
        if each.is_complete():
            self._value_inflows(each)
        info = self._infos[fill.instrument_id]
        ledger = account.ledgers.get(info.id)
        self._inflows.before_fill(each.venue_id, account.holdings, ledger, info.px_e8(fill.last_px_ticks))

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
            self._logged.order_seq[number] = header.seq
            self._logged.event_ns[number] = fill.ts_event_ns
        each = self._by_account[account]
        if each.is_complete():
            each.check.note_booking({config.base, config.quote, asset}, self.ctx.now_ns)
            for number in changed:
                self._publish_position(account.ledgers[number], header.corr)
            for scope in self._scopes:
                if each in scope.accounts:
                    self._publish_equity(scope)

    def on_balances(self, account: Account, header: Header, message: Reconciled | Transfer | FundingSettled) -> None:
        """Hold what the venue tells against what is booked, and publish what that, a transfer or funding has changed."""
        if isinstance(message, FundingSettled):
            self._logged.order_seq[message.instrument_id] = header.seq
            self._logged.event_ns[message.instrument_id] = message.ts_event_ns
        each = self._by_account[account]
        if not each.is_complete():
            return
        if isinstance(message, Transfer):
            each.check.note_transfer(message.asset, account.holdings.last_transfer_e8)
        if not isinstance(message, Reconciled):
            each.check.note_booking([message.asset], self.ctx.now_ns)
        elif each.check.agree(self.ctx.now_ns):
            self.ctx.count(Counter.BALANCES_DIFFERENT)
        self._publish_changes()

    # What is published

    def _publish_changes(self) -> None:
        complete = [each for each in self._accounts if each.is_complete()]
        for each in complete:
            self._value_inflows(each)
        for each in complete:
            state = each.check.change(self.ctx.now_ns, self.ctx.wall_ns)
            if state is not None:
                self.ctx.publish(AGENT_STREAM, state)
        for each in complete:
            for ledger in each.account.ledgers.values():
                self._publish_position(ledger)
        for scope in self._scopes:
            self._publish_equity(scope)

    def _value_inflows(self, each: FollowedAccount) -> None:
        for valued in self._inflows.due(each.venue_id, each.account.holdings, self._valuation, self.ctx.wall_ns):
            self.ctx.publish(EQUITY_STREAM, valued)

    def _publish_position(self, ledger: Ledger, corr: int = 0) -> None:
        position = self._position(ledger)
        if position != self._published.get(ledger.info.id):
            self._published[ledger.info.id] = position
            self.ctx.publish(self._position_stream(ledger.info.id), position, corr)

    def _publish_equity(self, scope: EquityScope) -> None:
        if not scope.is_complete():
            return
        equity = scope.next_known(self.ctx.wall_ns)
        if equity is None:
            self.ctx.count(Counter.EQUITY_NOT_KNOWN)
            return
        scope.series.take(equity)
        self.ctx.publish(scope.stream, equity)

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
            ts_event_ns=self._logged.event_ns.get(number, 0),
            order_seq=self._logged.order_seq.get(number, 0),
            net_qty=text_e8(ledger.net_qty_e8),
            avg_px=text_of(ledger.avg_px_e16, 16),
            mark_px=text_of(mark_px_e9, 9),
            funding_e8=bounded(ledger.funding_e16 // E8),
        )

    def _position_stream(self, instrument_id: int) -> int:
        return self._infos[instrument_id].stream(Kind.POSITION)

    def _look_at_pegs(self) -> None:
        for _ in self._pegs.look(self.ctx.now_ns):
            self.ctx.count(Counter.CURRENCIES_DEPEGGED)
        for state in self._pegs.changes(self.ctx.wall_ns):
            self.ctx.publish(AGENT_STREAM, state)
        if self._currencies.marked:
            self.ctx.set_timer(PEGS, self.ctx.now_ns + max(self._pegs.grace_ns // PEG_LOOKS, MS))

    # What operators ask

    def on_request(self, request: Request) -> None:
        """Have peak or day's start begin anew, or differences of balances booked."""
        asked = request.message
        if not isinstance(asked, ResetRequest):
            self._refuse(request, f"portfolio does not take {type(asked).__name__}")
        elif request.header.sender != OPERATOR:
            self._refuse(request, "only an operator may reset")
        elif asked.balances:
            if not self._bookings.begin(request, asked.text, self._accounts):
                self._refuse(request, "the venue's balances are what fills and transfers add up to")
        elif asked.peak or asked.day_start:
            self._reset(request, asked)
        else:
            self._refuse(request, "name what is to be reset: peak, day_start or balances")

    def on_reply(self, reply: Reply) -> None:
        """Answer the operator when every transfer was booked or refused."""
        self._bookings.take(reply)

    def _reset(self, request: Request, asked: ResetRequest) -> None:
        """Begin peak or day's start anew, of the desk and of each account."""
        why = self._desk.not_known()
        before = self._desk.series.last
        if why or before is None:
            self._refuse(request, f"there is no equity now to begin anew at: {why}")
            return
        for scope in self._scopes:
            self._begin_anew(scope, asked.text, peak=asked.peak, day_start=asked.day_start)
            self._publish_equity(scope)
        now = self._desk.series.last or before
        changes = [
            f"peak {text_e8(before.peak_equity_e8)} -> {text_e8(now.peak_equity_e8)}",
            f"day's start {text_e8(before.day_start_equity_e8)} -> {text_e8(now.day_start_equity_e8)}",
        ]
        self.ctx.reply(request, Ack(accepted=True, text=", ".join(changes)))

    def _begin_anew(self, scope: EquityScope, text: str, *, peak: bool, day_start: bool) -> None:
        scope.series.begin_anew(peak=peak, day_start=day_start)
        self.ctx.publish(scope.stream, EquityReset(self.ctx.wall_ns, peak=peak, day_start=day_start, text=text))

    def _refuse(self, request: Request, text: str) -> None:
        self.ctx.reply(request, Ack(accepted=False, text=text[:TEXT_MAX]))
