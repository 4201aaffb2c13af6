"""Binance's public files by their documented columns, with and without a header, in milliseconds and in microseconds."""

import numpy as np
import pytest

from agents.importer.binance_files import LAYOUTS, told_by_header, told_by_name
from agents.importer.delimited import DelimitedReader
from agents.importer.faults import Faults
from agents.importer.rows import RowSet
from agents.importer.targets import Targets
from schemas.errors import ConfigError, DamagedFileError
from tests.unit.agents.importer.import_kit import import_config

SPOT_TRADES = [
    b"3235678,61679.99000000,0.00150000,92.51998500,1723161598001,True,True",
    b"3235679,61680.00000000,0.25000000,15420.00000000,1723161598002,False,True",
]
USDM_TRADES = [b"5121,61679.9,0.002,123.3598,1723161598001,true", b"5122,61680,1,61680,1723161598005,false"]
SPOT_AGG = [b"26129,61679.99000000,4.70443515,27781,27783,1735689600000123,True,True"]
USDM_AGG = [b"26129,61679.99,4.704,27781,27783,1723161598001,true"]
TICKER = [b"4817,61679.90,12.5,61680.00,0.001,1723161598001,1723161598007"]
KLINES = [b"1723161600000,61679.99,61700,61600.5,61650,12.345,1723161659999,760000.1,321,6.1,370000,0"]


def read(
    name: str, lines: list[bytes], *, venue: str = "", strict: bool = False, first: int = 1
) -> tuple[list[RowSet], Faults]:
    faults = Faults("FILE", strict=strict)
    layout = LAYOUTS[name](lines[0].count(b",") + 1)
    reader = DelimitedReader(layout, Targets(import_config(), venue), faults, "BTCUSDT", "FILE")
    return [*reader.rows(first, lines), *reader.finish()], faults


def values(rows: RowSet) -> list[tuple[object, ...]]:
    return list(zip(*(list(np.asarray(column).tolist()) for column in rows.columns.values()), strict=True))


def test_trades_of_spot() -> None:
    (rows,), faults = read("binance-trades", SPOT_TRADES)
    assert (rows.info.venue.name, rows.table, faults.count) == ("spot", "trades", 0)
    t = 1723161598001000000
    assert values(rows) == [
        (t, t, 6167999, 1500, -1, "3235678", 0),
        (t + 10**6, t + 10**6, 6168000, 250000, 1, "3235679", 0),
    ]


def test_the_number_of_columns_tells_spot_from_futures() -> None:
    (rows,), _ = read("binance-trades", USDM_TRADES)
    assert rows.info.venue.name == "usdm"
    assert rows.columns["price_ticks"].tolist() == [6167990, 6168000]
    with pytest.raises(ConfigError, match="--venue spot is a binance_spot"):
        read("binance-trades", USDM_TRADES, venue="spot")


def test_aggregated_trades_in_microseconds_and_milliseconds() -> None:
    lines = [SPOT_AGG[0].replace(b"4.70443515", b"4.704435")]
    (rows,), _ = read("binance-aggTrades", lines)
    t = 1735689600000123000
    assert values(rows) == [(t, t, 6167999, 4704435, -1, "26129", 2)]
    assert rows.info.venue.name == "spot"
    found, faults = read("binance-aggTrades", SPOT_AGG)
    assert (found, faults.count) == ([], 1)
    assert "4.70443515" in faults.named[0]
    (rows,), _ = read("binance-aggTrades", USDM_AGG)
    assert rows.info.venue.name == "usdm"


def test_tickers() -> None:
    (rows,), _ = read("binance-bookTicker", TICKER)
    t = 1723161598001000000
    assert values(rows) == [(t, t, 4817, 6167990, 12500, 6168000, 1)]


def test_klines() -> None:
    (rows,), _ = read("binance-klines", KLINES, venue="spot")
    opened, ended = 1723161600000000000, 1723161660000000000
    expected = (ended, ended, 60_000, opened, 6167999, 6170000, 6160050, 6165000, 12345000, 321)
    assert values(rows) == [expected]
    micros = [KLINES[0].replace(b"1723161600000", b"1723161600000000").replace(b"1723161659999", b"1723161659999999")]
    (rows,), _ = read("binance-klines", micros, venue="spot")
    assert values(rows) == [expected]


def test_damaged_lines_are_named_and_the_others_taken() -> None:
    lines = [SPOT_TRADES[0].replace(b"3235678", b"%d" % (3235678 + place)) for place in range(200)]
    lines[17] = lines[17][:20]
    lines[90] = lines[90].replace(b"61679.99", b"61679.999")
    lines[91] = lines[91].replace(b"True,True", b"Perhaps,True")
    lines[150] = b"\xff\xfe garbage"
    found, faults = read("binance-trades", lines, first=1_000)
    ids = [text for rows in found for text in rows.columns["trade_id"]]
    assert ids == [str(3235678 + place) for place in range(200) if place not in (17, 90, 91, 150)]
    assert faults.count == 4
    assert [text.split(":")[0] for text in faults.named] == ["line 1017", "line 1090", "line 1091", "line 1150"]
    assert "61679.999" in faults.named[1]
    assert [place for rows in found for place in rows.order.tolist()] == [
        1_000 + place for place in range(200) if place not in (17, 90, 91, 150)
    ]
    with pytest.raises(DamagedFileError, match="FILE: line 1017"):
        read("binance-trades", lines, first=1_000, strict=True)


def test_lines_that_were_swapped_are_told_and_kept() -> None:
    found, faults = read("binance-trades", [SPOT_TRADES[1], SPOT_TRADES[0], SPOT_TRADES[1]])
    assert found[0].columns["trade_id"] == ["3235679", "3235678", "3235679"]
    assert faults.count == 0
    assert faults.notes == [
        "1 rows were received before the one that stands before them, the first in line 2; "
        "they are kept in the order of the file"
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("BTCUSDT-trades-2024-08-09.csv", ("binance-trades", "BTCUSDT")),
        ("BTCUSDT-aggTrades-2024-08.csv", ("binance-aggTrades", "BTCUSDT")),
        ("BTCUSD_PERP-bookTicker-2024-08-09.csv", ("binance-bookTicker", "BTCUSD_PERP")),
        ("ETHUSDT-15m-2024-08-09.parquet", ("binance-klines", "ETHUSDT")),
        ("whatever.csv", ("", "")),
    ],
)
def test_names_tell_format_and_symbol(name: str, told: tuple[str, str]) -> None:
    assert told_by_name(name) == told


def test_headers_tell_the_format() -> None:
    headers = {
        b"id,price,qty,quote_qty,time,is_buyer_maker": "binance-trades",
        b"agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker": "binance-aggTrades",
        b"update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,"
        b"transaction_time,event_time": "binance-bookTicker",
        b"open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
        b"taker_buy_quote_volume,ignore": "binance-klines",
        b"a,b,c": "",
    }
    assert {line: told_by_header(line.split(b",")) for line in headers} == headers
