"""`tickmesh archive` on the real engine: backup and restore while the archive writes, and rows that go by their time."""

import asyncio
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from agents.archive import agent as archive
from agents.archive import upkeep
from agents.archive.database import connect, connect_prepared
from agents.archive.ddl import SHARDING
from agents.archive.versions import VERSION
from agents.importer import Chosen, ImportOptions, holdings, import_files
from mesh.cli.commands import cli
from mesh.run.default_config import toml_text, tree_of
from schemas.config import ArchiveConfig, Config
from schemas.errors import ConfigError, RecordingError, UnavailableError
from tests.integration.archive_feed import STREAMS, Harness
from tests.integration.clickhouse_http import ClickHouseHttp
from tests.integration.test_archive_clickhouse import archive_once, assert_exact
from tests.integration.test_archive_fields import archive_samples
from tests.unit.agents.archive_samples import TRADE, archive_config

DAY_NS = 86_400 * 10**9
COUNT = 3_000


def kept(config: Config, **days: int) -> Config:
    """Return a configuration whose archive keeps rows for some days."""
    table = config.agents["arc"]
    assert isinstance(table, ArchiveConfig)
    return msgspec.structs.replace(
        config, agents=config.agents | {"arc": msgspec.structs.replace(table, keep_days=days)}
    )


def rows_of(config: Config, sql: str) -> list[tuple[Any, ...]]:
    with closing(connect("arc", config)) as client:
        return list(client.query(sql).result_rows)


def everything(config: Config) -> dict[str, Any]:
    """Return all rows of all tables of an archive."""
    with closing(connect("arc", config)) as client:
        return {
            table.name: sorted(map(repr, client.query(f"SELECT * FROM tickmesh.{table.name}").result_rows))
            for table in upkeep.TABLES
        }


def test_a_backup_made_while_the_archive_writes_goes_on_without_loss_or_double(tmp_path: Path) -> None:
    server = ClickHouseHttp(f"{tmp_path / 'server'}?backups=1&backups.allowed_path=/")
    config = archive_config(str(tmp_path / "a"), dsn=server.dsn, flush_rows=100, flush_ms=5)
    folders = [tmp_path / f"backup-{number}" for number in range(2)]

    async def live() -> None:
        harness = Harness(config, archive.build("arc", config))
        await harness.start()
        feeding = asyncio.get_running_loop().create_task(harness.feed(COUNT))
        for number, folder in enumerate(folders):
            while sum(harness.agent.figures().rows.values()) < COUNT * (number + 1) // 3:
                await asyncio.sleep(0.001)
            await asyncio.to_thread(upkeep.back_up, config, "arc", folder)
            assert number or not feeding.done()
        await feeding
        await harness.stop()

    try:
        asyncio.run(live())
    finally:
        server.close()
    for number, folder in enumerate(folders):
        restored = archive_config(str(tmp_path / f"r{number}"), flush_rows=500, flush_ms=5)
        rows = upkeep.restore(restored, "arc", folder)
        assert 0 < sum(rows[table] for table in ("trades", "book_deltas", "orders")) < COUNT * len(STREAMS)
        archive_once(restored, COUNT)
        with closing(connect("arc", restored)) as client:
            assert_exact(lambda sql, client=client: client.query(sql).result_rows, COUNT)


def test_a_restored_archive_is_what_was_backed_up(tmp_path: Path) -> None:
    one, other = archive_config(str(tmp_path / "a")), archive_config(str(tmp_path / "b"))
    archive_samples(one)
    made = upkeep.back_up(one, "arc", tmp_path / "backup")
    assert (made.version, made.files > 0, made.bytes > 0) == (VERSION, True, True)
    archive_once_nothing(other)
    rows = upkeep.restore(other, "arc", tmp_path / "backup")
    assert everything(other) == everything(one)
    assert rows["trades"] == 1
    with pytest.raises(RecordingError, match="is there already"):
        upkeep.back_up(one, "arc", tmp_path / "backup")
    with pytest.raises(ConfigError, match=r"into an empty archive; found account_margins 1, .*watermarks"):
        upkeep.restore(other, "arc", tmp_path / "backup")
    assert everything(other) == everything(one)


def archive_once_nothing(config: Config) -> None:
    """Make the empty tables of an archive."""
    connect_prepared("arc", config).close()


def test_a_restore_that_failed_leaves_the_archive_as_it_was_and_may_be_begun_anew(tmp_path: Path) -> None:
    one, other = archive_config(str(tmp_path / "a")), archive_config(str(tmp_path / "b"))
    archive_samples(one)
    upkeep.back_up(one, "arc", tmp_path / "backup")
    (tmp_path / "backup/rows").rename(tmp_path / "backup/away")
    with pytest.raises(UnavailableError, match="not found"):
        upkeep.restore(other, "arc", tmp_path / "backup")
    assert upkeep.look(other, "arc").version == 0
    (tmp_path / "backup/away").rename(tmp_path / "backup/rows")
    upkeep.restore(other, "arc", tmp_path / "backup")
    assert everything(other) == everything(one)


