"""Orders whose owners are gone: without risk whatever opens a position is canceled, without a signal agent what it wanted.

An agent is there while its own stream (`AGENT_STREAM`) is LIVE. It is gone when that was not LIVE for a time
(`peer_timeout_ms`), and then its orders are looked at again after each such time, until it is back: one may have been on
its way, or open a position only since another one traded. An agent that has not come since our start is waited for
`START_TIMES` as long: a mesh starts execution first, and the others one after another.

What closes a position is left alone, and so are orders that are not ours. That market data is gone is for risk to act on:
it knows which markets an order rests on, and cancels what opens in one that is stale (`CancelAll`, opening only). If risk
cannot, everything that opens goes anyway.
"""

from collections.abc import Iterable, Mapping

from agents.execution.mass_cancel import MassCancel
from agents.instruments import InstrumentInfo
from mesh.agent import Subscription
from mesh.context import Context
from schemas.config import Config, RiskConfig, SignalConfig
from schemas.orders import Reason
from schemas.streams import AGENT_STREAM, StreamState
from schemas.units import MS

PEER = "peer:"

START_TIMES = 5

Traded = frozenset[tuple[str, int]]
"""Pairs of a strategy and the number of an instrument that it trades."""


class PeerWatch:
    """Watches the agents that own orders, and has those canceled that nobody owns any more."""

    def __init__(
        self, risks: Iterable[str], signals: Mapping[str, Traded], timeout_ms: int, mass_cancel: MassCancel
    ) -> None:
        """Watch risk agents by name, and signal agents with what their strategies trade."""
        self._risks = frozenset(risks)
        self._signals = dict(signals)
        self._timeout_ns = timeout_ms * MS
        self._mass_cancel = mass_cancel
        self._waiting: set[str] = set()
        """Peers that are not there; each has a timer."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def subscriptions(self) -> list[Subscription]:
        """Return what tells whether each peer is there."""
        return [Subscription(peer, AGENT_STREAM) for peer in sorted(self._risks | self._signals.keys())]

    def start(self) -> None:
        """Begin to wait for the peers that are not there yet."""
        for peer in sorted(self._risks | self._signals.keys()):
            if self._ctx.stream_state(peer, AGENT_STREAM) is not StreamState.LIVE:
                self._wait_for(peer, START_TIMES * self._timeout_ns)

    def on_stream_state(self, peer: str, stream: int, state: StreamState) -> None:
        """Take note that a peer is there, or is not."""
        if stream != AGENT_STREAM or not (peer in self._risks or peer in self._signals):
            return
        if state is StreamState.LIVE:
            self._waiting.discard(peer)
            self._ctx.cancel_timer(PEER + peer)
        elif peer not in self._waiting:
            self._wait_for(peer, self._timeout_ns)

    def _wait_for(self, peer: str, duration_ns: int) -> None:
        self._waiting.add(peer)
        self._ctx.set_timer(PEER + peer, self._ctx.now_ns + duration_ns)

    def on_timer(self, name: str) -> None:
        """Cancel what a peer that is gone has left, and look again later."""
        peer = name.removeprefix(PEER)
        if peer not in self._waiting:
            return
        self._ctx.set_timer(name, self._ctx.now_ns + self._timeout_ns)
        if peer in self._risks:
            self._mass_cancel.opening(Reason.RISK_GONE)
        else:
            self._mass_cancel.opening_of(Reason.STRATEGY_GONE, self._left_by(peer))

    def heard_risk(self) -> str:
        """Return a risk agent that was heard of lately, empty if none was: it may be late, and there all the same."""
        heard = [p for p in self._risks if self._ctx.stream_state(p, AGENT_STREAM) is not StreamState.DOWN]
        return min(heard, default="")

    def _left_by(self, gone: str) -> Traded:
        """Return what only agents that are not there trade, of what `gone` does."""
        there = [traded for peer, traded in self._signals.items() if peer not in self._waiting]
        return self._signals[gone].difference(*there)


def traded_by_signals(name: str, config: Config, instruments: list[InstrumentInfo]) -> dict[str, Traded]:
    """Return what the strategies of each signal agent trade on the account of the execution agent `name`."""
    risks = {risk for risk, role in config.agents.items() if isinstance(role, RiskConfig) and name in role.execution}
    return {
        peer: frozenset(
            (strategy.name, info.id)
            for strategy in role.strategies
            for symbol in strategy.instruments
            for info in instruments
            if info.is_named(symbol)
        )
        for peer, role in config.agents.items()
        if isinstance(role, SignalConfig) and role.risk in risks
    }
