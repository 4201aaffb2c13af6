"""The reaper of one account: when it acts, and what it answers.

It follows what execution tells of itself, whose BEATs say that it lives. Execution that was not heard for `silence_ms`, or
never since the reaper began, has its orders canceled: first until nothing is left (`agents.reaper.sweep`), which is
published, then looked for again until the venue's own time for a create to arrive (`settle_ns`) is over, for the last one
may still have been on its way. After that the account is left alone, so that a person may trade it by hand, until execution
was heard again. Whenever execution is heard, everything is left to it at once.

An operator may have all canceled, or all of an instrument, as long as execution is not heard; and may ask at any time what
is open and held, by the venue's own word. Now and then the reaper looks at the account while all is well: one whose key or
network does not do any more is not `healthy` before it is needed.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from agents.instruments import InstrumentInfo, InstrumentTable
from agents.reaper.account_answers import AccountAnswers
from agents.reaper.account_calls import AccountCalls, AccountLook, held
from agents.reaper.account_clock import AccountClock
from agents.reaper.silence import LOOK_NS, Silence
from agents.reaper.sweep import SWEEP, Sweep
from agents.venues.adapters import ADAPTERS, kinds_with_accounts
from agents.venues.port import TradingAccount
from mesh.agent import Agent, Context, Request, Subscription, VenueReply
from mesh.agent_io import Shell
from schemas.config import Config, ExecutionConfig, ReaperConfig, VenueConfig
from schemas.counters import Counter
from schemas.errors import ConfigError
from schemas.figures import ReaperFigures
from schemas.messages import Ack, CancelAll, OpenOrdersRequest, OrdersReaped
from schemas.orders import Reason
from schemas.streams import AGENT_STREAM, StreamState
from schemas.units import MS

SILENCE, AGAIN, PROBE = "silence", "again", "probe"
"""Timers: count the silence; sweep again in case a create was on its way; look whether the account can be reached."""

AGAIN_NS = 3_000 * MS
"""How often to sweep again while a create may still be on its way."""
PROBE_AGAIN_NS = 5_000 * MS
"""How soon to look at the account again when it could not be looked at."""

WATCHING, SILENT, REAPING, SETTLING, REAPED = "watching", "silent", "reaping", "settling", "reaped"


class Reaper(Agent):
    """The role: cancels all orders of the account when its execution agent was silent for too long."""

    def __init__(
        self, config: ReaperConfig, instruments: list[InstrumentInfo], account: TradingAccount, down_ns: int
    ) -> None:
        """Take the account; `down_ns` is how long a publisher is silent when its streams are DOWN."""
        self._execution = config.execution
        self._silence_ms = config.silence_ms
        self._cause = ""
        self._repeat_ns = config.repeat_ms * MS
        self._probe_ns = config.probe_interval_ms * MS
        self._instruments = {info.id: info for info in instruments}
        self._account = account
        self._calls = AccountCalls(account)
        self._clock = AccountClock(self._calls)
        self._calls.clock_doubted = self._clock.ask
        self._answers = AccountAnswers(self._calls, self._instruments)
        self._silence = Silence(config.silence_ms * MS, down_ns)
        self._state = SILENT
        self._sweep: Sweep | None = None
        self._settled_ns = 0
        """When no create of execution can be on its way any more."""
        self._reached = False
        self._trouble = "the account was not looked at yet"
        self._last = OrdersReaped(0, 0, {}, "", 0)

    def bind(self, ctx: Context) -> None:
        """Take the context, for the calls too."""
        super().bind(ctx)
        self._calls.ctx = ctx

    def subscriptions(self) -> Sequence[Subscription]:
        """Follow what execution tells of itself."""
        return [Subscription(self._execution, AGENT_STREAM)]

    def start(self) -> None:
        """Begin to listen: an execution that is never heard is silent from now on."""
        self._silence.begin(self.ctx.now_ns)
        self.ctx.set_timer(SILENCE, self.ctx.now_ns + LOOK_NS)
        self._probe()

    def stopping(self) -> bool:
        """Cancel what an execution that fell silent has left, however short the silence is; done when nothing rests.

        After this nobody would. What an execution has left that said that it ends is not touched.
        """
        if self._state == SILENT and self._silence.fell:
            self._reap(f"{self._execution} fell silent, and its reaper is stopped")
        return self._sweep is None

    def on_stream_state(self, publisher: str, stream: int, state: StreamState) -> None:
        """Take that execution is heard again, or not any more."""
        was_heard = self._silence.heard
        self._silence.learn(state, self.ctx.now_ns)
        if self._silence.heard and not was_heard:
            self._leave_to_execution()
        elif was_heard and not self._silence.heard:
            self._state = SILENT
            self.ctx.set_timer(SILENCE, self.ctx.now_ns + LOOK_NS)

    def on_timer(self, name: str) -> None:
        """Count the silence, go on with a sweep, or look at the account."""
        if name == SILENCE:
            self._count_silence()
        elif name == SWEEP:
            assert self._sweep is not None, "its timer ends with it"
            self._sweep.begin_round()
        elif name == AGAIN:
            self._begin_sweep(self._instruments, self._cause)
        elif name == PROBE:
            self._probe()

    def on_venue_reply(self, reply: VenueReply) -> None:
        """Take the end of a call."""
        self._calls.ended(reply)

    def on_request(self, request: Request) -> None:
        """Cancel on an operator's word while execution is not heard, and tell what is open."""
        message = request.message
        if isinstance(message, CancelAll):
            self.ctx.reply(request, self._cancel_all(request, message))
        elif isinstance(message, OpenOrdersRequest):
            self._answers.on_request(request)
        else:
            self.ctx.reply(request, Ack(False, Reason.NONE, f"the reaper does not take {type(message).__name__}"))

    @property
    def healthy(self) -> bool:
        """Whether the account could be looked at when that was last tried."""
        return self._reached

    def figures(self) -> ReaperFigures:
        """Return whether it could act, what it does, and what it has done last."""
        sweep = self._sweep
        return ReaperFigures(
            armed=self._reached,
            state=self._state,
            silent_ms=0 if self._silence.heard else self._silence.silent_ns // MS,
            canceled=self._last.canceled if sweep is None else sweep.canceled,
            left=self._last.left if sweep is None else len(sweep.left),
            positions=self._last.positions,
            trouble=self._trouble if sweep is None or not sweep.trouble else sweep.trouble,
        )

    # Silence

    def _count_silence(self) -> None:
        if self._silence.heard:
            return
        self._silence.look(self.ctx.now_ns)
        if not self._silence.over:
            self.ctx.set_timer(SILENCE, self.ctx.now_ns + LOOK_NS)
            return
        self._reap(f"{self._execution} was silent for {self._silence_ms} ms")

    def _reap(self, cause: str) -> None:
        self.ctx.count(Counter.REAPS)
        self._state = REAPING
        self._cause = cause
        self._settled_ns = self.ctx.now_ns + self._account.settle_ns
        self.ctx.cancel_timer(SILENCE)
        self._begin_sweep(self._instruments, cause)

    def _leave_to_execution(self) -> None:
        """Do nothing any more: execution is there."""
        sweep, self._sweep = self._sweep, None
        self._state = WATCHING
        self.ctx.cancel_timer(SILENCE)
        self.ctx.cancel_timer(AGAIN)
        if sweep is not None:
            sweep.end()
            self._publish(sweep, f"{sweep.cause}; {self._execution} is heard again: what is left is left to it")

    # Sweeps

    def _begin_sweep(self, instruments: Mapping[int, InstrumentInfo], cause: str) -> None:
        before = self._sweep
        if before is not None:
            before.end()
            self._publish(before, f"{before.cause}; all are canceled now: {cause}")
        self._sweep = Sweep(self._calls, instruments, self._repeat_ns, cause, self._on_swept)
        self._sweep.begin_round()

    def _on_swept(self, sweep: Sweep) -> None:
        """Tell what was canceled, and look again as long as a create may be on its way."""
        self._sweep = None
        if self._state != SETTLING or sweep.canceled:
            self._publish(sweep, sweep.cause)
        if self._state in (REAPING, SETTLING):
            self._state = SETTLING if self.ctx.now_ns < self._settled_ns else REAPED
        if self._state == SETTLING:
            self.ctx.set_timer(AGAIN, self.ctx.now_ns + AGAIN_NS)

    def _publish(self, sweep: Sweep, text: str) -> None:
        positions = held(self._instruments, sweep.balances_e8, sweep.positions)
        others = f"; {sweep.others} in instruments that are not configured are left alone" if sweep.others else ""
        self._last = OrdersReaped(sweep.canceled, len(sweep.left), positions, text + others, self.ctx.wall_ns)
        self.ctx.count(Counter.ORDERS_REAPED, sweep.canceled)
        self.ctx.publish(AGENT_STREAM, self._last)

    # Requests

    def _cancel_all(self, request: Request, message: CancelAll) -> Ack:
        """Begin to cancel what an operator names; refuse it where that is not the reaper's."""
        if request.client:
            return Ack(
                False, Reason.FENCED, f"the reaper cancels on an operator's word, not on that of {request.client}"
            )
        if self._silence.heard:
            return Ack(False, Reason.FENCED, f"{self._execution} is alive: ask it")
        if message.strategy or message.opening_only:
            return Ack(
                False, Reason.NONE, "the reaper knows orders by their instrument only; cancel all, or all of one"
            )
        if message.instrument_id and message.instrument_id not in self._instruments:
            return Ack(False, Reason.INSTRUMENT_NOT_FOUND, f"instrument {message.instrument_id} is not of this account")
        if self._state in (REAPING, SETTLING):
            return Ack(True, text="all orders are being canceled")
        wanted = {number: info for number, info in self._instruments.items() if message.instrument_id in (0, number)}
        self._begin_sweep(wanted, "an operator asked for it")
        return Ack(True)

    # The account

    def _probe(self) -> None:
        self.ctx.set_timer(PROBE, self.ctx.now_ns + self._probe_ns)
        if not self._calls.wait_ns():
            self._clock.ask()
            self._calls.look(self._on_probed, balances=False)

    def _on_probed(self, look: AccountLook) -> None:
        self._reached = not look.trouble
        self._trouble = look.trouble
        if look.trouble:
            self.ctx.count(Counter.REAPER_LOOKS_FAILED)
            self.ctx.set_timer(PROBE, self.ctx.now_ns + PROBE_AGAIN_NS)


