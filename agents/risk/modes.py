"""The trading modes that risk holds orders against: its own, and those that its peers tell of themselves.

Risk's own table is what operators and limits that tripped have set; it is folded from risk's log. Execution and portfolio
publish modes too (an operator's word while risk was down, an account that does not agree with the venue). None overrules
another: for an order the strictest of all that fit holds.

This file is compiled (`modes.pxd` has the C types): each signal asks, and mostly nothing is set anywhere.
"""

from collections.abc import Mapping

from agents.state.trading_states import TradingStates
from schemas.messages import TradingState


class Modes:
    """The trading modes of a desk, by who set them; `venues` are its accounts by execution agent.

    What an execution agent publishes without naming an account is of its own.
    """

    def __init__(self, venues: Mapping[str, int]) -> None:
        """Begin with everything ACTIVE."""
        self._venues = dict(venues)
        self.own = TradingStates()
        self.peers: dict[str, TradingStates] = {}
        self.any = False
        """Whether any mode but ACTIVE is set; while none is, nothing need be looked up."""

    def apply(self, state: TradingState) -> bool:
        """Take a mode of risk's own; return whether that changed anything."""
        changed = self.own.apply(state)
        self._weigh()
        return changed

    def apply_of(self, peer: str, state: TradingState) -> None:
        """Take a mode that a peer has published."""
        self.peers.setdefault(peer, TradingStates()).apply(state)
        self._weigh()

    def strictest(self, venue_id: int, strategy: str, instrument_id: int) -> TradingState | None:
        """Return the strictest mode for an order of a strategy in an instrument on an account, None if it is ACTIVE."""
        found = self.own.of(venue_id, strategy, instrument_id)
        for peer, states in self.peers.items():
            state = states.of(venue_id, strategy, instrument_id) if self._is_of(peer, venue_id) else None
            if state is not None and (found is None or state.mode > found.mode):
                found = state
        return found

    def in_force(self, venue_id: int, but_of: str = "") -> list[TradingState]:
        """Return every mode that is set for an account, by whomever but the peer `but_of`."""
        peers = [states for peer, states in self.peers.items() if peer != but_of and self._is_of(peer, venue_id)]
        states = [*self.own.modes.values(), *(state for each in peers for state in each.modes.values())]
        return [state for state in states if state.venue_id in (0, venue_id)]

    def figures(self) -> list[str]:
        """Return each mode in a line for people, risk's own first, a peer's behind its name."""
        lines = self.own.figures()
        for peer, states in self.peers.items():
            lines += [f"{peer}: {line}" for line in states.figures()]
        return lines

    def _is_of(self, peer: str, venue_id: int) -> bool:
        """Return whether what a peer tells may be of an account: execution's is of its own."""
        return self._venues.get(peer, venue_id) == venue_id

    def _weigh(self) -> None:
        self.any = self.own.any or any(states.any for states in self.peers.values())
