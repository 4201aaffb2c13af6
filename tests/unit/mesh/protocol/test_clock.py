"""The clock that compiled code reads is the one that Python tells, or what it is told to be."""

import time

from mesh.protocol.clock import Clock, monotonic_ns


def test_it_is_the_monotonic_clock():
    before = time.monotonic_ns()
    found = monotonic_ns()
    assert before <= found <= time.monotonic_ns()


def test_clock_tells_what_it_reads_and_without_anything_to_read_the_time_of_the_input() -> None:
    before = time.monotonic_ns()
    assert before <= Clock(time.monotonic_ns).now_ns(5) <= time.monotonic_ns()
    assert Clock(lambda: 7).now_ns(5) == 7
    assert Clock().now_ns(5) == 5
