"""Trading modes in risk: its own and its peers', and the strictest of them for an order."""

from agents.risk.modes import Modes
from schemas.messages import TradingState
from schemas.orders import Reason, TradingMode

REDUCING, HALTED = int(TradingMode.REDUCING), int(TradingMode.HALTED)


def test_nothing_is_set_at_first():
    modes = Modes({"exec": 1})
    assert not modes.any
    assert modes.strictest(1, "x", 1) is None
    assert modes.in_force(1) == []


def test_the_strictest_of_own_and_peers_holds():
    modes = Modes({"exec": 1})
    assert modes.apply(TradingState(REDUCING, "loss", int(Reason.DAILY_LOSS), venue_id=1))
    modes.apply_of("exec", TradingState(HALTED, "stop", instrument_id=2))
    assert modes.any
    assert modes.strictest(1, "x", 1).text == "loss"
    assert modes.strictest(1, "x", 2).text == "stop"
    modes.apply(TradingState(int(TradingMode.ACTIVE), "", int(Reason.DAILY_LOSS), venue_id=1))
    assert modes.strictest(1, "x", 1) is None
    assert modes.any
    modes.apply_of("exec", TradingState(int(TradingMode.ACTIVE), "", instrument_id=2))
    assert not modes.any


def test_a_mode_of_another_account_does_not_hold():
    modes = Modes({"exec": 1})
    modes.apply_of("folio", TradingState(REDUCING, "trouble", int(Reason.RECONCILIATION_TROUBLE), venue_id=2))
    assert modes.strictest(1, "x", 1) is None
    assert modes.in_force(1) == []


def test_modes_in_force_are_all_but_those_of_the_peer_that_sees_to_its_own():
    modes = Modes({"exec": 1})
    modes.apply(TradingState(HALTED, "stop", strategy="x"))
    modes.apply_of("exec", TradingState(REDUCING, "ban", int(Reason.BREAKER_OPEN)))
    assert modes.figures() == ["HALTED strategy=x: operator: stop", "exec: REDUCING all: BREAKER_OPEN: ban"]
    assert [state.text for state in modes.in_force(1)] == ["stop", "ban"]
    assert [state.text for state in modes.in_force(1, but_of="exec")] == ["stop"]
