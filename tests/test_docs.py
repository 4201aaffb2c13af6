"""README and docs say what is so: paths, commands, options, keys and defaults, and commands that run as they are written.

The commands are run where `TICKMESH_LONG` is set (`make docs-check`): those of each document in order, in a folder of their
own. Otherwise they are parsed, so that an option that does not exist is found in the short form too.
"""

import importlib
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import click
import msgspec
import pytest

from agents.signal.strategy import Strategy
from agents.signal.strategy_context import StrategyContext
from bench.command import bench
from mesh.cli.commands import cli
from mesh.report.figures import Report
from schemas import config
from schemas.backtest_config import BacktestVenueConfig, LatencyConfig
from schemas.errors import ExitStatus
from tests.documents import BESIDE, DIRECTIVES, DOCUMENTS, NOT_RUN, ROOT, Block, Document, table

README_LINES_MAX = 120
PACKAGES = ("schemas", "core", "mesh", "agents", "bench")
FOLDERS = (*PACKAGES, "tests", "systemd", "docs")
BLOCK_S_MAX = 180.0
READY_S_MAX = 60.0
LONG = bool(os.environ.get("TICKMESH_LONG"))

documents = pytest.mark.parametrize("document", [Document(path) for path in DOCUMENTS], ids=lambda d: d.path.name)


def doc(name: str) -> Document:
    return Document(ROOT / "docs" / name)


# What is named exists


@documents
def test_links_lead_to_files_and_headings(document: Document) -> None:
    for link in document.links():
        if not link.startswith("http"):
            path, _, anchor = link.partition("#")
            target = document.path.parent / path if path else document.path
            assert target.exists(), link
            assert not anchor or anchor in Document(target).anchors(), link


@documents
def test_paths_and_modules_exist(document: Document) -> None:
    wrong = [code for code in document.code() if not (path_exists(code) and module_exists(code))]
    assert wrong == []


def path_exists(code: str) -> bool:
    first, slash, _ = code.partition("/")
    if not slash or first not in FOLDERS or " " in code:
        return True
    return bool(list(ROOT.glob(code)))


def module_exists(code: str) -> bool:
    if not re.fullmatch(rf"({'|'.join(PACKAGES)})(\.\w+)+(:\w+)?", code):
        return True
    first, *rest = code.replace(":", ".").split(".")
    if first == "mesh" and rest[0] in config.MeshConfig.__struct_fields__:
        return True
    found: Any = importlib.import_module(first)
    for name in rest:
        if not hasattr(found, name):
            try:
                importlib.import_module(f"{found.__name__}.{name}")
            except ImportError:
                return False
        found = getattr(found, name)
    return True


@documents
def test_blocks_are_of_a_known_kind_and_their_comments_too(document: Document) -> None:
    blocks = document.blocks()
    assert {block.language for block in blocks} <= {"sh", "toml", "python", "sql", "text", "mermaid"}
    assert {block.directive for block in blocks} <= {"", *DIRECTIVES}
    for block in document.blocks("toml"):
        tomllib.loads(block.text)
    for block in document.blocks("python"):
        compile(block.text, document.path.name, "exec")


def test_readme_is_short_and_leads_to_all_of_docs() -> None:
    readme = Document(ROOT / "README.md")
    assert len(readme.text.splitlines()) <= README_LINES_MAX
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= set(readme.links())


def test_every_sentence_on_safety_points_at_a_test() -> None:
    safety = doc("safety.md")
    written = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
    tests = {name for path in (ROOT / "tests").rglob("*.py") for name in written.findall(path.read_text())}
    assert {code for code in safety.code() if code.startswith("test_")} - tests == set()
    rows = re.findall(r"^\| (?!.* test \|$|---).*", safety.prose().replace("|---", "| ---"), re.MULTILINE)
    points = re.findall(r"^- (?:.*\n)(?:  .*\n)*", safety.prose(), re.MULTILINE)
    assert len(rows) > 30
    assert len(points) > 20
    assert [told for told in (*rows, *points) if "`test_" not in told] == []


# Commands


@documents
def test_commands_parse(document: Document) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for block in document.blocks("sh"):
        for words in block.commands():
            if words[0] == "make":
                named = [word for word in words[1:] if "=" not in word]
                assert named, words
                assert set(named) <= targets, words
            elif words[0] == "tickmesh":
                parse(words[1:])
    for code in document.code():
        if found := re.match(r"tickmesh ([a-z][a-z-]*)", code):
            assert found[1] in cli.commands, code


def parse(words: list[str]) -> None:
    """Parse a command line of `tickmesh` without running it; raises click.UsageError."""
    name, *arguments = words
    if "--help" not in arguments:
        command: click.Command = bench if name == "bench" else cli.commands[name]
        command.make_context(name, arguments)


