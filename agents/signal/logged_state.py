"""What a signal agent knows from logs: its strategies' signals, states and breakers, and the accounts that they trade on.

Signals are counted, of what a strategy saved and of its breaker the last counts. Positions, open orders and balances are
folded from each account's events; a strategy that has an `on_fill` is told all its fills by a start, so they are kept, up
to as many as for one that is built anew. Market, bars and indicators are not in it: a start has them from the venue anew.
"""

from collections.abc import Mapping

import msgspec

from agents.signal.lifecycle import Lifecycle
from agents.signal.runner import HISTORY_MAX, Runner
from agents.signal.signal_client import SignalClient, TradedAccount
from agents.state import account_anchor
from agents.state.account_anchor import AnchoredAccount, AnchoredLedger
from core.frame import Header
from mesh.anchor import AnchorTooLargeError
from mesh.context import Context
from schemas.errors import FrameError
from schemas.messages import BreakerChanged, Message, OrderFilled, Signal, StrategyState

VERSION = 1
"""Of `_SignalState`."""


class _StrategyLife(msgspec.Struct, frozen=True, array_like=True):
    name: str
    signals: int
    saved: bytes
    breaker: BreakerChanged | None
    ledgers: list[AnchoredLedger]
    fills: int
    history: list[OrderFilled]


class _TradedState(msgspec.Struct, frozen=True, array_like=True):
    stream: int
    account: AnchoredAccount
    balances: list[tuple[str, str]]


class _SignalState(msgspec.Struct, frozen=True, array_like=True):
    strategies: list[_StrategyLife]
    accounts: list[_TradedState]
    signal_ids: list[tuple[str, int]]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_SignalState)


class LoggedStrategies:
    """The parts of a signal agent that logs are folded into."""

    def __init__(self, runners: Mapping[str, Runner], client: SignalClient, lifecycle: Lifecycle) -> None:
        """Take them."""
        self._runners = runners
        self._client = client
        self._lifecycle = lifecycle

    @property
    def counted_by(self) -> tuple[object, ...]:
        """What of the configuration the state is of: strategies, what is kept of their events, and accounts."""
        strategies = [
            (each.name, sorted(each.feeds), each.takes_fills, each.takes_orders) for each in self._runners.values()
        ]
        return (strategies, [(each.publisher, each.stream) for each in self._client.accounts])

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def restore(self, header: Header, message: Message) -> None:
        """Count the signals of earlier epochs, and fold what strategies saved and which of them were stopped."""
        if isinstance(message, Signal):
            if (runner := self._runners.get(message.strategy)) is not None:
                runner.strategy.ctx.signals += 1
        elif isinstance(message, StrategyState | BreakerChanged):
            self._lifecycle.restore(message)

    def anchor(self) -> bytes:
        """Return all of it as plain values.

        Raises:
            AnchorTooLargeError: If a strategy that is told its fills has more of them than are kept.
        """
        news = self._client.news
        return _ENCODER.encode(
            _SignalState(
                strategies=[self._life(runner) for runner in self._runners.values()],
                accounts=[_traded(each) for each in self._client.accounts],
                signal_ids=[] if news is None else list(news.signal_ids.items()),
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
            raise FrameError(f"{len(data)} bytes are no state of a signal agent: {error}") from error
        for life in state.strategies:
            self._resume(self._runners[life.name], life)
        accounts = {each.stream: each for each in self._client.accounts}
        for each in state.accounts:
            account_anchor.resume(accounts[each.stream].account, each.account, self._ctx.now_ns)
            accounts[each.stream].balances = dict(each.balances)
        if self._client.news is not None:
            self._client.news.signal_ids.update(state.signal_ids)

    def _life(self, runner: Runner) -> _StrategyLife:
        ctx = runner.strategy.ctx
        if runner.history is None:
            raise AnchorTooLargeError(
                f"strategy {runner.name} is told its fills by each start, and has more of them than {HISTORY_MAX}"
            )
        return _StrategyLife(
            name=runner.name,
            signals=ctx.signals,
            saved=ctx.saved,
            breaker=self._lifecycle.breakers.get(runner.name),
            ledgers=[account_anchor.ledger_state(number, ledger) for number, ledger in ctx.ledgers.items()],
            fills=runner.fills,
            history=runner.history,
        )

    def _resume(self, runner: Runner, life: _StrategyLife) -> None:
        ctx = runner.strategy.ctx
        ctx.signals, ctx.saved = life.signals, life.saved
        if life.breaker is not None:
            self._lifecycle.restore(life.breaker)
        for ledger in life.ledgers:
            account_anchor.resume_ledger(ctx.ledgers[ledger.instrument_id], ledger)
        runner.resume(life.fills, life.history)


def _traded(account: TradedAccount) -> _TradedState:
    return _TradedState(account.stream, account_anchor.anchored(account.account), list(account.balances.items()))
