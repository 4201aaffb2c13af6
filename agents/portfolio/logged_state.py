"""What a portfolio knows from logs: accounts from their order events, and from its own log what only the market told.

That is day's start and peak, the price of what came in, the last marks, and alarms. The price of something that came in is
only kept until its event is in the account; from then on the account has it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from agents.portfolio.equity_scope import EquityScope
from agents.portfolio.followed_account import FollowedAccount
from agents.portfolio.inflows import AnchoredInflows, Inflows
from agents.portfolio.marks import Mark
from agents.portfolio.pegs import PegWatch
from agents.state import account_anchor
from agents.state.account_anchor import AnchoredAccount
from core.frame import Header
from mesh.context import Context
from schemas.errors import FrameError
from schemas.messages import Equity, EquityReset, InflowValued, Message, Position, TradingState
from schemas.orders import Reason

VERSION = 2
"""Of `_AccountsState`."""


class _ScopeState(msgspec.Struct, frozen=True, array_like=True):
    stream: int
    last: Equity | None
    day: int
    anew: tuple[bool, bool]


class _FollowedState(msgspec.Struct, frozen=True, array_like=True):
    venue_id: int
    account: AnchoredAccount
    told_trouble: bool


class _AccountsState(msgspec.Struct, frozen=True, array_like=True):
    accounts: list[_FollowedState]
    scopes: list[_ScopeState]
    inflows: AnchoredInflows
    marks_e9: dict[int, str]
    depegged: list[TradingState]
    order_seq: dict[int, int]
    event_ns: dict[int, int]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_AccountsState)


class LoggedAccounts:
    """The parts of a portfolio that logs are folded into."""

    def __init__(
        self,
        accounts: Sequence[FollowedAccount],
        scopes: Sequence[EquityScope],
        inflows: Inflows,
        marks: Mapping[int, Mark],
        pegs: PegWatch,
    ) -> None:
        """Take them."""
        self.order_seq: dict[int, int] = {}
        """By instrument, which event of its account changed the position last."""
        self.event_ns: dict[int, int] = {}
        """And the venue's time of it."""
        self._accounts = accounts
        self._scopes = scopes
        self._inflows = inflows
        self._marks = marks
        self._pegs = pegs

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def restore(self, header: Header, message: Message) -> None:
        """Take day's start and peak from the equity series, prices of what came in, the last marks, and alarms."""
        if isinstance(message, Equity | EquityReset):
            for scope in self._scopes:
                if scope.stream == header.stream:
                    scope.series.restore(message)
        elif isinstance(message, InflowValued):
            self._inflows.take(message)
            for each in self._accounts:
                if each.venue_id == message.venue_id:
                    self._inflows.settle(message, each.account.holdings)
        elif isinstance(message, Position):
            mark = self._marks.get(message.instrument_id)
            if mark is not None and message.mark_px_e8:
                mark.restore(message.mark_px_e8 * 10)
        elif isinstance(message, TradingState) and message.reason == Reason.CURRENCY_DEPEGGED:
            self._pegs.restore(message)
        elif isinstance(message, TradingState) and message.reason == Reason.RECONCILIATION_TROUBLE:
            for each in self._accounts:
                if each.venue_id == message.venue_id:
                    each.check.restore(message)

    def anchor(self) -> bytes:
        """Return all of it as plain values."""
        accounts = [
            _FollowedState(each.venue_id, account_anchor.anchored(each.account), each.check.told_trouble)
            for each in self._accounts
        ]
        return _ENCODER.encode(
            _AccountsState(
                accounts=accounts,
                scopes=[_ScopeState(each.stream, *each.series.state()) for each in self._scopes],
                inflows=self._inflows.anchored({each.venue_id: each.account.seq for each in accounts}),
                marks_e9={number: str(mark.px_e9) for number, mark in sorted(self._marks.items()) if mark.px_e9},
                depegged=self._pegs.told(),
                order_seq=self.order_seq,
                event_ns=self.event_ns,
            )
        )

    def resume(self, data: bytes) -> None:
        """Begin with what `anchor` returned.

        Raises:
            FrameError: If it cannot be read; nothing has changed then.
        """
        try:
            state = _DECODER.decode(data)
        except msgspec.MsgspecError as error:
            raise FrameError(f"{len(data)} bytes are no state of a portfolio: {error}") from error
        self._inflows.resume(state.inflows)
        by_venue = {each.venue_id: each for each in state.accounts}
        for each in self._accounts:
            if each.venue_id in by_venue:
                account_anchor.resume(each.account, by_venue[each.venue_id].account, self._ctx.now_ns)
                each.check.told_trouble = by_venue[each.venue_id].told_trouble
        by_stream = {each.stream: each for each in state.scopes}
        for scope in self._scopes:
            if scope.stream in by_stream:
                found = by_stream[scope.stream]
                scope.series.resume(found.last, found.day, found.anew)
        for number, text in state.marks_e9.items():
            if number in self._marks:
                self._marks[number].restore(int(text))
        for told in state.depegged:
            self._pegs.restore(told)
        self.order_seq.update(state.order_seq)
        self.event_ns.update(state.event_ns)
