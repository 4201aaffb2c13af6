"""Doctor: a host examined whole."""

from pathlib import Path

import msgspec

from mesh.doctor import examine as doctor
from mesh.doctor.findings import Finding, Host, Status
from mesh.run.default_config import default_tree
from schemas.config import Config


def test_this_host_is_examined_whole(tmp_path: Path) -> None:
    config = msgspec.convert(default_tree(tmp_path, 0), Config)
    findings = doctor.examine(config)
    names = [found.check for found in findings]
    assert len(names) == len(set(names)) == 30
    assert msgspec.json.decode(doctor.encode(findings), type=list[Finding]) == findings
    assert doctor.table(findings).row_count == len(findings) + sum(bool(found.fix) for found in findings)
    assert doctor.summary(findings).startswith(f"{sum(found.status is Status.OK for found in findings)} ok, ")


def test_host_that_tells_nothing_is_unknown_not_bad(tmp_path: Path) -> None:
    config = msgspec.convert(default_tree(tmp_path, 0), Config)
    statuses = {found.check: found.status for found in doctor.examine(config, Host(tmp_path / "nothing"))}
    told = (
        "clock_source",
        "huge_pages",
        "socket_rmem_max",
        "governor",
        "idle_states",
        "nic_interrupts",
        "disk_filesystem",
    )
    assert {statuses[check] for check in told} == {Status.UNKNOWN}


def test_only_failures_make_a_host_unhealthy() -> None:
    findings = [Finding("a", status, "", "") for status in (Status.OK, Status.WARN, Status.UNKNOWN)]
    assert doctor.healthy(findings)
    assert not doctor.healthy([*findings, Finding("a", Status.FAIL, "", "")])
