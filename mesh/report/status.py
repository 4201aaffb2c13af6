"""The report of a mesh that runs, made from outside: of what its agents answer, and what its `up` keeps if it has one."""

import time
from pathlib import Path

from mesh.report import run_record
from mesh.report.balances import opening_e8
from mesh.report.figures import Report, build
from mesh.report.throughput import Meter
from mesh.report.top_of_book import Tops
from mesh.transport.client import Client
from schemas.config import Config
from schemas.errors import UnavailableError
from schemas.messages import AgentStatus

RATES_S = 0.5
"""Rates are told between two rounds of statuses, that far apart."""


def look(config: Config) -> tuple[Report, dict[str, AgentStatus]]:
    """Return the report so far, and the statuses that it is made of.

    Raises:
        UnavailableError: If no agent answers.
    """
    meter = Meter()
    with Client(config) as client:
        statuses = client.statuses()
        if statuses:
            meter.look(statuses, time.monotonic())
            time.sleep(RATES_S)
            statuses = client.statuses()
            meter.look(statuses, time.monotonic())
        if not statuses:
            raise UnavailableError(f"no agent answers ({', '.join(config.agents)}); start them with `tickmesh up`")
        tops = Tops(config, client).best()
    kept = run_record.read(Path(config.mesh.state_dir).absolute())
    found = build(
        config,
        statuses,
        restarts=kept.restarts if kept else None,
        earlier=kept.earlier if kept else None,
        opening=opening_e8(config),
        rates=meter.now,
        tops=tops,
        elapsed_s=(time.monotonic_ns() - kept.began_ns) / 1e9 if kept and kept.began_ns else None,
    )
    return found, statuses
