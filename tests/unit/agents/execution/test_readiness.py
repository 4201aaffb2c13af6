"""An account takes orders from the pass that agrees with the venue until something makes it doubtful."""

from agents.execution.readiness import Readiness


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


def test_once_closed_it_stays_so():
    readiness = Readiness()
    readiness.close("going")
    readiness.agree()
    assert (readiness.closed, readiness.reconciled) == ("going", True)
