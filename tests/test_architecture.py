"""What may know of what: the order of packages and of the folders in them, read from every import and cimport."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.source_tree import PACKAGES, ROOT, files, imports, imports_by_module, module_name

GRAPH = imports_by_module()

MESH = (
    ("",),
    ("protocol",),
    ("transport",),
    ("node", "sim", "trace"),
    ("doctor", "report", "operate", "history"),
    ("run",),
    ("cli",),
)
"""The folders of mesh/, lowest first: each imports its own modules and lower floors; the root, "", is what all know."""

ROLES = ("market_data", "signal", "risk", "execution", "reaper", "portfolio", "archive", "paper")
AGENTS = (
    ("",),
    ("state", "venues"),
    ROLES,
    ("strategies", "starter", "recorder", "importer", "backtest"),
)
"""The folders of agents/, lowest first; strategies know the signal role, whose language they are written in, and a
starter's test the venue that it is rehearsed on. The recorder follows a venue as market data does, by its parts; the
importer plays captures on the paper venue and writes into the archive; a backtest runs the paper venue."""

ENTRIES = {"mesh.__main__": "cli"}
"""Modules that stand in the root of a package for a reason of Python's, and belong to one of its folders."""

AGENTS_KNOW = {
    "paper": {"mesh.sim.simulator", "mesh.protocol.codec"},
    "archive": {"mesh.sim.recording"},
    "importer": {"mesh.sim.simulator", "mesh.protocol.codec"},
    "backtest": {
        "mesh.sim.simulator",
        "mesh.sim.replay",
        "mesh.sim.recording",
        "mesh.sim.venue_side",
        "mesh.protocol.codec",
    },
}
"""What agents may know of mesh beside its root: the paper venue is simulated, and rehearsals on it are simulations; what
the archive holds can be replayed, and a backtest is a replay."""


def folder_of(name: str) -> str:
    """Return the folder of its package that a module stands in, "" for the root."""
    if name in ENTRIES:
        return ENTRIES[name]
    parts = name.split(".")
    is_folder = len(parts) > 1 and ROOT.joinpath(*parts[:2]).is_dir()
    return parts[1] if is_folder else ""


def modules_of(package: str) -> Iterable[tuple[str, set[str]]]:
    """Return the modules of one package, and what each imports of it."""
    return [
        (name, {other for other in used if other.split(".")[0] == package and other != package})
        for name, used in GRAPH.items()
        if name.split(".")[0] == package
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_those_to_their_left(package: str) -> None:
    own_and_above = set(PACKAGES[PACKAGES.index(package) + 1 :]) | {"bench", "tests"}
    wrong = {
        path: used for path in files(package) if (used := {i.split(".")[0] for i in imports(path)} & own_and_above)
    }
    assert wrong == {}


@pytest.mark.parametrize(("package", "floors"), [("mesh", MESH), ("agents", AGENTS)])
def test_folders_import_only_lower_floors(package: str, floors: tuple[tuple[str, ...], ...]) -> None:
    floor = {folder: height for height, folders in enumerate(floors) for folder in folders}
    wrong = [
        f"{name} imports {other}"
        for name, used in modules_of(package)
        for other in used
        if folder_of(name) != folder_of(other) and floor[folder_of(other)] >= floor[folder_of(name)]
    ]
    assert wrong == []


@pytest.mark.parametrize(("package", "floors"), [("mesh", MESH), ("agents", AGENTS)])
def test_every_folder_has_a_floor(package: str, floors: tuple[tuple[str, ...], ...]) -> None:
    folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert folders | {""} == {folder for each in floors for folder in each}


def test_agents_know_the_root_of_mesh() -> None:
    allowed = {folder: AGENTS_KNOW.get(folder, set()) for folders in AGENTS for folder in folders}
    wrong = [
        f"{name} imports {other}"
        for name, used in GRAPH.items()
        for other in used
        if name.startswith("agents.") and other.startswith("mesh.") and folder_of(other)
        if other not in allowed[folder_of(name)]
        and other not in {f"mesh.{folder_of(each)}" for each in allowed[folder_of(name)]}
    ]
    assert wrong == []


def test_there_are_no_import_cycles() -> None:
    try:
        TopologicalSorter(GRAPH).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


CLOCKS_AND_CHANCE = {"time", "datetime", "random", "uuid", "secrets"}
IO = {"zmq", "asyncio", "logging", "socket", "threading", "aiohttp"}

IO_OF_AGENTS = {
    "agents.execution.key_look": {"asyncio"},
    "agents.recorder.segments": {"datetime"},
    "agents.venues.owner_proof": {"asyncio"},
    "agents.archive.backup": {"time"},
    "agents.archive.database": {"time", "uuid"},
    "agents.archive.reader": {"threading"},
    "agents.archive.versions": {"time"},
    "agents.archive.writer": {"asyncio"},
    "agents.paper.server": {"asyncio", "aiohttp", "time"},
    "agents.recorder.loop_context": {"asyncio", "time"},
    "agents.recorder.recording": {"asyncio", "time"},
    "agents.recorder.venue_recorder": {"time"},
    "agents.venues.bybit.signer": {"time"},
    "agents.venues.ccxt_any.shell": {"asyncio", "aiohttp"},
    "agents.venues.http_client": {"asyncio", "socket"},
    "agents.venues.http_ws": {"asyncio"},
    "agents.venues.shell_tasks": {"asyncio"},
    "agents.venues.websocket": {"asyncio", "logging", "socket"},
    "agents.venues.okx.signer": {"time"},
    "agents.venues.binance.signer": {"time"},
    "agents.venues.order_link": {"asyncio"},
}
"""The I/O round an agent: the only modules of agents/ that may wait, connect or read a clock, each with what it uses."""

SEEDED = {"agents.paper.market.flow": {"random"}}
"""The paper venue's order flow draws from a generator that its configuration seeds."""


def effects(package: str) -> dict[str, set[str]]:
    """Return which modules of a package import what reads a clock, draws by chance or does I/O, and which."""
    found: dict[str, set[str]] = {}
    for path in files(package, kinds=(".py", ".pyx", ".pxd", ".pyi")):
        used = {name.split(".")[0] for name in imports(path)} & (CLOCKS_AND_CHANCE | IO)
        if used:
            found.setdefault(module_name(path), set()).update(used)
    return found


@pytest.mark.parametrize("package", ["schemas", "core"])
def test_lower_packages_know_no_io_and_no_clock(package: str) -> None:
    assert effects(package) == {}


def test_agents_have_no_io_no_clock_and_no_randomness_of_their_own() -> None:
    assert effects("agents") == IO_OF_AGENTS | SEEDED


def test_one_module_imports_zmq() -> None:
    users = {module_name(path) for path in files(*PACKAGES) if any(i.split(".")[0] == "zmq" for i in imports(path))}
    assert users == {"mesh.transport.sockets"}
