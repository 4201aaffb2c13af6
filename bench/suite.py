"""The suite: every scenario in turn, each with its share of the time, into one result."""

import importlib
import os
import platform
import re
import subprocess
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from bench.chain import WARM
from bench.peers.brokers import SERVERS
from bench.peers.build import compiler
from bench.processes import ROOT
from bench.result import FORMAT, Result, ScenarioResult
from bench.scenario import Bench, Scenario
from bench.settings import Settings, nautilus_version, said
from bench.targets import lines
from mesh.doctor.install import interpreter
from mesh.transport import sockets

SCENARIOS = (
    "core",
    "rotation",
    "venue_frames",
    "tick_to_order",
    "group",
    "cold",
    "venue_path",
    "risk",
    "burst",
    "fanout",
    "repair",
    "bystanders",
    "replay",
    "archive",
    "startup",
    "halt",
    "growth",
)
PACKAGES = (
    "tickmesh",
    "pyzmq",
    "msgspec",
    "uvloop",
    "numpy",
    "orjson",
    "aiohttp",
    "picows",
    "ccxt",
    "chdb",
    "clickhouse-connect",
    "Cython",
    "sortedcontainers",
    "order-book",
    "talipp",
    "TA-Lib",
    "grpcio",
    "redis",
    "nats-py",
)

METHOD = {
    "rounds": "variants interleaved, their order turning; a figure is their median, a ratio is taken in each round",
    "warm-up": (
        f"each chain carries {WARM} ticks first, a client of a round trip a tenth of its questions; "
        "what is timed in one process drops its first part"
    ),
    "garbage collector": (
        "off everywhere while it is measured, after a collection and a freeze; "
        "live agents collect in their duty cycle, between two turns, every 0.5 s"
    ),
    "latency": (
        "of open loops from the time at which a tick was due, "
        "in the others from its receipt (closed, rested) or from the question (round trip)"
    ),
}

Tell = Callable[[str, float, str], None]
"""Shows the progress: (scenario, share of the suite that is done, what it does now)."""


def load(names: Sequence[str] = ()) -> list[Scenario]:
    """Return the scenarios of those names, all if there are none.

    Raises:
        ValueError: If there is no scenario of a name.
    """
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise ValueError(f"no scenario {', '.join(unknown)} (there are: {', '.join(SCENARIOS)})")
    return [importlib.import_module(f"bench.scenarios.{name}") for name in SCENARIOS if name in (names or SCENARIOS)]


def run(settings: Settings, scenarios: Sequence[Scenario], tell: Tell) -> Result:
    """Run the scenarios and return everything they found; one that fails is told and does not stop the others."""
    begun_s = time.monotonic()
    load = os.getloadavg()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    found: list[ScenarioResult] = []
    for index, scenario in enumerate(scenarios):
        left_s = settings.budget_s - (time.monotonic() - begun_s)
        weights = [each.WEIGHT for each in scenarios[index:]]
        done = 1 - sum(weights) / sum(each.WEIGHT for each in scenarios)
        seconds = max(0.0, left_s) * weights[0] / sum(weights)
        end_s = begun_s + settings.budget_s
        found.append(_run_one(settings, scenario, seconds, end_s, partial(tell, scenario.NAME, done), found))
    result = Result(
        format=FORMAT,
        started=started,
        seconds=time.monotonic() - begun_s,
        commit=commit(),
        machine=machine() | {"load_before": _rounded(load), "load_after": _rounded(os.getloadavg())},
        versions=versions(),
        settings=msgspec.to_builtins(settings),
        method=METHOD,
        scenarios=found,
        targets=[],
    )
    result.targets = lines(result)
    return result


def _run_one(
    settings: Settings,
    scenario: Scenario,
    seconds: float,
    end_s: float,
    tell: Callable[[str], None],
    earlier: Sequence[ScenarioResult],
) -> ScenarioResult:
    result = ScenarioResult(name=scenario.NAME, title=scenario.TITLE)
    begun_s = time.monotonic()
    tell("")
    try:
        scenario.run(Bench(settings, result, seconds, end_s, tell, earlier))
    except Exception as error:  # noqa: BLE001 - the runner of scenarios: whatever one raises is told, the others go on
        traceback.print_exc()
        result.error = f"{type(error).__name__}: {error}"
    result.seconds = time.monotonic() - begun_s
    return result


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, memory, kernel, compilers."""
    model = ""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model,
        "cpus": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "kernel": platform.release(),
        "python": interpreter()[0],
        "python_compiler": platform.python_compiler(),
        "c_compiler": said([compiler(), "--version"]) if compiler() else "",
    }


def _number(text: str) -> str:
    """Return the version number in what a program says of itself."""
    found = re.search(r"[0-9]+(\.[0-9]+)+", text)
    return found[0] if found else ""


def _rounded(load: Sequence[float]) -> list[float]:
    return [round(each, 2) for each in load]


def versions() -> dict[str, str]:
    """Return the versions of everything measured that is installed: libraries, packages, servers."""
    found = {"libzmq": sockets.versions()[1]}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    others = {"nautilus_trader": nautilus_version()}
    others |= {server: _number(said([server, "--version"])) for server in SERVERS.values()}
    return found | {name: version for name, version in others.items() if version}


def commit() -> str:
    """Return the commit of this checkout, with `+` if files differ from it; empty outside of one."""
    try:
        asked = {"capture_output": True, "text": True, "cwd": ROOT, "timeout": 10, "check": True}
        head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], **asked).stdout.strip()  # type: ignore[call-overload]
        changed = subprocess.run(["git", "status", "--porcelain", "-uno"], **asked).stdout.strip()  # type: ignore[call-overload]
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{head}+" if changed else str(head)
