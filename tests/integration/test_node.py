"""The live node: real processes over real sockets, from claim to ordered stop."""

import os
import resource
import shutil
import signal
import socket
import time
from pathlib import Path

import msgspec
import pytest

from schemas.config import PortfolioConfig
from schemas.messages import HaltRequest
from schemas.streams import StreamState
from tests.integration.live import Operator, end, make_config, node, roles, until
from tests.integration.node_process import LINGERS, STAYS
from tests.integration.ports import free_ports


@pytest.mark.parametrize("same_host", ["memory", "zmq"])
def test_follower_receives_every_publication_in_order(tmp_path: Path, same_host: str) -> None:
    config = make_config(tmp_path, roles(total=5000), same_host=same_host)
    with node(tmp_path, "md"), node(tmp_path, "ar"), Operator(config) as operator:
        until(lambda: operator.status("ar").figures.values["count"] == 5000)
        status = operator.status("ar")
    assert status.figures.values == {"count": 5000, "misplaced": 0}
    [link] = status.links
    assert (link.state, link.seq, link.lost) == (StreamState.LIVE, 5000, 0)
    assert link.received + link.repaired == 5000
    assert 10 << 20 < status.rss_bytes < 200 << 20


def test_agents_meet_over_tcp(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    agents = roles(total=500)
    agents["md"] = msgspec.structs.replace(agents["md"], tcp=f"127.0.0.1:{port}")
    config = make_config(tmp_path, agents)
    with node(tmp_path, "md"), node(tmp_path, "ar"), Operator(config) as operator:
        until(lambda: operator.status("ar").figures.values == {"count": 500, "misplaced": 0})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_process_in_order(tmp_path: Path, number: signal.Signals) -> None:
    config = make_config(tmp_path, roles(total=100))
    with node(tmp_path, "md") as md, Operator(config) as operator:
        until(lambda: operator.status("md").figures.values["published"] == 100)
        md.send_signal(number)
        assert end(md) == (0, "")


@pytest.mark.parametrize(("cash", "left"), [(LINGERS, 0), (STAYS, 0)])
def test_a_stop_waits_for_an_agent_that_is_not_ready_but_not_for_ever(tmp_path: Path, cash: str, left: int) -> None:
    agents = roles() | {"pf": PortfolioConfig(id=4, execution=(), market_data=(), cash=cash)}
    config = make_config(tmp_path, agents, stop_timeout_ms=1_000)
    with node(tmp_path, "pf") as pf, Operator(config) as operator:
        operator.status("pf")
        began_s = time.monotonic()
        pf.terminate()
        assert end(pf) == (0, f"stops, {left} left\nshell stopped\n")
    assert (time.monotonic() - began_s >= 0.8) == (cash == STAYS)


def test_epoch_rises_and_the_log_is_folded_at_each_start(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles(total=100))
    epochs = []
    for kill in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        with node(tmp_path, "md") as md, Operator(config) as operator:
            until(lambda operator=operator: operator.status("md").figures.values["published"] == 100)
            epochs.append(operator.status("md").epoch)
            md.send_signal(kill)
            end(md)
    assert epochs == [1, 2, 3]


def test_publisher_that_ends_in_order_is_down_at_once(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles(total=100), down_beats=10_000, suspect_beats=9_000)
    with node(tmp_path, "md") as md, node(tmp_path, "ar"), Operator(config) as operator:
        until(lambda: operator.status("ar").links[0].state == StreamState.LIVE)
        md.terminate()
        end(md)
        until(lambda: operator.status("ar").links[0].state == StreamState.DOWN)


def test_second_start_is_refused_and_leaves_the_first_alone(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles(total=100))
    with node(tmp_path, "md") as first, Operator(config) as operator:
        before = operator.status("md")
        with node(tmp_path, "md") as second:
            status, errors = end(second)
        assert status == 73
        assert f"agent md is already running: process {first.pid} holds" in errors
        assert errors.count("\n") == 1
        assert operator.status("md").epoch == before.epoch == 1


def test_fault_of_an_agent_ends_the_process_with_its_traceback(tmp_path: Path) -> None:
    make_config(tmp_path, roles())
    with node(tmp_path, "pf") as pf:
        status, errors = end(pf)
    assert status == 70
    assert "in on_timer" in errors
    assert errors.splitlines()[-1] == ("tickmesh agent pf: ZeroDivisionError: a planted fault (exit status 70)")


def test_fault_at_the_start_is_the_last_thing_told(tmp_path: Path) -> None:
    make_config(tmp_path, roles() | {"pf": PortfolioConfig(id=4, execution=(), market_data=(), cash="0")})
    with node(tmp_path, "pf") as pf:
        status, errors = end(pf)
    assert status == 70
    assert errors.splitlines()[-1] == ("tickmesh agent pf: ZeroDivisionError: a fault at the start (exit status 70)")


def test_fault_before_the_loop_has_waited_once_is_told(tmp_path: Path) -> None:
    make_config(tmp_path, roles() | {"pf": PortfolioConfig(id=4, execution=(), market_data=(), cash="1")})
    with node(tmp_path, "pf") as pf:
        status, errors = end(pf)
    assert status == 70
    assert errors.splitlines()[-1] == ("tickmesh agent pf: ZeroDivisionError: a planted fault (exit status 70)")


def test_unknown_agent_is_a_configuration_error(tmp_path: Path) -> None:
    make_config(tmp_path, roles())
    with node(tmp_path, "nobody") as process:
        status, errors = end(process)
    assert status == 78
    assert "agents.nobody: there is no such agent (allowed: md, ar, ex, pf)" in errors


def test_too_long_socket_path_is_a_configuration_error(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles())
    run_dir = str(tmp_path / ("x" * 100))
    mesh = msgspec.structs.replace(config.mesh, run_dir=run_dir)
    (tmp_path / "config.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(config, mesh=mesh)))
    with node(tmp_path, "md") as md:
        status, errors = end(md)
    assert status == 78
    assert run_dir in errors
    assert "allowed: 107" in errors


def test_full_disk_ends_the_process_as_an_io_error(tmp_path: Path) -> None:
    make_config(tmp_path, roles())

    def allow_little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    with node(tmp_path, "md", preexec_fn=allow_little) as md:
        status, errors = end(md)
    assert status == 74
    assert "exit status 74" in errors


def test_service_manager_hears_ready_then_alive_then_stopping(tmp_path: Path) -> None:
    make_config(tmp_path, roles())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        heard = []
        with node(tmp_path, "md", env={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as md:
            while heard.count(b"WATCHDOG=1") < 3:
                heard.append(manager.recv(100))
            md.terminate()
            while heard[-1] != b"STOPPING=1":
                heard.append(manager.recv(100))
            assert end(md)[0] == 0
    assert b"READY=1" in heard[:2]
    assert set(heard) == {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"}


def test_hung_loop_does_not_feed_the_watchdog(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        with node(tmp_path, "md", env={"NOTIFY_SOCKET": str(tmp_path / "notify")}), Operator(config) as operator:
            assert operator.ask("md", HaltRequest(True, "sleep")).accepted
            manager.settimeout(1.5)
            with pytest.raises(TimeoutError):
                drain(manager)


def drain(manager: socket.socket) -> None:
    """Receive until nothing comes for the socket's timeout."""
    while True:
        manager.recv(100)


def test_stopped_process_counts_its_pause_before_it_goes_on(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles(total=100))
    with node(tmp_path, "md"), node(tmp_path, "ar") as ar, Operator(config) as operator:
        until(lambda: operator.status("ar").links[0].state == StreamState.LIVE)
        pauses = operator.status("ar").counters.get("pauses", 0)
        ar.send_signal(signal.SIGSTOP)
        begun_ns = operator.status("md").uptime_ns
        until(lambda: operator.status("md").uptime_ns > begun_ns + 600_000_000)
        ar.send_signal(signal.SIGCONT)
        assert operator.status("ar").counters["pauses"] > pauses
        until(lambda: operator.status("ar").links[0].state == StreamState.LIVE)


@pytest.mark.parametrize("same_host", ["memory", "zmq"])
def test_stopped_follower_misses_nothing_and_delays_nobody(tmp_path: Path, same_host: str) -> None:
    agents = roles(total=10_000)
    agents["md"] = msgspec.structs.replace(agents["md"], send_hwm=100)
    config = make_config(tmp_path, agents, same_host=same_host)
    with node(tmp_path, "md"), node(tmp_path, "ar") as ar, Operator(config) as operator:
        until(lambda: operator.status("ar").figures.values["count"] > 0)
        ar.send_signal(signal.SIGSTOP)
        until(lambda: operator.status("md").figures.values["published"] == 10_000)
        ar.send_signal(signal.SIGCONT)
        until(lambda: operator.status("ar").figures.values["count"] == 10_000)
        status = operator.status("ar")
    assert status.figures.values["misplaced"] == 0
    [link] = status.links
    # Over ZeroMQ the queue overflowed and the log made good for it; who reads the log itself has nothing to make good.
    assert (link.repaired > 0) == (same_host == "zmq")
    assert link.lost == 0


def test_log_that_cannot_be_made_durable_ends_the_process(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("no strace to make a sync fail with")
    make_config(tmp_path, roles())
    fail = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fdatasync,msync:error=EIO"]
    with node(tmp_path, "md", under=fail) as md:
        status, errors = end(md)
    assert status == 74
    # Whichever comes first: the word of the sync thread, or an append that finds what it left.
    assert "the log cannot be made durable: Input/output error" in errors or "sync of the log failed" in errors


def test_shell_that_answers_within_a_call_is_heard_after_it(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles())
    with node(tmp_path, "ex") as ex, Operator(config) as operator:
        until(lambda: operator.status("ex").figures.values["heard"] == ["up", "hello"])
        ex.terminate()
        assert end(ex) == (0, "closed private\nshell stopped\n")


def test_process_is_pinned_to_its_cpus(tmp_path: Path) -> None:
    agents = roles()
    agents["md"] = msgspec.structs.replace(agents["md"], cpus=(0,))
    config = make_config(tmp_path, agents)
    with node(tmp_path, "md") as md, Operator(config) as operator:
        operator.status("md")
        threads = [int(thread) for thread in os.listdir(f"/proc/{md.pid}/task")]
        assert len(threads) >= 3
        assert {tuple(os.sched_getaffinity(thread)) for thread in threads} == {(0,)}
