"""A circuit breaker: each way from state to state."""

import pytest

from agents.state.breaker import BreakerState, CircuitBreaker
from schemas.config import BreakerConfig
from schemas.units import MS, SECOND

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
CONFIG = BreakerConfig(failures_max=3, window_ms=10_000, wait_ms=1_000, wait_ms_max=3_000, probes=2)


def opened() -> CircuitBreaker:
    breaker = CircuitBreaker("create", CONFIG)
    for at in range(3):
        breaker.fail(at * SECOND, 0, "timeout")
    assert breaker.state is OPEN
    return breaker


def half_open() -> CircuitBreaker:
    breaker = opened()
    breaker.on_time(breaker.retry_ns, 0)
    assert breaker.state is HALF_OPEN
    return breaker


def test_failures_within_the_window_open_it():
    breaker = CircuitBreaker("create", CONFIG)
    assert breaker.fail(0, 0, "timeout") is None
    assert breaker.fail(10 * SECOND, 0, "timeout") is None
    change = breaker.fail(10 * SECOND, 5, "timeout")
    assert change is not None
    assert (change.breaker, change.state, change.ts_ns, change.wait_ns) == ("create", OPEN, 5, 1_000 * MS)
    assert change.text == "3 failures: timeout"


def test_failures_that_are_further_apart_do_not():
    breaker = CircuitBreaker("create", CONFIG)
    for at in range(0, 100, 6):
        assert breaker.fail(at * SECOND, 0, "timeout") is None


def test_a_grave_failure_opens_it_at_once_for_as_long_as_it_says():
    breaker = CircuitBreaker("create", CONFIG)
    change = breaker.trip(0, 0, "banned", wait_ns=120 * SECOND)
    assert change is not None
    assert breaker.retry_ns == change.wait_ns == 120 * SECOND
    assert breaker.trip(SECOND, 0, "banned again", wait_ns=120 * SECOND) is None
    assert breaker.retry_ns == 121 * SECOND


def test_it_lets_a_probe_through_when_the_wait_is_over():
    breaker = opened()
    assert breaker.on_time(breaker.retry_ns - 1, 0) is None
    change = breaker.on_time(breaker.retry_ns, 0)
    assert change is not None
    assert change.state == HALF_OPEN


def test_probes_that_succeed_close_it():
    breaker = half_open()
    assert breaker.succeed(0) is None
    change = breaker.succeed(0)
    assert change is not None
    assert breaker.closed
    assert breaker.text == ""


def test_a_probe_that_fails_opens_it_for_twice_as_long_up_to_the_most():
    breaker, now, waits = half_open(), 100 * SECOND, []
    for _ in range(3):
        breaker.succeed(0)
        change = breaker.fail(now, 0, "still")
        assert change is not None
        waits.append(change.wait_ns // MS)
        now = breaker.retry_ns
        breaker.on_time(now, 0)
    assert waits == [2_000, 3_000, 3_000]


def test_successes_while_closed_and_failures_while_open_change_nothing():
    breaker = CircuitBreaker("create", CONFIG)
    assert breaker.succeed(0) is None
    assert opened().fail(99 * SECOND, 0, "late") is None


def test_an_operator_closes_it():
    breaker = opened()
    change = breaker.reset(0, "looked at")
    assert change is not None
    assert breaker.closed
    assert breaker.reset(0, "again") is None


@pytest.mark.parametrize("make", [opened, half_open])
def test_what_was_not_closed_is_open_after_a_restart_and_waits_anew(make):
    first = make()
    change = first.trip(0, 0, "x") or first.fail(0, 0, "x")
    again = CircuitBreaker("create", CONFIG)
    again.restore(change or CircuitBreaker("create", CONFIG).trip(0, 0, "x"), 50 * SECOND)
    assert again.state is OPEN
    assert again.retry_ns == 51 * SECOND
