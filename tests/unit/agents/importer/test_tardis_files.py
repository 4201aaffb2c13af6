"""Tardis' files, held against pandas and a book of plain dictionaries."""

import io
import random
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from agents.importer.delimited import DelimitedReader
from agents.importer.faults import Faults
from agents.importer.rows import PlacedRows, RowSet, TableRows
from agents.importer.tardis_files import LAYOUTS, told_by_header
from agents.importer.targets import Targets
from schemas.errors import ConfigError
from tests.unit.agents.importer.import_kit import import_config

HEADS = {
    "tardis-trades": b"exchange,symbol,timestamp,local_timestamp,id,side,price,amount",
    "tardis-quotes": b"exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount",
    "tardis-book": b"exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount",
}


def read(
    lines: list[bytes], *, venue: str = "", block: int = 7, symbols: tuple[str, ...] = ()
) -> tuple[list[RowSet], Faults]:
    """Read a file in blocks of a few lines."""
    faults = Faults("FILE", strict=False)
    header = lines[0].split(b",")
    layout = LAYOUTS[told_by_header(header)](header)
    reader = DelimitedReader(layout, Targets(import_config(), venue, symbols), faults, "", "FILE")
    found = [
        rows for start in range(1, len(lines), block) for rows in reader.rows(start + 1, lines[start : start + block])
    ]
    return [*found, *reader.finish()], faults


def books(found: list[RowSet]) -> list[tuple[int, str, dict[str, list[tuple[int, int]]]]]:
    """Return (line, table, levels by side) of each message."""
    messages = []
    for rows in found:
        table = TableRows(rows.table, [PlacedRows(rows, 0, rows.order)])
        for side in ("bids", "asks"):
            ends, prices, lots = (each.tolist() for each in table.levels(side))
            for place, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
                levels = list(zip(prices[start:end], lots[start:end], strict=True))
                messages.append((int(rows.order[place]), rows.table, side, levels))
    found_by: dict[tuple[int, str], dict[str, list[tuple[int, int]]]] = {}
    for line, name, side, levels in messages:
        found_by.setdefault((line, name), {})[side] = levels
    return [(line, name, sides) for (line, name), sides in sorted(found_by.items())]


def test_headers_tell_the_format() -> None:
    assert {told_by_header(head.split(b",")) for head in HEADS.values()} == set(HEADS)
    assert told_by_header(b"a,b".split(b",")) == ""


def test_trades_and_quotes() -> None:
    trades = [HEADS["tardis-trades"], b"binance,BTCUSDT,1723161598001000,1723161598003000,7,sell,61679.99,0.5"]
    (rows,), _ = read(trades)
    assert {name: list(column) for name, column in rows.columns.items()} == {
        "ts_event_ns": [1723161598001000000],
        "ts_recv_ns": [1723161598003000000],
        "price_ticks": [6167999],
        "qty_lots": [500000],
        "aggressor": [-1],
        "trade_id": ["7"],
        "condition": [0],
    }
    quotes = [HEADS["tardis-quotes"], b"binance,BTCUSDT,,1723161598003000,,,61679.99,2"]
    (rows,), _ = read(quotes)
    assert {name: int(column[0]) for name, column in rows.columns.items()} == {
        "ts_event_ns": 1723161598003000000,
        "ts_recv_ns": 1723161598003000000,
        "update_id": 0,
        "bid_ticks": 6167999,
        "bid_lots": 2000000,
        "ask_ticks": 0,
        "ask_lots": 0,
    }


def made_book(seed: int) -> list[bytes]:
    rng = random.Random(seed)
    lines, at = [HEADS["tardis-book"]], 1723161598001000
    for number in range(120):
        whole = number in (0, 50, 51)
        at += rng.choice((0, 10, 400)) if not whole else 1
        for _ in range(rng.randint(1, 9)):
            side = rng.choice(("bid", "ask"))
            price = rng.randint(100, 120) if side == "bid" else rng.randint(121, 140)
            amount = rng.choice((0, 1, 2.5))
            lines.append(f"binance,BTCUSDT,{at - 5},{at},{str(whole).lower()},{side},{price}.5,{amount}".encode())
    return lines


