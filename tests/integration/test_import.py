"""`tickmesh import` and `tickmesh data` on the real engine: files in, each row once whatever happens, and out as equal."""

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
import tomli_w
from click.testing import CliRunner

from agents.archive.database import connect
from agents.archive.recordings import ArchivedMarket
from agents.archive.row_messages import STREAM_TABLES
from agents.importer import Chosen, ImportedFile, ImportOptions, export, holdings, import_files
from agents.instruments import InstrumentTable
from mesh.cli.commands import cli
from schemas.config import Config
from schemas.errors import CaptureError, ConfigError, DamagedFileError, ExitStatus
from schemas.messages import BookSnapshot, Message
from schemas.streams import Kind
from tests.integration.recorded import Archived, Recorded, assert_rows
from tests.unit.agents.importer.import_kit import import_config

SPOT = "raw/binance-spot/hftbacktest/btcusdt_20240809.gz"
USDM = "raw/binance-usdm/hftbacktest/btcusdt_20230404.dat.gz"
CRYPTOFEED = "raw/binance-usdm/cryptofeed/2021-07-22_BINANCE_FUTURES.ws.1.0.gz"
LINES = 4_000
CSV_ROWS = 30_000
KILLS_MAX = 3


def config_in(folder: Path, *, lot: str = "0.000001") -> Config:
    return import_config(str(folder), lot=lot)


def imported(config: Config, *paths: Path, **options: Any) -> list[ImportedFile]:
    found = import_files(config, paths, ImportOptions(**options), lambda path: lambda done, total, rows: None)
    return list(found)


def contents(config: Config) -> dict[str, list[tuple[int, int, Message]]]:
    """Return all that the archive holds of the market, as a replay would have it, by instrument and kind."""
    with closing(connect("archive", config)) as client:
        market = ArchivedMarket(client, "tickmesh", from_ns=0, to_ns=2**63 - 1)
        return {
            f"{info.venue.name}:{info.symbol}:{Kind(kind).name}": rows
            for info in InstrumentTable(config).by_id.values()
            for kind in STREAM_TABLES
            if (
                rows := [
                    row
                    for block in market.blocks(info, kind)
                    for row in zip(block.seqs.tolist(), block.flags.tolist(), block.messages, strict=True)
                ]
            )
        }


@pytest.fixture
def lines(data_dir: Path) -> list[bytes]:
    """Return the first lines of a capture."""
    with gzip.open(data_dir / SPOT) as file:
        return [next(file) for _ in range(LINES)]


def written(path: Path, lines: list[bytes]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(b"".join(lines)))
    return path


def test_a_capture_is_in_the_archive_frame_for_frame(tmp_path: Path, data_dir: Path, lines: list[bytes]) -> None:
    for path in (written(tmp_path / "some.gz", lines), data_dir / USDM):
        config = config_in(tmp_path / path.stem)
        (told,) = imported(config, path)
        recorded = Recorded([path])
        assert told.damaged == 0
        ticks = sum(told.rows[table] for table in ("trades", "book_deltas", "quotes", "marks") if table in told.rows)
        assert ticks == recorded.lines
        assert told.new_rows == sum(told.rows.values())
        archived = Archived(config)
        try:
            assert_rows(archived, recorded)
        finally:
            archived.close()


def test_what_was_imported_is_known_again_and_parquet_takes_it_elsewhere(tmp_path: Path, lines: list[bytes]) -> None:
    config, other = config_in(tmp_path / "one"), config_in(tmp_path / "other")
    path = written(tmp_path / "files" / "some.gz", lines)
    (first,), (again,) = imported(config, path), imported(config, path)
    assert (again.rows, again.new_rows) == (first.rows, 0)
    before = contents(config)
    assert [key.rpartition(":")[2] for key in before] == ["TRADE", "BOOK", "QUOTE"]
    files = []
    for kind in ("trade", "book", "quote"):
        files.append(tmp_path / f"{kind}.parquet")
        rows = export(config, Chosen(kind=kind), files[-1])
        assert rows == len(before[f"spot:BTCUSDT:{kind.upper()}"]) == len(pd.read_parquet(files[-1]))
    assert {each.damaged for each in imported(other, *files)} == {0}
    assert contents(other) == before
    held = {each.kind: (each.rows, each.gaps, each.missing) for each in holdings(other, Chosen(symbol="BTCUSDT"))}
    assert held == {
        "trade": (first.rows["trades"], 0, 0),
        "book": (first.rows["book_deltas"] + first.rows["book_snapshots"], 0, 0),
        "quote": (first.rows["quotes"], 0, 0),
    }
    with pytest.raises(ConfigError, match="a file has one kind"):
        export(config, Chosen(), tmp_path / "all.parquet")
    with pytest.raises(CaptureError, match="holds nothing"):
        export(config, Chosen(venue="usdm"), tmp_path / "all.parquet")


