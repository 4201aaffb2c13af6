"""Archives of older versions on the real engine: brought up to today's, cut off or not, with every row they had."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agents.archive import database, versions
from agents.archive.ddl import SHARDING, create_cluster_statements, create_statements
from agents.archive.engine import connect_embedded
from agents.archive.tables import TABLES
from agents.archive.upkeep import look, statements
from agents.archive.versions import VERSION, found_version, prepare, statements_to
from schemas.errors import SchemaVersionError
from tests.integration.test_archive_clickhouse import archive_once, assert_exact
from tests.unit.agents.archive_samples import archive_config

ROWS = 50
OLD = Path(__file__).with_name("archive_version_1.sql").read_text(encoding="utf-8")
"""What the first release made an archive of."""
GONE = {"halted"}
"""Columns of then that today's tables have not; their rows keep them."""

COLUMNS = (
    "SELECT name, type, compression_codec FROM system.columns WHERE database = '{}' AND table = '{}' ORDER BY position"
)


@contextmanager
def engine(folder: Path) -> Iterator[Any]:
    with closing(connect_embedded(folder / "arc")) as client:
        yield client


def columns(client: Any, base: str, table: str) -> list[tuple[str, ...]]:
    return [row for row in client.query(COLUMNS.format(base, table)).result_rows if row[0] not in GONE]


def fill(client: Any, base: str, shape: dict[str, list[tuple[str, str]]]) -> None:
    """Insert rows into tables of a shape: the same values whatever type a column has here."""
    for table, found in shape.items():
        values = []
        for place, (name, kind) in enumerate(found):
            number = f"number * 7 + {place}"
            if kind.startswith("DateTime64"):
                number = f"fromUnixTimestamp64Nano(1700000000000000000 + toInt64(number * 7000000000 + {place}), 'UTC')"
            text = f"toString(number % 3 + {place})"
            values.append(f"{text if 'String' in kind or name == 'trade_id' else number} AS {name}")
        names = ", ".join(name for name, _ in found)
        client.command(
            f"INSERT INTO {base}.{table} ({names}) SELECT {', '.join(values)} FROM numbers({ROWS})"
            " SETTINGS async_insert = 0"
        )


def old_archive(client: Any) -> dict[str, list[tuple[str, str]]]:
    """Make an archive as the first release did, with rows in each table; return the tables' columns of then."""
    for statement in OLD.split(";\n"):
        client.command(statement)
    query = (
        "SELECT table, groupArray((name, type)) FROM system.columns WHERE database = 'tickmesh'"
        " AND NOT match(type, '^(Array|Map|Enum|Bool)') GROUP BY table"
    )
    shape = {table: [tuple(each) for each in found] for table, found in client.query(query).result_rows}
    fill(client, "tickmesh", shape)
    return shape


def assert_like_a_fresh_one(client: Any, shape: dict[str, list[tuple[str, str]]]) -> None:
    """Assert that tables, and rows, are those of an archive that was made today and given the same."""
    prepare(client, "fresh", {}, lambda _: None)
    kept = {table: [each for each in found if each[0] not in GONE] for table, found in shape.items()}
    places = {table: [name for name, _ in found] for table, found in shape.items()}
    for table, found in kept.items():
        values = ", ".join(name for name, _ in found)
        assert len(places[table]) >= len(found)
        client.command(f"INSERT INTO fresh.{table} ({values}) SELECT {values} FROM tickmesh.{table}")
    for table in TABLES:
        assert columns(client, "tickmesh", table.name) == columns(client, "fresh", table.name), table.name
        names = ", ".join(column.name for column in table.columns)
        rows = [
            client.query(f"SELECT {names} FROM {base}.{table.name} ORDER BY publisher, stream, epoch, seq").result_rows
            for base in ("tickmesh", "fresh")
        ]
        assert rows[0] == rows[1], table.name
        assert len(rows[0]) == (ROWS if table.name in shape else 0), table.name
    assert found_version(client, "tickmesh") == VERSION


