"""The reader on the real engine: every tick of one instrument in order, whatever the parts it lies in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from agents.archive import reader
from agents.archive.arrivals import Arrivals
from agents.archive.batch import Batch
from agents.archive.database import Database, connect
from agents.archive.reader import TickReader, replay_columns
from agents.archive.streams import followed_links
from agents.archive.tables import TABLES
from core.columns import Rows
from core.frame import Header
from schemas.config import Config
from schemas.messages import BookDelta, Message, Trade
from schemas.streams import Kind, stream_kind
from tests.unit.agents.archive_samples import ASKS, BIDS, DAY_NS, T0, archive_config, trade

COUNT = 3_000
LAYOUTS = {table.name: table.layout() for table in TABLES}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return the configuration of an archive with trades and deltas of two days, in several parts, of two instruments."""
    config = archive_config(str(tmp_path_factory.mktemp("archive")))
    links = tuple(followed_links(config, "arc"))
    database = Database("arc", config, [(link.publisher, link.stream) for link in links])
    database.open()
    for number, first in enumerate(range(0, COUNT, 1_000), 1):
        tables = {name: Rows(LAYOUTS[name]) for name in ("trades", "book_deltas")}
        for link in links:
            table = {Kind.TRADE: "trades", Kind.BOOK: "book_deltas"}.get(stream_kind(link.stream))
            for place in range(first, first + 1_000) if table else ():
                tables[table].append(link.number, header(link, place), message(table, place))  # type: ignore[index]
        database.write(Batch(number, T0, 0, links, tables, {}))
    database.close()
    return config


def header(link: Arrivals, place: int) -> Header:
    return Header(stream=link.stream, type=1, sender=1, epoch=1, seq=place + 1)


def time_of(place: int) -> int:
    """Return a time that steps back now and then, as venues' times do, and passes midnight."""
    return T0 + place // 2_000 * DAY_NS + place * 1_000 - place % 7 * 3_000


def message(table: str | None, place: int) -> Message:
    if table == "trades":
        return trade(place, time_of(place))
    return BookDelta(time_of(place), T0, place, place, BIDS if place % 3 else b"", ASKS[: 16 * (place % 4)])


@pytest.fixture
def read(config: Config) -> Iterator[Any]:
    def columns(table: str, **chosen: Any) -> dict[str, list[int]]:
        with TickReader(lambda: connect("arc", config), table, "binance", "BTCUSDT", **chosen) as blocks:
            found = list(blocks)
        return {name: np.concatenate([block[name] for block in found]).tolist() for name in found[0]} if found else {}

    return columns


PLACES = sorted(range(COUNT), key=lambda place: (time_of(place), place))


def test_trades_come_in_order_of_time_then_sequence(read: Any) -> None:
    found = read("trades")
    expected = [trade(place, time_of(place)) for place in PLACES]
    for field in Trade.__struct_fields__:
        values = [getattr(each, field) for each in expected]
        assert found[field] == [value.encode() if isinstance(value, str) else value for value in values], field
    assert found["seq"] == [place + 1 for place in PLACES]
    assert set(found["epoch"]) == {1}


def test_only_the_time_asked_for_is_read(read: Any) -> None:
    begin, end = time_of(1_400), time_of(2_100)
    found = read("trades", from_ns=begin, to_ns=end, columns=("seq", "ts_event_ns"))
    assert set(found) == {"seq", "ts_event_ns"}
    assert found["seq"] == [place + 1 for place in PLACES if begin <= time_of(place) < end]
    assert read("trades", from_ns=end, to_ns=begin) == {}


class Piecemeal:
    """A client whose answers come in pieces of 7 bytes at most, and end after `bytes_max` of them."""

    def __init__(self, config: Config, bytes_max: int = 2**63) -> None:
        self._client = connect("arc", config)
        self._left = bytes_max

    @contextmanager
    def raw_stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with self._client.raw_stream(*args, **kwargs) as stream:
            self._stream = stream
            yield self

    def read(self, size: int) -> bytes:
        piece: bytes = self._stream.read(min(size, 7, self._left))
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._client.close()


def test_levels_come_with_where_each_rows_end(config: Config) -> None:
    rows: list[tuple[int, list[int], list[int]]] = []
    with TickReader(lambda: Piecemeal(config), "book_deltas", "binance", "BTCUSDT") as blocks:
        for block in blocks:
            bids = np.split(block["bid_price_ticks"], block["bid_price_ticks.ends"].astype(int)[:-1])
            asks = np.split(block["ask_qty_lots"], block["ask_qty_lots.ends"].astype(int)[:-1])
            for seq, prices, lots in zip(block["seq"].tolist(), bids, asks, strict=True):
                rows.append((seq, prices.tolist(), lots.tolist()))
    assert rows == [
        (place + 1, [2_810_000, 2_809_900] if place % 3 else [], [0, 14, 15][: place % 4]) for place in PLACES
    ]


def test_answer_that_ends_early_is_an_error_and_no_short_table(config: Config) -> None:
    reading = TickReader(lambda: Piecemeal(config, 10_000), "trades", "binance", "BTCUSDT")
    with pytest.raises(EOFError, match="bytes early"), reading as blocks:
        list(blocks)


def test_reader_that_is_left_early_ends_its_thread(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BLOCK_ROWS", 64)
    with TickReader(lambda: connect("arc", config), "trades", "binance", "BTCUSDT") as blocks:
        assert len(next(iter(blocks))["seq"]) > 0
        reading = blocks._reading
    assert reading is not None
    assert reading.done()


def test_failure_of_clickhouse_reaches_who_reads(config: Config) -> None:
    def away() -> Any:
        raise OSError("connection refused")

    reading = TickReader(away, "trades", "binance", "BTCUSDT")
    with pytest.raises(OSError, match="connection refused"), reading as blocks:
        list(blocks)


def test_replay_reads_what_the_message_had_and_its_place() -> None:
    assert {*Trade.__struct_fields__, "epoch", "seq", "flags"} == set(replay_columns("trades"))
