"""The archive on the real engine: every field comes back, nothing is lost and nothing doubled, whatever dies when."""

import asyncio
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.archive import agent as archive
from agents.archive import database
from agents.archive.database import connect, connect_prepared
from schemas.config import BreakerConfig, Config
from schemas.errors import UnavailableError
from tests.integration.archive_feed import STREAMS, Harness, expected
from tests.integration.clickhouse_http import ClickHouseHttp
from tests.unit.agents.archive_samples import archive_config

KILLS = 6


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClickHouseHttp]:
    front = ClickHouseHttp(str(tmp_path / "server"))
    yield front
    front.close()


def positions_in(query: Any, table: str) -> list[tuple[str, int, int, int]]:
    """Return (publisher, stream, epoch, seq) of each row of a table."""
    lines = query(f"SELECT publisher, stream, epoch, seq FROM tickmesh.{table}")
    return sorted((publisher, int(stream), int(epoch), int(seq)) for publisher, stream, epoch, seq in lines)


def served(front: ClickHouseHttp) -> Any:
    return lambda sql: [line.split("\t") for line in front.query(sql)]


def assert_exact(query: Any, count: int | None = None) -> None:
    """Assert that every table holds just what was published, each row once."""
    for table, rows in (expected() if count is None else expected(count)).items():
        assert positions_in(query, table) == rows, table
    assert query("SELECT count() FROM tickmesh.gaps")[0][0] in (0, "0")


def archive_once(config: Config, count: int) -> Harness:
    """Run an archive until `count` messages of each stream are in, and stop it."""

    async def live() -> Harness:
        harness = Harness(config, archive.build("arc", config))
        await harness.start()
        await harness.feed(count)
        await harness.stop()
        return harness

    return asyncio.run(live())


IMPATIENT = BreakerConfig(wait_ms=20, wait_ms_max=200)


def test_temporary_files_of_a_killed_archive_stay_in_its_folder_and_go_with_the_next_start(tmp_path: Path) -> None:
    config = archive_config(tmp_path)
    left = tmp_path / "arc" / "tmp" / "left-by-a-killed-process.raw"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    archive_once(config, 2)
    assert tempfile.gettempdir() == str(left.parent)
    assert list(left.parent.iterdir()) == []


def test_restart_resumes_after_the_last_row(tmp_path: Path) -> None:
    config = archive_config(str(tmp_path), flush_rows=200, flush_ms=20)
    archive_once(config, 1_000)
    harness = archive_once(config, 3_000)
    assert harness.agent.figures().positions["md"]["BOOK/1/7"] == (2, 500)
    client = connect("arc", config)
    try:
        assert_exact(lambda sql: client.query(sql).result_rows, 3_000)
    finally:
        client.close()


def test_killed_in_the_middle_of_inserts_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    dice = random.Random(20)
    command = [sys.executable, "-m", "tests.integration.archive_feed", str(tmp_path), "40"]
    killed = 0
    for _ in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == "begun\n"
            try:
                process.wait(dice.uniform(0.02, 0.4))
            except subprocess.TimeoutExpired:
                process.kill()
                killed += process.wait() == -signal.SIGKILL
    assert killed == KILLS
    assert subprocess.run(command, stdout=subprocess.DEVNULL, timeout=100, check=False).returncode == 0
    client = connect("arc", archive_config(str(tmp_path)))
    try:
        assert_exact(lambda sql: client.query(sql).result_rows)
    finally:
        client.close()


def test_rows_that_a_crashed_flush_inserted_are_not_inserted_again(tmp_path: Path) -> None:
    config = archive_config(str(tmp_path), flush_rows=500, flush_ms=20, breaker=IMPATIENT)
    archive_once(config, 1_000)
    client = connect("arc", config)
    # As if the process had died after the tables of its last flushes and before their watermarks.
    client.command("TRUNCATE TABLE tickmesh.watermarks")
    client.close()
    archive_once(config, 2_000)
    client = connect("arc", config)
    try:
        assert_exact(lambda sql: client.query(sql).result_rows, 2_000)
    finally:
        client.close()


def test_block_whose_part_a_crash_kept_from_being_is_inserted_again(tmp_path: Path) -> None:
    config = archive_config(str(tmp_path), flush_rows=500, flush_ms=20, breaker=IMPATIENT)
    archive_once(config, 5)
    client = connect("arc", config)
    client.command("TRUNCATE TABLE tickmesh.watermarks")
    parts = client.query("SELECT path FROM system.parts WHERE table = 'trades' AND active").result_rows
    client.close()
    assert parts
    for (path,) in parts:
        shutil.rmtree(path)
    archive_once(config, 5)
    client = connect("arc", config)
    try:
        assert_exact(lambda sql: client.query(sql).result_rows, 5)
    finally:
        client.close()