def build(name: str, config: Config) -> Reaper:
    """Return the agent `name` of the configuration.

    Raises:
        ConfigError: If its execution agent shares its process, or has no venue whose account can be traded, or execution
            would count as silent before its streams are DOWN.
    """
    own, execution, venue = _tables(name, config)
    if own.group and own.group == execution.group:
        raise ConfigError(f"agents.{name}.group: {own.group!r} is that of {own.execution} (allowed: another process)")
    down_ms = config.mesh.down_beats * config.mesh.beat_interval_ms
    if own.silence_ms < down_ms:
        allowed = f"allowed: at least mesh.down_beats beats, {down_ms}"
        raise ConfigError(f"agents.{name}.silence_ms: found {own.silence_ms} ({allowed})")
    kinds = kinds_with_accounts()
    if venue.kind not in kinds:
        raise ConfigError(
            f"agents.{name}.execution: {venue.name!r} is not a venue that takes orders of a kind in {kinds}"
        )
    instruments = InstrumentTable(config).traded_by(own.execution, execution)
    make_account = ADAPTERS[venue.kind].account
    assert make_account is not None, "a kind with an account"
    account = make_account(replace(venue, request_timeout_ms=own.call_timeout_ms), instruments)
    return Reaper(own, instruments, account, down_ms * MS)