def test_an_archive_of_the_first_release_becomes_as_one_of_today(tmp_path: Path) -> None:
    told: list[str] = []
    with engine(tmp_path) as client:
        shape = old_archive(client)
        ids = client.query("SELECT trade_id FROM tickmesh.fills ORDER BY seq").result_rows
        assert found_version(client, "tickmesh") == 1
        prepare(client, "tickmesh", {}, told.append)
        assert client.query("SELECT trade_id FROM tickmesh.fills ORDER BY seq").result_rows == [
            (str(i),) for (i,) in ids
        ]
        assert_like_a_fresh_one(client, shape)
    assert [line for line in told if "reached" in line] == [
        f"tickmesh: schema version {version} reached" for version in range(2, VERSION + 1)
    ]


KILLED = """
import os, signal, sys
from pathlib import Path
from agents.archive.engine import connect_embedded
from agents.archive.versions import prepare

class Killed:
    def __init__(self, client, statements): self.client, self.left = client, statements
    def query(self, *args): return self.client.query(*args)
    def command(self, statement):
        self.client.command(statement)
        self.left -= statement.startswith("ALTER") or "schema_versions (version)" in statement
        if self.left <= 0: os.kill(os.getpid(), signal.SIGKILL)

prepare(Killed(connect_embedded(Path(sys.argv[1]) / "arc"), int(sys.argv[2])), "tickmesh", {}, print)
"""


def test_a_migration_that_is_killed_again_and_again_comes_to_the_same(tmp_path: Path) -> None:
    with engine(tmp_path) as client:
        shape = old_archive(client)
    first = len(statements_to(2, "tickmesh"))
    for after in (len(TABLES) + 1, first, 7):  # a column is being converted; the version is not written; the next step
        done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(after)], timeout=100, check=False)
        assert done.returncode == -signal.SIGKILL
    with engine(tmp_path) as client:
        assert found_version(client, "tickmesh") in (1, 2)
        prepare(client, "tickmesh", {}, lambda _: None)
        assert_like_a_fresh_one(client, shape)


def test_an_archive_of_a_newer_version_is_refused_untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = archive_config(str(tmp_path))
    archive_once(config, 5)
    with monkeypatch.context() as newer:
        newer.setattr(versions, "VERSION", VERSION + 1)
        newer.setitem(versions._ADDED, VERSION + 1, {})
        database.connect_prepared("arc", config).close()
    for use in (database.counts, lambda config, name: archive_once(config, 10)):
        with pytest.raises(SchemaVersionError, match=f"version {VERSION + 1}: up to version {VERSION}"):
            use(config, "arc")
    held = look(config, "arc")
    assert (held.version, held.allowed) == (VERSION + 1, VERSION)


def test_the_archive_goes_on_where_an_older_version_left_off(tmp_path: Path) -> None:
    config = archive_config(str(tmp_path), flush_rows=200, flush_ms=20)
    archive_once(config, 300)
    with engine(tmp_path) as client:
        client.command("DROP TABLE tickmesh.schema_versions SYNC")
        for table in TABLES:
            for name in {"recv_ns", "decided_ns"} & {column.name for column in table.columns}:
                client.command(f"ALTER TABLE tickmesh.{table.name} DROP COLUMN {name}")
    archive_once(config, 600)
    with engine(tmp_path) as client:
        assert_exact(lambda sql: client.query(sql).result_rows, 600)


def test_statements_are_what_the_archive_makes_itself(tmp_path: Path) -> None:
    query = "SELECT name, create_table_query FROM system.tables WHERE database = 'tickmesh' ORDER BY name"
    made = []
    for number in (1, 2):
        with engine(tmp_path / str(number)) as client:
            if number == 1:
                prepare(client, "tickmesh", {"ticks": 9}, lambda _: None)
            for statement in create_statements("tickmesh", {"ticks": 9}) if number == 2 else ():
                client.command(statement)
            made.append(client.query(query).result_rows)
    assert made[0] == made[1]
    assert statements(None, "").count("CREATE TABLE") == len(TABLES) + 2


def test_statements_for_a_cluster_are_clickhouses_language(tmp_path: Path) -> None:
    with engine(tmp_path) as client:
        for shard_by in SHARDING:
            for statement in create_cluster_statements("mesh", "north", {"ticks": 9, "bars": 30}, shard_by):
                tree = client.query(f"EXPLAIN AST {statement}").result_rows
                assert tree[0][0].startswith("CreateQuery"), statement
    assert statements(None, "", "north").startswith("-- For a cluster: not run on a cluster here")
