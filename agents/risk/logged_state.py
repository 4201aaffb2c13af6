"""What risk knows from logs: decisions and modes from its own, accounts and their margin from each execution's.

Answers are remembered for the newest decisions; of older ones the highest signal id of each sender and epoch is, so the
state is bounded however long the logs are. What an order rests on, equity among it, is followed anew by each life.
"""

import msgspec

from agents.risk.decisions import Decisions
from agents.risk.desk import Desk
from agents.risk.judged_account import JudgedAccount
from agents.risk.modes import Modes
from agents.state import account_anchor
from agents.state.account_anchor import AnchoredAccount
from core.frame import Header
from mesh.context import Context
from schemas.errors import FrameError
from schemas.messages import AccountMargin, Approved, Denied, Message, Released, TradingState

VERSION = 1
"""Of `_DeskState`."""


class _JudgedState(msgspec.Struct, frozen=True, array_like=True):
    execution: str
    account: AnchoredAccount
    released: int
    reserved: list[tuple[str, int]]
    margin: AccountMargin | None
    margin_fills: list[tuple[int, str]]


class _DeskState(msgspec.Struct, frozen=True, array_like=True):
    approved: int
    denied: dict[str, int]
    remembered: list[tuple[Approved | None, Denied | None]]
    forgotten: list[tuple[int, int, int]]
    modes: list[TradingState]
    peers: dict[str, list[TradingState]]
    accounts: list[_JudgedState]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_DeskState)


class LoggedDesk:
    """The parts of a risk agent that logs are folded into."""

    def __init__(self, desk: Desk, decisions: Decisions, modes: Modes) -> None:
        """Take them."""
        self._desk = desk
        self._decisions = decisions
        self._modes = modes

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def restore(self, header: Header, message: Message) -> None:
        """Fold one event of risk's own log: decisions, releases and the trading state."""
        if isinstance(message, Approved):
            self._decisions.add(message)
            own = self._desk.of_instrument(message.instrument_id) or self._desk.accounts[0]
            own.reservations.hold(message, self._ctx.now_ns)
        elif isinstance(message, Denied):
            self._decisions.add(message)
        elif isinstance(message, Released):
            for own in self._desk.accounts:
                own.reservations.release(message.client_order_id)
        elif isinstance(message, TradingState):
            self._modes.apply(message)

    def anchor(self) -> bytes:
        """Return all of it as plain values."""
        decisions = self._decisions
        return _ENCODER.encode(
            _DeskState(
                approved=decisions.approved,
                denied=dict(sorted(decisions.denied.items())),
                remembered=[
                    (each, None) if isinstance(each, Approved) else (None, each) for each in decisions.remembered()
                ],
                forgotten=decisions.forgotten(),
                modes=list(self._modes.own.modes.values()),
                peers={peer: list(states.modes.values()) for peer, states in sorted(self._modes.peers.items())},
                accounts=[_judged_state(own) for own in self._desk.accounts],
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
            raise FrameError(f"{len(data)} bytes are no state of risk: {error}") from error
        decisions = [approved or denied for approved, denied in state.remembered]
        self._decisions.resume(state.approved, state.denied, [each for each in decisions if each], state.forgotten)
        for mode in state.modes:
            self._modes.apply(mode)
        for peer, modes in state.peers.items():
            for mode in modes:
                self._modes.apply_of(peer, mode)
        accounts = {each.execution: each for each in state.accounts}
        for own in self._desk.accounts:
            if own.execution in accounts:
                self._resume(own, accounts[own.execution])

    def _resume(self, own: JudgedAccount, state: _JudgedState) -> None:
        now_ns = self._ctx.now_ns
        account_anchor.resume(own.account, state.account, now_ns)
        own.reservations.resume(state.released, state.reserved, now_ns)
        if state.margin is not None:
            own.margin_power.resume(state.margin, state.margin_fills, now_ns, self._ctx.wall_ns)


def _judged_state(own: JudgedAccount) -> _JudgedState:
    return _JudgedState(
        own.execution,
        account_anchor.anchored(own.account),
        own.reservations.released,
        own.reservations.anchored(),
        own.margin_power.margin,
        own.margin_power.anchored(),
    )
