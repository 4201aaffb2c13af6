"""Modes as agents tell them, read again."""

import pytest

from agents.risk.modes import Modes
from agents.state.trading_states import TradingStates
from mesh.operate.trading_modes import operator_mode, parse, scope_text
from schemas.messages import TradingState
from schemas.orders import Reason, TradingMode


@pytest.mark.parametrize(("strategy", "instrument"), [("", 0), ("ema_cross", 0), ("", 2), ("ema_cross", 2)])
@pytest.mark.parametrize("text", ["a reason", "", "with: colons: and\nlines"])
def test_what_the_agents_tell_is_found_again(strategy: str, instrument: int, text: str) -> None:
    states = TradingStates()
    states.apply(TradingState(int(TradingMode.HALTED), text, 0, strategy, instrument))
    states.apply(TradingState(int(TradingMode.REDUCING), "lost", int(Reason.DAILY_LOSS), strategy, instrument))
    lines = states.figures()
    assert operator_mode(lines, scope_text(strategy, instrument)) is TradingMode.HALTED
    assert operator_mode(lines, scope_text("another", instrument)) is TradingMode.ACTIVE
    found = parse(lines[1])
    assert found is not None
    assert (found.mode, found.by, found.text) == (TradingMode.REDUCING, "DAILY_LOSS", "lost")


def test_what_a_limit_set_is_not_the_operators() -> None:
    assert operator_mode(["REDUCING all: DAILY_LOSS: 11000 of 10000"], scope_text("", 0)) is TradingMode.ACTIVE


def test_what_risk_tells_of_a_peer_is_not_its_own() -> None:
    modes = Modes({"execution": 1})
    modes.apply_of("execution", TradingState(int(TradingMode.HALTED), "x"))
    assert modes.figures()
    assert operator_mode(modes.figures(), scope_text("", 0)) is TradingMode.ACTIVE


def test_a_line_that_is_no_mode_says_nothing() -> None:
    assert parse("CLOSED venue: 3 probes succeeded") is None
    assert parse("whatever") is None
