"""What a tick costs: CPU time of processes by thread."""

import os
import time

from bench.cost import AGENT, cpu_time, per_tick

BUSY_S = 0.05
NAMED_S_MAX = 10.0


def test_cpu_time_is_that_of_the_kernel() -> None:
    pids = {"self": os.getpid()}
    before = cpu_time(pids)
    begun_s = time.process_time()
    while time.process_time() - begun_s < BUSY_S:
        pass
    took_ns = per_tick(before, cpu_time(pids), 10)["self"][AGENT]
    assert BUSY_S * 1e8 <= took_ns < BUSY_S * 4e8


def test_each_thread_is_told_by_what_it_does() -> None:
    import zmq

    with zmq.Context() as context, context.socket(zmq.PAIR) as socket:
        socket.bind("inproc://told")
        # A thread gives itself its name when it first runs.
        end_s = time.monotonic() + NAMED_S_MAX
        while "libzmq" not in cpu_time({"self": os.getpid()})["self"]:
            assert time.monotonic() < end_s
        assert set(cpu_time({"self": os.getpid()})["self"]) >= {AGENT, "libzmq"}