def test_folder_in_use_is_unavailable(tmp_path: Path) -> None:
    config = archive_config(str(tmp_path / "one"))
    client = connect("arc", config)
    try:
        with pytest.raises(UnavailableError, match="arc"):
            archive.build("arc", archive_config(str(tmp_path / "other")))
    finally:
        client.close()


def test_server_by_dsn_gets_the_same_rows(server: ClickHouseHttp, tmp_path: Path) -> None:
    archive_once(archive_config(str(tmp_path), dsn=server.dsn, flush_rows=500, flush_ms=20, breaker=IMPATIENT), 1_000)
    assert_exact(served(server), 1_000)


def test_server_away_at_the_start_is_unavailable(server: ClickHouseHttp, tmp_path: Path) -> None:
    server.down()
    with pytest.raises(UnavailableError, match="does not answer"):
        archive.build("arc", archive_config(str(tmp_path), dsn=server.dsn))


def test_server_away_in_the_middle_loses_and_doubles_nothing(server: ClickHouseHttp, tmp_path: Path) -> None:
    config = archive_config(str(tmp_path), dsn=server.dsn, flush_rows=500, flush_ms=20, breaker=IMPATIENT)

    async def live() -> Harness:
        harness = Harness(config, archive.build("arc", config))
        await harness.start()
        await harness.feed(500)
        await asyncio.to_thread(server.down)
        feeding = asyncio.ensure_future(harness.feed(2_000))
        while not harness.failures:
            await asyncio.sleep(0.01)
        assert harness.agent.figures().away
        assert not feeding.done()
        await asyncio.to_thread(server.up)
        await feeding
        await harness.stop()
        return harness

    harness = asyncio.run(asyncio.wait_for(live(), 60))
    assert harness.failures
    assert harness.agent.figures().away == ""
    assert_exact(served(server), 2_000)


def test_lost_answers_of_inserts_double_nothing(server: ClickHouseHttp, tmp_path: Path) -> None:
    config = archive_config(str(tmp_path), dsn=server.dsn, flush_rows=500, flush_ms=20, breaker=IMPATIENT)
    connect_prepared("arc", config).close()
    server.answers_to_lose = 9
    archive_once(config, 1_500)
    assert server.answers_lost == 9
    assert_exact(served(server), 1_500)


def test_insert_that_the_server_finishes_after_its_client_gave_up_doubles_nothing(
    server: ClickHouseHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_ANSWER_TIMEOUT_S", 1)
    config = archive_config(str(tmp_path), dsn=server.dsn, flush_rows=500, flush_ms=20, breaker=IMPATIENT)
    connect_prepared("arc", config).close()
    server.inserts_to_hold = 1

    async def live() -> Harness:
        harness = Harness(config, archive.build("arc", config))
        server.asked_running.clear()
        await harness.start()
        feeding = asyncio.ensure_future(harness.feed(1_000))
        assert await asyncio.to_thread(server.asked_running.wait, 30)
        assert not server.held_done.is_set()
        server.release.set()
        await feeding
        await harness.stop()
        return harness

    harness = asyncio.run(live())
    assert harness.failures
    assert server.held_done.is_set()
    assert_exact(served(server), 1_000)


def test_stopping_while_the_server_is_away_gives_up_and_the_next_start_catches_up(
    server: ClickHouseHttp, tmp_path: Path
) -> None:
    config = archive_config(str(tmp_path), dsn=server.dsn, flush_rows=500, flush_ms=20, stop_timeout_ms=1_000)

    async def live() -> None:
        harness = Harness(config, archive.build("arc", config))
        await harness.start()
        await harness.feed(700)
        await asyncio.to_thread(server.down)
        feeding = asyncio.ensure_future(harness.feed(1_500))
        while not harness.failures:
            await asyncio.sleep(0.01)
        feeding.cancel()
        await harness.stop()

    asyncio.run(asyncio.wait_for(live(), 60))
    server.up()
    archive_once(config, 2_000)
    assert_exact(served(server), 2_000)


def test_streams_of_the_feed_are_followed(tmp_path: Path) -> None:
    agent = archive.ArchiveAgent("arc", archive_config(str(tmp_path)), Harness.__new__(Harness), archive.Resume({}, {}))
    assert set(STREAMS) <= {(s.publisher, s.stream) for s in agent.subscriptions()}