def test_rows_that_are_too_old_go_and_nothing_hangs_on_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = archive_config(str(tmp_path), flush_rows=200, flush_ms=20)
    archive_once(config, 300)  # of 2023
    with closing(connect("arc", config)) as client:
        client.command(
            "INSERT INTO tickmesh.trades (venue, symbol, ts_event_ns, ts_recv_ns, publisher, stream, epoch, seq)"
            f" SELECT 'binance', 'BTCUSDT', 0, now64(9) - toIntervalDay(if(number < 5, 20, 0)), 'other', {TRADE}, 1,"
            " number + 1 FROM numbers(10)"
        )
    watermarks = "SELECT publisher, stream, max((epoch, seq)) FROM tickmesh.watermarks GROUP BY ALL ORDER BY ALL"
    before = rows_of(config, watermarks)
    short = kept(config, ticks=5)
    capsys.readouterr()
    harness = archive_once(short, 300)
    assert "tickmesh archive arc: tickmesh.trades: kept 5 days" in capsys.readouterr().err
    assert harness.agent.figures().gap_messages == 0
    with closing(connect("arc", short)) as client:
        for table in ("trades", "book_deltas", "book_snapshots", "feed_states"):
            client.command(f"OPTIMIZE TABLE tickmesh.{table} FINAL")
    left = "SELECT publisher, count(), min(seq) FROM tickmesh.{} GROUP BY publisher"
    assert rows_of(short, left.format("trades")) == [("other", 5, 6)]
    assert [rows_of(short, left.format(table)) for table in ("book_deltas", "feed_states")] == [[], []]
    assert rows_of(short, left.format("orders")) == [("exec", 300, 1)]
    assert rows_of(short, watermarks) == before
    [held] = holdings(short, Chosen())
    assert (held.source, held.rows, held.gaps, held.missing) == ("other", 5, 0, 0)
    assert {table.name: table.keep_days for table in upkeep.look(short, "arc").tables}["trades"] == 5
    archive_once(short, 400)
    assert rows_of(short, "SELECT count() FROM tickmesh.gaps") == [(0,)]
    assert rows_of(short, left.format("orders")) == [("exec", 400, 1)]
    archive_once(config, 400)
    assert "tickmesh.trades: kept for good" in capsys.readouterr().err
    assert rows_of(config, "SELECT engine_full LIKE '% TTL %' FROM system.tables WHERE name = 'trades'") == [(0,)]


def test_rows_that_are_due_to_go_are_not_listed_whichever_table_went_first(tmp_path: Path) -> None:
    config = archive_config(str(tmp_path))
    with closing(connect_prepared("arc", config)) as client:
        place = f"'binance', 'BTCUSDT', 'other', {TRADE}, 1, number + 1"
        client.command(
            "INSERT INTO tickmesh.feed_states (ts_recv_ns, kind, state, venue, symbol, publisher, stream, epoch, seq)"
            f" SELECT now64(9) - toIntervalDay(20), 'TRADE', 'LIVE', {place} FROM numbers(1)"
        )
        client.command(
            "INSERT INTO tickmesh.trades (ts_recv_ns, venue, symbol, publisher, stream, epoch, seq)"
            f" SELECT now64(9), {place} FROM numbers(4, 3)"
        )
    [held] = holdings(config, Chosen())
    assert (held.rows, held.gaps, held.missing) == (3, 1, 3)
    [held] = holdings(kept(config, ticks=5), Chosen())
    assert (held.rows, held.gaps, held.missing) == (3, 0, 0)


def test_a_file_of_a_time_that_is_not_kept_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT-trades-2024-08-09.csv"
    file.write_text("1,59000.01,0.00100,59.00001,1723161600000,True,True\n")
    config = archive_config(str(tmp_path / "state"))
    imported = list(import_files(config, [file], ImportOptions(venue="binance"), lambda _: lambda *_: None))
    assert imported[0].new_rows == 2
    with pytest.raises(ConfigError, match="keep_days: trades are kept 5 days; found 2024-08-09"):
        list(import_files(kept(config, ticks=5), [file], ImportOptions(venue="binance"), lambda _: lambda *_: None))


def run(*words: object) -> Any:
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_the_command_shows_migrates_backs_up_and_restores(tmp_path: Path) -> None:
    config = kept(archive_config(str(tmp_path / "a")), agents=36_500)
    other = archive_config(str(tmp_path / "b"))
    files = []
    for number, each in enumerate((config, other)):
        files.append(tmp_path / f"{number}.toml")
        files[-1].write_text(toml_text(tree_of(each)))
    assert run("archive", "-c", files[0]).output.startswith(f"arc: no archive yet (schema version {VERSION} is made)")
    archive_samples(config)
    shown = run("archive", "-c", files[0])
    assert shown.output.startswith(f"arc: schema version {VERSION}, up to date")
    assert any(line.split()[0] == "latency" and line.endswith("36500 days") for line in shown.output.splitlines())
    assert json.loads(run("archive", "-c", files[0], "--json").output)["version"] == VERSION
    with closing(connect("arc", config)) as client:
        client.command("TRUNCATE TABLE tickmesh.schema_versions")
    checked = run("archive", "migrate", "-c", files[0], "--check")
    assert (checked.exit_code, checked.output) == (1, f"arc: schema version 1, known here: up to {VERSION}\n")
    migrated = run("archive", "migrate", "-c", files[0])
    assert (migrated.exit_code, migrated.stdout) == (0, f"arc: schema version {VERSION}, up to date\n")
    assert run("archive", "backup", tmp_path / "backup", "-c", files[0]).exit_code == 0
    restored = run("archive", "restore", tmp_path / "backup", "-c", files[1])
    assert (restored.exit_code, "rows in" in restored.output) == (0, True)
    assert everything(other) == everything(config)
    assert run("archive", "restore", tmp_path / "backup", "-c", files[1]).exit_code == 78


def test_statements_are_printed_without_a_configuration() -> None:
    plain = run("archive", "ddl")
    assert plain.output.startswith("CREATE DATABASE IF NOT EXISTS tickmesh;\n")
    for shard_by, (key, _) in SHARDING.items():
        cluster = run("archive", "ddl", "--cluster", "north", "--shard-by", shard_by, "--database", "desk")
        assert "not run on a cluster here" in cluster.output
        assert f"Distributed(north, desk, trades, {key})" in cluster.output
