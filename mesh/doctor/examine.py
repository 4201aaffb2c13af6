"""`tickmesh doctor`: what this host is like, what the agents want of it, and how to get there.

The findings are for the agents that run on this host, by the configuration's addresses. Nothing is changed but a small
file in the state folder, written to measure the disk and removed. Limits are those of the user who asks: the systemd
unit sets its own.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from mesh.doctor.cpu import (
    check_clock_source,
    check_governor,
    check_idle_states,
    check_idle_strategy,
    check_interrupts,
    check_irqbalance,
    check_isolated,
    check_pinned,
    check_siblings,
    check_tickless,
)
from mesh.doctor.findings import Finding, Host, Status
from mesh.doctor.install import install_findings, is_here
from mesh.doctor.keys import key_findings
from mesh.doctor.system import system_findings
from mesh.node.tuning import ISOLATED, isolated_cpus
from schemas.config import AgentConfig, Config, PaperConfig

if TYPE_CHECKING:
    from rich.table import Table

STYLES = {Status.OK: "green", Status.WARN: "yellow", Status.FAIL: "bold red", Status.UNKNOWN: "dim"}


def examine(config: Config, host: Host | None = None) -> list[Finding]:
    """Look at everything and return what was found; `host` is this one unless its files lie elsewhere."""
    host = host or Host()
    agents: dict[str, AgentConfig] = {n: table for n, table in config.agents.items() if is_here(table.tcp)}
    pinned = sorted({cpu for table in agents.values() for cpu in table.cpus})
    isolated = isolated_cpus(host.path(str(ISOLATED)))
    return [
        check_clock_source(host),
        *system_findings(host, agents, _has_real_venue(config)),
        check_pinned(host, pinned),
        check_isolated(host, pinned),
        check_tickless(host, pinned),
        check_governor(host, pinned),
        check_idle_states(host, pinned, agents),
        check_siblings(host, pinned),
        check_interrupts(host, pinned),
        check_irqbalance(host, pinned),
        *check_idle_strategy(config, agents, isolated, os.sched_getaffinity(0)),
        *install_findings(host, config, agents),
        *key_findings(config),
    ]


def healthy(findings: Sequence[Finding]) -> bool:
    """Return whether nothing failed."""
    return all(finding.status is not Status.FAIL for finding in findings)


def encode(findings: Sequence[Finding]) -> bytes:
    """Return the findings as one JSON array."""
    return msgspec.json.encode(findings)


def table(findings: Sequence[Finding]) -> "Table":
    """Return the findings as a table for people; a fix stands below what it mends."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False)
    for name in ("check", "status", "found", "wanted"):
        shown.add_column(name, no_wrap=name in ("check", "status"), overflow="fold")
    for each in findings:
        style = STYLES[each.status]
        shown.add_row(each.check, Text(each.status.value, style), Text(each.found), Text(each.wanted))
        if each.fix:
            shown.add_row("", "", Text(f"fix: {each.fix}", "italic"), "")
    return shown


def summary(findings: Sequence[Finding]) -> str:
    """Return how many findings there are of each status, in one line."""
    counts = {status: sum(each.status is status for each in findings) for status in Status}
    return ", ".join(f"{n} {status.value}" for status, n in counts.items())


def _has_real_venue(config: Config) -> bool:
    paper = {table.venue for table in config.agents.values() if isinstance(table, PaperConfig)}
    return any(venue.name not in paper for venue in config.venues)