def test_every_command_has_its_section_with_every_option() -> None:
    commands = doc("commands.md")
    for name, command in cli.commands.items():
        section = commands.section(f"tickmesh {name}")
        for parameter in (bench if name == "bench" else command).params:
            names = (
                parameter.opts if isinstance(parameter, click.Option) else [parameter.make_metavar(context(command))]
            )
            for each in names:
                assert each in section or each == "--help", f"tickmesh {name} {each}"


def context(command: click.Command) -> click.Context:
    return click.Context(command)


def test_every_exit_status_is_told() -> None:
    told = {int(row[0]) for row in table(doc("commands.md").section("Exit statuses"))}
    assert told == set(ExitStatus)


def test_every_key_of_the_report_is_told() -> None:
    rows = table(doc("commands.md").section("The report"))
    told = {re.findall(r"\w+", row[0])[0]: set(re.findall(r"\w+", row[0])) for row in rows}
    fields = {field.name: field.type for field in msgspec.structs.fields(Report)}
    assert set(told) == set(fields)
    for name, kind in fields.items():
        for struct in structs_in(kind):
            assert set(struct.__struct_fields__) <= told[name], name


def structs_in(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """Yield the Structs that a type is made of: of a list of links, the link."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for argument in get_args(kind):
        yield from structs_in(argument)


# Configuration

TABLES = {
    "[mesh]": config.MeshConfig,
    "[[venues]]": config.VenueConfig,
    "[[instruments]]": config.InstrumentConfig,
    "[agents.NAME]": config.AgentConfig,
    "[agents.NAME.breaker]": config.BreakerConfig,
    "[[agents.NAME.strategies]]": config.StrategyConfig,
    "[agents.NAME.limits]": config.LimitsConfig,
    "[backtest]": config.BacktestConfig,
    "[backtest.venues.VENUE]": BacktestVenueConfig,
    "[backtest.feed]": LatencyConfig,
    **{f'role = "{each.__struct_config__.tag}"': each for each in config.RoleConfig.__args__},
}


@pytest.mark.parametrize("heading", TABLES)
def test_every_configuration_key_is_told_with_its_default(heading: str) -> None:
    kind = TABLES[heading]
    common = () if kind is config.AgentConfig else config.AgentConfig.__struct_fields__
    skipped = common if issubclass(kind, config.AgentConfig) else ()
    wanted = {f"`{f.name}`": default(f) for f in msgspec.structs.fields(kind) if f.name not in skipped}
    assert {row[0]: row[1] for row in table(doc("configuration.md").section(f"`{heading}`"))} == wanted


def default(field: msgspec.structs.FieldInfo) -> str:
    """Return a default as it is written in TOML."""
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if isinstance(value, config.Table):
        return "all below"
    if isinstance(value, tuple):
        return "`" + str(list(value)).replace("'", '"') + "`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


@pytest.mark.parametrize("cls", [Strategy, StrategyContext])
def test_all_that_a_strategy_has_is_told(cls: type) -> None:
    told = " ".join(doc("strategies.md").code())
    public = {name for name in vars(cls) if not name.startswith("_")} - {"name", "ledgers", "signals"}
    assert {name for name in public if not re.search(rf"\b{name}\b", told)} == set()


# Commands that run


@documents
@pytest.mark.skipif(not LONG, reason="make docs-check runs them")
@pytest.mark.whole_mesh
@pytest.mark.timeout(900)
def test_commands_run_as_they_are_written(document: Document, tmp_path: Path) -> None:
    for block in document.blocks("sh"):
        if block.directive != NOT_RUN:
            environment = environment_of(block, tmp_path)
            with beside(block, tmp_path, environment):
                assert_runs(block, tmp_path, environment)


def environment_of(block: Block, folder: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "TICKMESH_LONG")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment |= {"XDG_STATE_HOME": str(folder / "home"), "CHECKOUT": str(ROOT)}
    return environment | block.variables


def assert_runs(block: Block, folder: Path, environment: dict[str, str]) -> None:
    """Run a block as one script; `make` works on the checkout, wherever the script runs."""
    script = f'make() {{ command make -C "$CHECKOUT" "$@"; }}\n{block.text}'
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BLOCK_S_MAX,
    )
    assert done.returncode in block.statuses, f"{block.text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@contextmanager
def beside(block: Block, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run the command of a block's comment meanwhile, from when its mesh answers to a Ctrl-C."""
    if block.directive != BESIDE:
        yield
        return
    with subprocess.Popen(
        block.argument.split(),
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            wait_until_it_answers(folder, environment)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=BLOCK_S_MAX)
    assert process.returncode == ExitStatus.OK, said


def wait_until_it_answers(folder: Path, environment: dict[str, str]) -> None:
    deadline_s = time.monotonic() + READY_S_MAX
    while True:
        found = subprocess.run(
            ["tickmesh", "status", "--json"], cwd=folder, env=environment, capture_output=True, text=True, timeout=30
        )
        if found.returncode == ExitStatus.OK and '"state":"down"' not in found.stdout:
            return
        assert time.monotonic() < deadline_s, found.stderr
        time.sleep(0.5)
