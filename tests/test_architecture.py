"""The order of the packages, read from the import statements: what may know of what."""

import ast
import itertools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = ("schemas", "core", "mesh", "agents")
SOURCES = sorted(p for package in ORDER for p in (ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Return every module that a file imports, anywhere in it; `from a import b` gives a.b where that is a module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_module_imports_only_packages_to_its_left(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    allowed = ORDER[: ORDER.index(package) + 1]
    used = {name.split(".")[0] for name in imports(path)} & {*ORDER, "bench", "tests"}
    assert used <= set(allowed)


def test_there_are_no_import_cycles() -> None:
    known = {module_name(p) for p in SOURCES}
    graph = {module_name(p): {i for i in imports(p) & known if i != module_name(p)} for p in SOURCES}
    # A package's __init__ hands names of its modules on; the modules do not import their package.
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way, name))
        if name in done:
            return
        for other in sorted(graph[name]):
            visit(other, (*way, name))
        done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_roles_do_not_import_each_other() -> None:
    roles = ("market_data", "signal", "risk", "execution", "portfolio", "archive")
    for one, other in itertools.permutations(roles, 2):
        for path in (ROOT / "agents" / one).rglob("*.py"):
            used = {name for name in imports(path) if name == f"agents.{other}" or name.startswith(f"agents.{other}.")}
            assert not used, f"{module_name(path)} imports {used}"


CLOCKS_AND_CHANCE = {"time", "datetime", "random", "uuid", "secrets"}
IO = {"zmq", "asyncio", "logging", "socket", "threading", "aiohttp"}
SHELLS = {"http_ws", "writer", "server", "database", "reader"}
"""The I/O round an agent: the only modules of agents/ that may wait, connect or read a clock."""

SEEDED = {"flow"}
"""The paper venue's order flow draws from a generator that its configuration seeds."""


def compiled_imports(path: Path) -> set[str]:
    """Return what a `.pyx` or `.pxd` imports, by its lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines]
    return {w[1].split(".")[0] for w in words if len(w) > 1 and w[0] in ("import", "from", "cimport")}


@pytest.mark.parametrize("package", ["schemas", "core"])
def test_lower_packages_know_no_io_and_no_clock(package: str) -> None:
    found = {}
    for path in (ROOT / package).rglob("*"):
        if path.suffix in (".py", ".pyi"):
            found[path] = {i.split(".")[0] for i in imports(path)}
        elif path.suffix in (".pyx", ".pxd"):
            found[path] = compiled_imports(path)
    assert len(found) > 4
    assert {path: used for path, used in found.items() if used & (CLOCKS_AND_CHANCE | IO)} == {}


def test_one_module_imports_zmq() -> None:
    users = [module_name(p) for p in SOURCES if any(i.split(".")[0] == "zmq" for i in imports(p))]
    assert users == ["mesh.transport.sockets"]


def test_agents_have_no_io_no_clock_and_no_randomness_of_their_own() -> None:
    deterministic = [p for p in (ROOT / "agents").rglob("*.py") if p.stem not in SHELLS | SEEDED]
    used = {module_name(p): {i.split(".")[0] for i in imports(p)} & (CLOCKS_AND_CHANCE | IO) for p in deterministic}
    assert {name: modules for name, modules in used.items() if modules} == {}
