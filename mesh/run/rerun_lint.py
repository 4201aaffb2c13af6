"""What in a strategy's source may decide otherwise when it is run again: found in its syntax, before anything runs.

A strategy is to decide by what it is handed: messages, timers, and the time of both (`ctx.now_ns`). What reads a clock,
draws without a seed, asks the host or walks through a set cannot be verified (`tickmesh replay verify`), and no backtest
of it gives the same twice. The syntax says only what is written there: what a library does with it is not
looked at, and a set that comes from elsewhere is not known for one.
"""

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import msgspec

from schemas.config import Config, SignalConfig

CLOCK = "reads a clock; take the time of the input, ctx.now_ns or ctx.wall_ns"
DRAWN = "draws at random without a seed; use random.Random(SEED)"
OUTSIDE = "asks what is not among its inputs"
ADDRESS = "depends on addresses or on Python's hash seed"
ORDER = "walks through a set, whose order is not the same in each process; use sorted(...) or a dict"

CLOCKS = frozenset(
    {
        *(f"time.{name}{ns}" for name in ("time", "monotonic", "perf_counter", "process_time") for ns in ("", "_ns")),
        *(
            "time.thread_time",
            "time.clock_gettime",
            "time.clock_gettime_ns",
            "time.ctime",
            "time.localtime",
            "time.gmtime",
        ),
        *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
        *("pandas.Timestamp.now", "pandas.Timestamp.utcnow"),
    }
)
RANDOM = frozenset({"uuid.uuid1", "uuid.uuid4", "os.urandom", "os.getrandom", "random.SystemRandom"})
SEEDED = frozenset({"random.Random", "numpy.random.default_rng", "numpy.random.RandomState"})
"""Generators: good with a seed."""
DRAWING = ("random.", "secrets.", "numpy.random.")
FROM_OUTSIDE = ("os.getpid", "os.getenv", "os.environ.get", "socket.", "requests.", "urllib.", "httpx.", "subprocess.")
ORDERED_BY = frozenset(
    {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "next", "reversed", "sum", "join"}
)
SETS = frozenset({"set", "frozenset"})
SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference"})


class Warned(msgspec.Struct, frozen=True, order=True):
    """One place of a source file, and what may be otherwise there."""

    file: str
    line: int
    text: str


def lint_strategies(config: Config) -> list[Warned]:
    """Return what is found in the sources of a configuration's strategies, each file once, in order."""
    files: dict[Path, None] = {}
    for agent in config.agents.values():
        if isinstance(agent, SignalConfig):
            found = (_source(strategy.path, config.mesh.strategy_dir) for strategy in agent.strategies)
            files.update((file, None) for file in found if file is not None)
    return sorted(warned for file in files for warned in lint(file))


def lint(file: Path) -> list[Warned]:
    """Return what is found in one source file."""
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    walk = _Walk(tree)
    return sorted({Warned(str(file), line, text) for line, text in walk.found()})


def _source(path: str, folder: str) -> Path | None:
    where = path.partition(":")[0]
    if where.endswith(".py"):
        return Path(folder, where).resolve()
    spec = importlib.util.find_spec(where)
    found = None if spec is None or spec.origin is None else Path(spec.origin)
    return found if found is not None and found.suffix == ".py" else None


class _Walk:
    """One module: its imports by the name that they have there, and its sets."""

    def __init__(self, tree: ast.Module) -> None:
        self._nodes = list(ast.walk(tree))
        self._imported: dict[str, str] = {}
        for node in self._nodes:
            if isinstance(node, ast.Import):
                self._imported |= {a.asname or a.name.partition(".")[0]: _imported(a) for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                self._imported |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        self._sets: set[str] = set()
        for node in self._nodes:
            self._note_sets(node)

    def found(self) -> Iterator[tuple[int, str]]:
        """Yield each line that may be otherwise, with the reason."""
        for node in self._nodes:
            if isinstance(node, ast.Call):
                text = self._called(node)
                if text:
                    yield node.lineno, text
            for walked in _walked(node):
                if self._is_set(walked):
                    yield walked.lineno, f"{ast.unparse(walked)} {ORDER}"

    def _called(self, node: ast.Call) -> str:
        name = self._name(node.func)
        if name in CLOCKS:
            return f"{name}() {CLOCK}"
        if name in RANDOM or (name in SEEDED and not (node.args or node.keywords)):
            return f"{name}() {DRAWN}"
        if name.startswith(DRAWING) and name not in SEEDED and name != "random.seed":
            return f"{name}() {DRAWN}"
        if name in ("open", "input") or name.startswith(FROM_OUTSIDE):
            return f"{name}() {OUTSIDE}"
        return f"{name}() {ADDRESS}" if name in ("id", "hash") else ""

    def _name(self, node: ast.expr) -> str:
        """Return the name that an expression has where it comes from; empty if it is no name, or one of this module."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        first = self._imported.get(node.id, "" if parts else node.id)
        return ".".join((first, *reversed(parts))) if first else ""

    def _note_sets(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign) and self._is_set(node.value):
            self._sets |= {ast.unparse(target) for target in node.targets}
        elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            target = node.target if isinstance(node, ast.AnnAssign) else ast.Name(node.arg)
            if ast.unparse(node.annotation).partition("[")[0] in SETS:
                self._sets.add(ast.unparse(target))

    def _is_set(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Call):
            called = node.func
            of_set = isinstance(called, ast.Attribute) and called.attr in SET_METHODS and self._is_set(called.value)
            return of_set or (isinstance(called, ast.Name) and called.id in SETS)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
            return self._is_set(node.left) or self._is_set(node.right)
        return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in self._sets


def _imported(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _walked(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a node goes through in order."""
    if isinstance(node, ast.For):
        yield node.iter
    elif isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp):
        yield from (each.iter for each in node.generators)
    elif isinstance(node, ast.Starred):
        yield node.value
    elif isinstance(node, ast.Call):
        called = node.func
        name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
        if name in ORDERED_BY:
            yield from node.args
        if isinstance(called, ast.Attribute) and called.attr == "pop" and not node.args:
            yield called.value
