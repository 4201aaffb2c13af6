"""Hosts made of files, for tests of doctor, and what a finding on one must be."""

from typing import Any

from mesh.doctor.findings import Finding, Host, Status
from schemas.config import ArchiveConfig


def write(host: Host, name: str, text: str) -> None:
    path = host.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def agents(**settings: Any) -> dict[str, ArchiveConfig]:
    return {"ar": ArchiveConfig(id=1, sources=(), **settings)}


def is_finding(found: Finding, status: Status, *, told: str = "", fix: str = "") -> None:
    assert (found.status, told in found.found, fix in found.fix) == (status, True, True), found
    assert bool(found.fix) == (status in (Status.WARN, Status.FAIL)), found
