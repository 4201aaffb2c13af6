"""Findings, and the files in which a host tells of itself."""

from pathlib import Path

from mesh.doctor.findings import Host, Status, judge
from tests.unit.mesh.doctor.hosts import write


def test_a_fix_is_told_only_where_something_is_to_be_fixed() -> None:
    assert judge("x", True, "is", "wanted", "do").fix == ""
    bad = judge("x", False, "is", "wanted", "do", Status.FAIL)
    assert (bad.status, bad.found, bad.wanted, bad.fix) == (Status.FAIL, "is", "wanted", "do")
    assert judge("x", False, "is", "wanted", "do").status is Status.WARN


def test_a_host_tells_its_files_and_processes(host: Host) -> None:
    assert host.text("/proc/swaps") is None
    write(host, "proc/12/comm", "chronyd\n")
    write(host, "proc/7/comm", "irqbalance\n")
    write(host, "proc/self/comm", "me\n")
    assert host.text("/proc/12/comm") == "chronyd"
    assert host.processes() == {"chronyd", "irqbalance"}
    assert host.glob("/proc/1*/comm") == [host.path("/proc/12/comm")]
    assert host.path("/proc") == host.root / "proc"
    assert Host().root == Path("/")
