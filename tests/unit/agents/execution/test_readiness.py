"""An account takes orders from the pass that agrees with the venue until something makes it doubtful."""

from agents.execution.readiness import Readiness
from schemas.orders import Reason


def test_a_pass_that_shows_nothing_leaves_what_was_proven():
    readiness = Readiness()
    assert (readiness.reconciled, readiness.trouble) == (False, "starting")
    readiness.agree()
    readiness.note("timed out")
    assert (readiness.reconciled, readiness.trouble) == (True, "timed out")
    readiness.lose("private stream closed")
    assert (readiness.reconciled, readiness.trouble) == (False, "private stream closed")
    readiness.agree()
    assert (readiness.reconciled, readiness.trouble) == (True, "")


def test_what_bars_opening_is_told_until_whoever_said_it_lifts_it():
    readiness = Readiness()
    readiness.agree()
    readiness.bar("clock", Reason.VENUE_CLOCK, "off by an hour")
    readiness.bar("breaker", Reason.BREAKER_OPEN, "5 failures")
    assert (readiness.barred, readiness.reason, readiness.text) == (True, Reason.VENUE_CLOCK, "off by an hour")
    assert readiness.told == "off by an hour; 5 failures"
    readiness.lift("clock")
    readiness.lift("clock")
    assert (readiness.barred, readiness.reason, readiness.told) == (True, Reason.BREAKER_OPEN, "5 failures")
    readiness.lift("breaker")
    assert (readiness.barred, readiness.reason, readiness.text, readiness.told) == (False, 0, "", "")


def test_once_closed_it_stays_so():
    readiness = Readiness()
    readiness.close("going")
    readiness.agree()
    assert (readiness.closed, readiness.reconciled) == ("going", True)