@pytest.mark.parametrize("seed", range(6))
def test_levels_become_books_as_a_naive_reader_has_them(seed: int) -> None:
    lines = made_book(seed)
    frame = pd.read_csv(io.BytesIO(b"\n".join(lines)), dtype=str)
    expected: list[tuple[int, bool, dict[str, dict[int, int]]]] = []
    before: tuple[str, ...] = ()
    for row in frame.itertuples(index=True):
        whole = row.is_snapshot == "true"
        key = ("whole",) if whole else ("update", str(row.local_timestamp))
        if key != before:
            expected.append((int(row.Index) + 2, whole, {"bids": {}, "asks": {}}))
            before = key
        price, lots = int(Decimal(row.price) * 100), int(Decimal(row.amount) * 10**6)
        expected[-1][2][f"{row.side}s"][price] = lots
    found = books(read(lines, block=seed + 1)[0])
    assert len(found) == len(expected)
    for (line, table, sides), (first, whole, levels) in zip(found, expected, strict=True):
        assert (line, table) == (first, "book_snapshots" if whole else "book_deltas")
        if whole:
            assert sides["bids"] == sorted(((p, q) for p, q in levels["bids"].items() if q), reverse=True)
            assert sides["asks"] == sorted((p, q) for p, q in levels["asks"].items() if q)
        else:
            assert {side: dict(each) for side, each in sides.items()} == levels


def test_updates_are_numbered_and_whole_books_are_flagged() -> None:
    found, _ = read(made_book(1), block=10_000)
    ids = sorted(i for rows in found for i in rows.columns["last_update_id"].tolist())
    assert ids == list(range(1, len(ids) + 1))
    assert {rows.table: rows.flags for rows in found} == {"book_snapshots": 1, "book_deltas": 0}


def test_instruments_that_are_mixed_keep_their_own_books() -> None:
    one, other = made_book(3)[1:], [line.replace(b"BTCUSDT", b"ETHUSDT") for line in made_book(4)[1:]]
    mixed = [line for pair in zip(one, other, strict=False) for line in pair]
    found, faults = read([HEADS["tardis-book"], *mixed])
    assert faults.count == 0
    for info, lines in (("BTCUSDT", one), ("ETHUSDT", other)):
        alone = read([HEADS["tardis-book"], *lines[: len(mixed) // 2]])[0]
        own = [rows for rows in found if rows.info.symbol == info]
        assert [each[1:] for each in books(own)] == [each[1:] for each in books(alone)]
    only, faults = read([HEADS["tardis-book"], *mixed], symbols=("BTCUSDT",), venue="spot")
    assert {rows.info.symbol for rows in only} == {"BTCUSDT"}
    assert faults.notes == [f"{len(mixed) // 2} rows of other instruments were left out"]


def test_an_unknown_instrument_or_exchange_is_named() -> None:
    row = b"binance,BTCUSDT,1723161598001000,1723161598003000,7,sell,61679.99,0.5"
    head = HEADS["tardis-trades"]
    with pytest.raises(ConfigError, match=r"'LTCUSDT', which is not in instruments .*spot:BTCUSDT"):
        read([head, row.replace(b"BTC", b"LTC")])
    with pytest.raises(ConfigError, match="the file is of bybit, and the configuration has no such venue"):
        read([head, row.replace(b"binance,", b"bybit,")])
    with pytest.raises(ConfigError, match="the file is of binance, and --venue usdm is a binance_usdm"):
        read([head, row], venue="usdm")
    found, faults = read([head, row, row.replace(b"BTC", b"LTC"), row])
    assert sum(map(len, found)) == 2
    assert faults.count == 1
    assert faults.named[0].startswith("line 3: FILE has 'LTCUSDT'")


FOLDER = "historical-csv/tardis"
SAMPLES = {
    "binance-futures_book_snapshot_5_BTCUSDT.csv": ("", 5),
    "binance-futures_book_snapshot_25_BTCUSDT.csv": ("", 25),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_recorded_snapshots_equal_what_pandas_reads(data_dir: Path, name: str) -> None:
    path = data_dir / FOLDER / name
    depth = SAMPLES[name][1]
    frame = pd.read_csv(path, dtype=str)
    found = books(read(path.read_bytes().splitlines())[0])
    assert len(found) == len(frame) > 0
    for place, (_, table, sides) in enumerate(found):
        row = frame.iloc[place]
        assert table == "book_snapshots"
        for side, levels in sides.items():
            expected = [
                (int(Decimal(row[f"{side}[{i}].price"]) * 100), int(Decimal(row[f"{side}[{i}].amount"]) * 1000))
                for i in range(depth)
            ]
            assert levels == expected


def test_recorded_levels_of_a_book_are_one_snapshot(data_dir: Path) -> None:
    path = data_dir / FOLDER / "deribit_incremental_book_L2_BTC-PERPETUAL.csv"
    frame = pd.read_csv(path, dtype=str)
    found = books(read(path.read_bytes().splitlines())[0])
    whole = frame[frame.is_snapshot == "true"]
    sides = found[0][2]
    assert found[0][1] == "book_snapshots"
    for side, name in (("bids", "bid"), ("asks", "ask")):
        prices = {int(Decimal(price) * 2) for price in whole[whole.side == name].price}
        assert {price for price, _ in sides[side]} == prices
