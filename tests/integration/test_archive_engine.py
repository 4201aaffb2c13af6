"""The embedded engine as the archive has it: what a table of it does that it would not do by itself."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest

from agents.archive.engine import connect_embedded
from tests.integration.live import until

TABLE = (
    "CREATE TABLE ticks (seq UInt64, venue LowCardinality(String), qtys Array(Int64)) ENGINE = MergeTree ORDER BY seq"
    " SETTINGS fsync_after_insert = 1"
)
PARTS = 8
ROWS_EACH = 1_000
CLEANUP_S = 30.0


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    client = connect_embedded(tmp_path / "arc")
    client.command(TABLE)
    yield client
    client.close()


def insert(client: Any, part: int) -> None:
    first = part * ROWS_EACH
    client.command(f"INSERT INTO ticks SELECT number + {first}, 'v', [number, 1] FROM numbers({ROWS_EACH})")


def merge(client: Any) -> None:
    client.command("OPTIMIZE TABLE ticks FINAL")


def syncs(client: Any) -> int:
    found = client.query("SELECT value FROM system.events WHERE event = 'FileSync'").result_rows
    return int(found[0][0]) if found else 0


def parts(client: Any, active: bool) -> list[Path]:
    query = f"SELECT path FROM system.parts WHERE table = 'ticks' AND active = {int(active)}"
    return [Path(path) for (path,) in client.query(query).result_rows]


def total(client: Any) -> tuple[int, int]:
    count, rows = client.query("SELECT count(), sum(seq + qtys[2]) FROM ticks").result_rows[0]
    return int(count), int(rows)


def expected_total(count: int) -> tuple[int, int]:
    return count, count * (count - 1) // 2 + count


def test_part_of_an_insert_is_one_file_that_waits_for_the_disk_once(client: Any) -> None:
    insert(client, 0)
    before = syncs(client)
    insert(client, 1)
    assert syncs(client) - before == 1
    assert [len(list(part.iterdir())) for part in parts(client, active=True)] == [1, 1]


def test_merged_part_is_on_disk_before_what_it_replaces_goes(client: Any) -> None:
    for part in range(PARTS):
        insert(client, part)
    before = syncs(client)
    merge(client)
    assert len(parts(client, active=True)) == 1
    assert syncs(client) > before
    assert total(client) == expected_total(PARTS * ROWS_EACH)


def test_parts_that_a_merge_replaced_are_gone_within_seconds(client: Any) -> None:
    for part in range(PARTS):
        insert(client, part)
    merge(client)
    until(lambda: parts(client, active=False) == [], CLEANUP_S)
    assert total(client) == expected_total(PARTS * ROWS_EACH)


def test_parts_of_an_engine_with_its_own_settings_are_read_and_merged(tmp_path: Path) -> None:
    plain = clickhouse_connect.get_client(interface="chdb", path=str(tmp_path / "arc" / "clickhouse"))
    plain.command(TABLE)
    insert(plain, 0)
    assert len(list(parts(plain, active=True)[0].iterdir())) > 1
    plain.close()
    client = connect_embedded(tmp_path / "arc")
    insert(client, 1)
    assert total(client) == expected_total(2 * ROWS_EACH)
    merge(client)
    assert total(client) == expected_total(2 * ROWS_EACH)
    client.close()


def test_memory_not_in_use_goes_back_after_a_second(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from agents.archive.engine import connect_embedded\n"
        "print(connect_embedded(Path(sys.argv[1])).query('SELECT * FROM system.jemalloc_stats').result_rows[0][0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "arc")], capture_output=True, text=True, check=True
    )
    assert "arenas.dirty_decay_ms: 1000" in done.stdout