def test_damage_is_named_and_the_rest_is_taken(tmp_path: Path, lines: list[bytes]) -> None:
    whole = config_in(tmp_path / "whole")
    imported(whole, written(tmp_path / "whole" / "some.gz", lines))
    damaged = list(lines)
    trades = [place for place, line in enumerate(lines) if b'"e":"trade"' in line]
    damaged[trades[20]] = lines[trades[20]][:60] + b"\n"
    damaged[trades[30]] = b"no time at all\n"
    early = next(place for place in trades[40:] if place + 1 in trades)
    damaged[early], damaged[early + 1] = lines[early + 1], lines[early]
    path = written(tmp_path / "damaged" / "some.gz", damaged)
    config = config_in(tmp_path / "damaged")
    (told,) = imported(config, path)
    assert told.damaged == 2
    assert [text.split(":")[0] for text in told.damage] == [f"line {trades[place] + 1}" for place in (20, 30)]
    assert any(f"the first is line {early + 2}" in note for note in told.notes)
    kept, all_trades = trade_ids(config), trade_ids(whole)
    # What is missing between two trades is asked of the venue, which is the paper venue here: it has not seen them.
    assert [each for each in all_trades if each not in kept] == [all_trades[20], all_trades[30]]
    with pytest.raises(DamagedFileError, match=f"{path}: line {trades[20] + 1}: "):
        imported(config, path, strict=True)


def trade_ids(config: Config) -> list[str]:
    return [m.trade_id for *_, m in contents(config)["spot:BTCUSDT:TRADE"] if hasattr(m, "trade_id")]


def test_a_gzip_that_ends_early_has_what_stands_before_the_end(tmp_path: Path, lines: list[bytes]) -> None:
    path = written(tmp_path / "files" / "some.gz", lines)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    config = config_in(tmp_path / "one")
    (told,) = imported(config, path)
    assert told.damage == ["the gzip file ends early"]
    assert LINES // 2 < sum(told.rows[table] for table in ("trades", "book_deltas", "quotes")) < LINES


def test_another_venue_or_instrument_is_named(tmp_path: Path, data_dir: Path, lines: list[bytes]) -> None:
    config = config_in(tmp_path / "one")
    path = written(tmp_path / "files" / "some.gz", lines)
    with pytest.raises(ConfigError, match="the capture is of binance_spot, and --venue usdm is a binance_usdm"):
        imported(config, path, venue="usdm")
    with pytest.raises(
        ConfigError, match=r"has 'SUSHIUSDT', which is not in instruments \(there are \['usdm:BTCUSDT'\]\)"
    ):
        imported(config, data_dir / CRYPTOFEED)
    with pytest.raises(ConfigError, match=r"lot_size 0\.01 cannot hold the recorded"):
        imported(config_in(tmp_path / "coarse", lot="0.01"), path)
    odd = tmp_path / "odd.txt"
    odd.write_text("hello\n")
    with pytest.raises(CaptureError, match="in no format that is known"):
        imported(config, odd)


def agg_trades(rows: int) -> bytes:
    rng, at, price = random.Random(1), 1_735_689_600_000_000, 9_400_000
    found = []
    for number in range(rows):
        at += rng.randint(0, 3_000_000)
        price += rng.randint(-50, 50)
        qty, maker = rng.randint(1, 10**6), rng.choice(("True", "False"))
        found.append(
            f"{number},{price // 100}.{price % 100:02},{qty / 10**6:.6f},{number},{number},{at},{maker},True\n"
        )
    return "".join(found).encode()


class Command:
    """`tickmesh` as a process on one configuration."""

    def __init__(self, folder: Path) -> None:
        self.config = config_in(folder / "state")
        self.file = folder / "tickmesh.toml"
        written = msgspec.to_builtins(self.config)
        slim = {key: written[key] for key in ("mesh", "venues", "instruments", "agents")}
        slim["mesh"] = {"state_dir": str(folder / "state")}
        self.file.write_text(tomli_w.dumps(slim))

    def run(self, *words: object) -> tuple[int, str, str]:
        """Return exit status, output and errors of a command in this process."""
        found = CliRunner().invoke(cli, [str(words[0]), "-c", str(self.file), *map(str, words[1:])])
        return found.exit_code, found.stdout, found.stderr


