"""The clock that compiled code reads is the one that Python tells."""

import time

from mesh.clock import monotonic_ns


def test_it_is_the_monotonic_clock():
    before = time.monotonic_ns()
    found = monotonic_ns()
    assert before <= found <= time.monotonic_ns()
