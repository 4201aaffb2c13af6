"""Binance's public data: trades, aggTrades, bookTicker and klines, as its archive of files has them.

Columns are those that Binance documents (github.com/binance/binance-public-data), with and without a header line, and times
in milliseconds or, as on spot from 2025 on, in microseconds. Spot files of trades and aggTrades have a last column more
than those of futures. There is no time of receipt in them, so that is the venue's own.
"""

import re
from collections.abc import Sequence

import numpy as np

import agents.importer.fields as fields
from agents.importer.delimited import Parsed
from agents.importer.fields import Texts
from agents.importer.rows import Numbers, RowSet
from agents.importer.targets import Targets
from agents.instruments import InstrumentInfo
from schemas.config import VenueConfig
from schemas.messages import TradeCondition
from schemas.streams import Kind
from schemas.units import MS

SPOT, FUTURES = ("binance_spot",), ("binance_usdm", "binance_coinm")
NAME = re.compile(
    r"([A-Z0-9_]+)-(trades|aggTrades|bookTicker|[0-9]+(?:s|m|h|d|w|mo))-[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?\.(?:csv|parquet)"
)


class BinanceLayout:
    """What all of Binance's files have in common: one instrument each, which only the file's name tells."""

    name = ""
    headers: tuple[bytes, ...] = ()
    """What the first column is called where there is a header."""
    counts: dict[int, tuple[str, ...]] = {}
    """How many columns there may be, and of which kinds of venues that is."""
    table = ""
    kind = Kind.TRADE

    def __init__(self, columns: int) -> None:
        """Read rows of so many columns."""
        self._kinds = self.counts.get(columns, ())

    def count_of(self, count: int) -> bool:
        """Return whether a row may have so many columns."""
        return self.counts.get(count, ()) == self._kinds and bool(self._kinds)

    def symbols(self, columns: Sequence[Texts]) -> Texts | None:
        """Return None: rows tell no symbol."""
        return None

    def exchanges(self, columns: Sequence[Texts]) -> Texts | None:
        """Return None: rows tell no exchange."""
        return None

    def venues(self, exchange: str, targets: Targets) -> list[VenueConfig]:
        """Return the venues that have files of so many columns."""
        return targets.venues(self._kinds, f"the file is of {' or '.join(self._kinds)}")

    def categories(self, exchange: str) -> tuple[str, ...]:
        """Return nothing: each kind of venue trades one."""
        return ()

    def parse(self, info: InstrumentInfo, columns: Sequence[Texts]) -> Parsed:
        """Return rows as numbers."""
        raise NotImplementedError

    def build(self, info: InstrumentInfo, parsed: Parsed, order: Numbers) -> list[RowSet]:
        """Return the rows as they are."""
        return [RowSet(self.table, self.kind, info, order, parsed)]

    def finish(self) -> list[RowSet]:
        """Return nothing: nothing is kept."""
        return []


class BinanceTrades(BinanceLayout):
    """id, price, qty, quote qty, time, is buyer maker (, is best match)."""

    name = "binance-trades"
    headers: tuple[bytes, ...] = (b"id", b"trade_id", b"tradeId")
    counts = {7: SPOT, 6: FUTURES}
    table = "trades"
    condition = TradeCondition.MARKET
    time, maker = 4, 5

    def parse(self, info: InstrumentInfo, columns: Sequence[Texts]) -> Parsed:
        """Return trades; who takes is the seller where the buyer was the maker."""
        times = fields.times_ns(columns[self.time])
        ids = fields.words(columns[0])
        if not all(map(str.isdecimal, ids)):
            raise ValueError("a trade id that is no number")
        return {
            "ts_event_ns": times,
            "ts_recv_ns": times,
            "price_ticks": fields.amounts(columns[1], info.price),
            "qty_lots": fields.amounts(columns[2], info.qty),
            "aggressor": np.where(fields.truths(columns[self.maker]), -1, 1),
            "trade_id": ids,
            "condition": np.full(len(ids), self.condition),
        }


class BinanceAggTrades(BinanceTrades):
    """id, price, qty, first and last trade id, time, is buyer maker (, is best match)."""

    name = "binance-aggTrades"
    headers = (b"agg_trade_id", b"aggTradeId")
    counts = {8: SPOT, 7: FUTURES}
    condition = TradeCondition.AGGREGATED
    time, maker = 5, 6


class BinanceBookTicker(BinanceLayout):
    """update id, best bid price and qty, best ask price and qty, transaction time, event time."""

    name = "binance-bookTicker"
    headers = (b"update_id",)
    counts = {7: FUTURES}
    table = "quotes"
    kind = Kind.QUOTE

    def parse(self, info: InstrumentInfo, columns: Sequence[Texts]) -> Parsed:
        """Return quotes; the time of the transaction is the venue's, as in its stream."""
        times = fields.times_ns(columns[5])
        bid, bid_qty, ask, ask_qty = columns[1:5]
        return {
            "ts_event_ns": times,
            "ts_recv_ns": times,
            "update_id": fields.integers(columns[0]),
            "bid_ticks": fields.amounts(bid, info.price),
            "bid_lots": fields.amounts(bid_qty, info.qty),
            "ask_ticks": fields.amounts(ask, info.price),
            "ask_lots": fields.amounts(ask_qty, info.qty),
        }


class BinanceKlines(BinanceLayout):
    """open time, open, high, low, close, volume, close time, quote volume, trades, taker volumes, and one to ignore."""

    name = "binance-klines"
    headers = (b"open_time",)
    counts = {12: SPOT + FUTURES}
    table = "bars"
    kind = Kind.BAR

    def parse(self, info: InstrumentInfo, columns: Sequence[Texts]) -> Parsed:
        """Return bars, each as ended by the venue's clock; how long they are its own times tell."""
        opened = fields.times_ns(columns[0])
        ended = fields.times_ns([b"%d" % (int(text) + 1) for text in columns[6]])
        lengths = (ended - opened) // MS
        if lengths.min() <= 0:
            raise ValueError("a bar that ends before it begins")
        prices = {
            f"{name}_ticks": fields.amounts(columns[place], info.price)
            for place, name in enumerate(("open", "high", "low", "close"), 1)
        }
        return {
            "ts_event_ns": ended,
            "ts_recv_ns": ended,
            "interval_ms": lengths,
            "open_ns": opened,
            **prices,
            "volume_lots": fields.amounts(columns[5], info.qty),
            "trades": fields.integers(columns[8]),
        }


LAYOUTS: dict[str, type[BinanceLayout]] = {
    each.name: each for each in (BinanceTrades, BinanceAggTrades, BinanceBookTicker, BinanceKlines)
}


def told_by_name(name: str) -> tuple[str, str]:
    """Return format and symbol that the name of a file tells, empty texts if it is none of Binance's."""
    found = NAME.fullmatch(name)
    if found is None:
        return "", ""
    what = found[2] if f"binance-{found[2]}" in LAYOUTS else "klines"
    return f"binance-{what}", found[1]


def told_by_header(columns: list[bytes]) -> str:
    """Return the format that a header line tells, empty if it is none."""
    for name, layout in LAYOUTS.items():
        if columns[0] in layout.headers and len(columns) in layout.counts:
            return name
    return ""