def shell(name: str, config: Config, agent: Agent) -> Shell:
    """Return the agent's I/O: signed REST calls of the account.

    Raises:
        ConfigError: If the credentials are not configured or not there.
    """
    from agents.venues.credentials import load_credentials
    from agents.venues.http_ws import VenueShell
    from agents.venues.owner_proof import owner_of

    own, _, venue = _tables(name, config)
    if own.credentials:
        credentials = load_credentials(replace(venue, credentials=own.credentials), key=f"agents.{name}.credentials")
    else:
        credentials = load_credentials(venue)
    adapter = ADAPTERS[venue.kind]
    owner = owner_of(venue, adapter.identity)
    return VenueShell(venue.name, adapter.signer(venue, credentials), owner=owner)


def _tables(name: str, config: Config) -> tuple[ReaperConfig, ExecutionConfig, VenueConfig]:
    """Return the reaper's own table, that of its execution agent, and that of the venue."""
    own = config.agents[name]
    assert isinstance(own, ReaperConfig)
    execution = config.agents.get(own.execution)
    if not isinstance(execution, ExecutionConfig):
        raise ConfigError(f"agents.{name}.execution: {own.execution!r} is not an agent of role execution")
    venue = next((venue for venue in config.venues if venue.name == execution.venue), None)
    if venue is None:
        raise ConfigError(f"agents.{own.execution}.venue: {execution.venue!r} is not in venues")
    return own, execution, venue
