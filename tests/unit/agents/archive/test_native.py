"""Native blocks: bytes as the format's documentation has them, days kept apart, and values that fit no column."""

import random

from agents.archive.arrivals import Arrivals
from agents.archive.batch import Batch
from agents.archive.columns import NAME, ArchiveTable, Column, OfHeader, OfLink, OfMessage
from agents.archive.native import Part, block, split_by_day
from agents.archive.tables import TABLES
from core.columns import Rows
from core.frame import FLAG_REPLAY, FLAG_STALE, Header
from schemas.messages import Message, Trade
from tests.unit.agents.archive_samples import DAY_NS, T0, TRADE, joined, trade

TRADES = next(table for table in TABLES if table.name == "trades")


def link(number: int = 0, symbol: str = "BTCUSDT") -> Arrivals:
    return Arrivals(number, "md", TRADE + number, "binance", symbol, restarts=False, local=True, symbols={})


def part_of(*entries: tuple[Arrivals, int, Message], table: ArchiveTable = TRADES, flags: int = 0) -> Part:
    """Return rows of `table`; links are numbered from 0 without a break."""
    rows = Rows(table.layout())
    for entry_link, seq, message in entries:
        header = Header(stream=entry_link.stream, type=1, sender=1, epoch=1, seq=seq, flags=flags)
        rows.append(entry_link.number, header, message)
    links = {entry_link.number: entry_link for entry_link, _, _ in entries}
    in_order = tuple(links[number] for number in sorted(links))
    return Part(rows, Batch(number=1, wall_ns=T0, now_ns=0, links=in_order, tables={}, positions={}))


def one_column(column: Column, part: Part) -> bytes:
    """Return the data of a block with that one column, after checking its head."""
    table = ArchiveTable("t", "", (), (), (column,))
    head = bytes([1, len(part), len(column.name)]) + column.name.encode()
    head += bytes([len(column.type)]) + column.type.encode()
    data = joined(block(table, part))
    assert data.startswith(head)
    return data[len(head) :]


def test_block_is_read_in_pieces_of_any_size_and_once() -> None:
    table = ArchiveTable("t", "", (), (), (Column("price_ticks", "UInt64", OfMessage("price_ticks")),))
    part = part_of((link(), 1, trade(258)), (link(), 2, trade(1)))
    whole = b"\x01\x02\x0bprice_ticks\x06UInt64" + b"\x98\xe0\x2a\0\0\0\0\0" + b"\x91\xe0\x2a\0\0\0\0\0"
    for size in (1, 3, 16, 1_000):
        data = block(table, part)
        pieces = list(iter(lambda size=size, data=data: data.read(size), b""))  # type: ignore[misc]
        assert b"".join(pieces) == whole
        assert max(map(len, pieces)) <= size
        assert data.read() == b""
    data = block(table, part)
    assert b"".join(iter(data.read, b"")) == whole


def test_numbers_are_little_endian_one_after_the_other() -> None:
    part = part_of((link(), 1, trade(258)), (link(), 2, trade(1)))
    column = Column("price_ticks", "UInt64", OfMessage("price_ticks"))
    assert one_column(column, part) == b"\x98\xe0\x2a\0\0\0\0\0" + b"\x91\xe0\x2a\0\0\0\0\0"


def test_names_are_a_dictionary_and_indices() -> None:
    btc, eth = link(0, "BTCUSDT"), link(1, "ETHUSDT")
    part = part_of((eth, 1, trade(1)), (btc, 1, trade(2)), (eth, 2, trade(3)))
    # Version 1, flags (own keys, 8-bit indices), 2 keys, 3 indices.
    assert (
        one_column(Column("symbol", NAME, OfLink("symbol")), part)
        == (
            b"\x01"
            + bytes(7)
            + b"\x00\x06"
            + bytes(6)
            + b"\x02"
            + bytes(7)
            + b"\x07BTCUSDT\x07ETHUSDT"
            + b"\x03"
            + bytes(7)
        )
        + b"\x01\x00\x01"
    )


def test_replayed_row_is_the_same_row() -> None:
    part = part_of((link(), 1, trade(1)), flags=FLAG_REPLAY | FLAG_STALE)
    assert one_column(Column("flags", "UInt8", OfHeader("flags")), part) == bytes([FLAG_STALE])


def test_number_that_does_not_fit_becomes_the_nearest_one() -> None:
    wild = [Trade(T0, T0, 1, 1, 1, "1", condition) for condition in (2**63, -(2**40), 5)]
    part = part_of(*((link(), i, message) for i, message in enumerate(wild)))
    data = one_column(Column("condition", "Int32", OfMessage("condition")), part)
    assert data == b"\xff\xff\xff\x7f" + b"\x00\x00\x00\x80" + b"\x05\x00\x00\x00"


def test_rows_of_one_day_stay_together() -> None:
    part = part_of(*((link(), n, trade(n)) for n in range(20)))
    assert split_by_day(TRADES, part) == [part]


def test_groups_have_one_day_each_and_keep_the_order_of_every_stream() -> None:
    dice = random.Random(3)
    links = [link(number) for number in range(5)]
    seqs = [0] * 5
    entries = []
    for number in range(500):
        chosen = dice.randrange(5)
        seqs[chosen] += 1
        entries.append((links[chosen], seqs[chosen], trade(number, T0 + dice.choice((0, 0, 0, 1, 2)) * DAY_NS)))
    groups = split_by_day(TRADES, part_of(*entries))
    found: dict[int, list[int]] = {}
    for group in groups:
        assert len(set((group.numbers("ts_event_ns") // DAY_NS).tolist())) == 1
        for number, seq in zip(group.numbers("link").tolist(), group.numbers("seq").tolist(), strict=True):
            found.setdefault(number, []).append(seq)
    assert found == {number: list(range(1, seqs[number] + 1)) for number in range(5)}


def test_midnight_costs_one_more_group_however_streams_interleave() -> None:
    entries = [(link(n % 4), 1 + n // 4, trade(n, T0 + (DAY_NS if n // 4 + n % 4 > 25 else 0))) for n in range(200)]
    assert len(split_by_day(TRADES, part_of(*entries))) == 2