def test_an_import_that_is_killed_again_and_again_brings_each_row_once(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "BTCUSDT-aggTrades-2025-01-01.csv"
    path.write_bytes(agg_trades(CSV_ROWS))
    command = Command(tmp_path)
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    # Inserts of few rows, so that a kill finds some of them done.
    small = (
        "import agents.importer.sink as s, agents.importer.lines as l; s.FLUSH_ROWS = 3_000; l.BLOCK_BYTES = 100_000;"
    )
    main = "from mesh.cli.commands import main; main()"
    words = [sys.executable, "-c", small + main, "import", "-c", str(command.file), str(path)]
    kills, rows = 0, 0
    rng = random.Random(3)
    while rows < CSV_ROWS and kills < KILLS_MAX:
        process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if parts(command.config) > kills + 1:
                time.sleep(rng.random() / 5)
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.02)
        process.wait(60)
        kills += process.returncode == -signal.SIGKILL
        rows = len(contents(command.config).get("spot:BTCUSDT:TRADE", []))
    assert kills >= 1
    status, out, err = command.run("import", path, "--json")
    assert (status, err) == (0, "")
    told = msgspec.json.decode(out)
    assert told["rows"] == {"instruments": 1, "trades": CSV_ROWS}
    found = contents(command.config)["spot:BTCUSDT:TRADE"]
    frame = pd.read_csv(path, header=None, dtype=str)
    assert [message.trade_id for *_, message in found] == frame[0].tolist()  # type: ignore[attr-defined]
    assert [place for place, *_ in found] == list(range(1, CSV_ROWS + 1))
    prices = [message.price_ticks for *_, message in found]  # type: ignore[attr-defined]
    assert prices == [int(Decimal(text) * 100) for text in frame[1]]


def parts(config: Config) -> int:
    """Return how many parts of trades lie on the disk of the embedded engine."""
    folder = Path(config.mesh.state_dir) / "archive" / "clickhouse"
    return len(list(folder.glob("store/*/*/20[0-9]*_*_*_*")))


def test_commands_tell_what_became_of_files_and_their_exit_status(tmp_path: Path, lines: list[bytes]) -> None:
    command = Command(tmp_path)
    path = written(tmp_path / "files" / "some.gz", [*lines[:500], b"damage\n", *lines[500:1_000]])
    status, out, err = command.run("import", path, "--strict")
    assert (status, out) == (ExitStatus.DAMAGED, "")
    assert f"{path}: line 501: " in err
    status, out, err = command.run("import", path)
    assert status == ExitStatus.FAILED
    assert "damaged: line 501: no receive time" in out
    status, out, err = command.run("data")
    assert status == ExitStatus.OK
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [
        ["spot", "BTCUSDT", kind] for kind in ("book", "quote", "trade")
    ]
    status, out, err = command.run("data", "export", "--kind", "book", "--out", tmp_path / "book.parquet")
    assert status == ExitStatus.OK, err
    assert (tmp_path / "book.parquet").exists()
    assert command.run("import", tmp_path / "nothing")[0] == ExitStatus.NO_INPUT
    assert command.run("import", path, "--venue", "nowhere")[0] == ExitStatus.CONFIG


def test_tardis_books_are_read_back_as_books(tmp_path: Path, data_dir: Path) -> None:
    config = config_in(tmp_path / "one")
    folder = data_dir / "historical-csv" / "tardis"
    (told,) = imported(config, folder / "deribit_incremental_book_L2_BTC-PERPETUAL.csv")
    assert told.format == "tardis-book"
    rows = contents(config)["deribit:BTC-USD:BOOK"]
    assert isinstance(rows[0][2], BookSnapshot)
    assert len(rows) == told.rows["book_snapshots"] + told.rows.get("book_deltas", 0)


def test_parquet_with_the_columns_of_a_csv_file_is_the_same_as_that(tmp_path: Path) -> None:
    rng, head = random.Random(5), "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
    rows = [
        f"binance,{rng.choice(('BTCUSDT', 'ETHUSDT'))},{1723161598000000 + n},{1723161598001000 + n},{n},"
        f"{rng.choice(('buy', 'sell'))},{rng.randint(1, 10**7) / 100:.2f},{rng.randint(1, 10**6) / 10**4:.4f}"
        for n in range(2_000)
    ]
    path = tmp_path / "trades.csv"
    path.write_text("\n".join([head, *rows]))
    # Prices are floats there, as whoever keeps such files has them.
    pd.read_csv(path).to_parquet(tmp_path / "trades.parquet")
    found = []
    for name, said in (("trades.csv", "tardis-trades"), ("trades.parquet", "parquet, tardis-trades")):
        config = config_in(tmp_path / said)
        (told,) = imported(config, tmp_path / name)
        assert (told.format, told.damaged, told.rows["trades"]) == (said, 0, 2_000)
        found.append(contents(config))
    assert found[0] == found[1]
    prices = [message.price_ticks for _, _, message in found[0]["spot:BTCUSDT:TRADE"]]  # type: ignore[attr-defined]
    assert prices == [int(Decimal(row.split(",")[6]) * 100) for row in rows if ",BTCUSDT," in row]
