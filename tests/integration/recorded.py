"""Captures read anew, with nothing but gzip, json and decimals, to be held against a report and the rows in ClickHouse.

Every trade, quote and depth update is, in order and to the last digit.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.archive.database import connect
from schemas.config import Config
from tests.integration.whole_mesh import assert_nothing_lost, links

TICK_STREAMS = ("TRADE/", "BOOK/", "QUOTE/", "MARK/")


class Recorded:
    """What captures hold, read independently of the product."""

    def __init__(self, paths: Sequence[Path]) -> None:
        frames = [frame for path in paths for frame in _frames(path)]
        by_kind: dict[str, list[dict[str, Any]]] = {}
        for frame in frames:
            kind = frame["stream"].split("@")[1]
            by_kind.setdefault(kind, []).append(frame["data"])
        self.lines = len(frames)
        self.trades = by_kind["trade"]
        self.tickers = by_kind["bookTicker"]
        self.depths = by_kind["depth"]
        self.marks = by_kind.get("markPrice", [])

    @property
    def comparable(self) -> int:
        """Return at how many update ids there are both a depth update's end and a ticker."""
        return len({depth["u"] for depth in self.depths} & {ticker["u"] for ticker in self.tickers})


class Archived:
    """What ClickHouse holds, in the decimals that it says its own rows are in."""

    def __init__(self, config: Config) -> None:
        self._client = connect("archive", config)
        ((tick_size, lot_size),) = self.rows("SELECT DISTINCT tick_size, lot_size FROM tickmesh.instruments")
        self._tick, self._lot = Decimal(tick_size), Decimal(lot_size)

    def close(self) -> None:
        self._client.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._client.query(query).result_rows]

    def price(self, ticks: int) -> Decimal:
        return ticks * self._tick

    def qty(self, lots: int) -> Decimal:
        return lots * self._lot


def assert_report(found: dict[str, Any], recorded: Recorded) -> None:
    """Assert that a report tells of every tick of the captures, and of a run in which nothing was lost."""
    assert found["ticks"] == dict.fromkeys(("captured", "published", "archived"), recorded.lines)
    assert found["books"] == [
        {"instrument": "BTCUSDT", "compared": recorded.comparable, "equal": recorded.comparable},
    ]
    assert_nothing_lost(found)
    got = [link for kind in TICK_STREAMS for link in links(found, publisher="md", subscriber="archive", stream=kind)]
    assert sum(link["received"] + link["repaired"] for link in got) >= recorded.lines
    assert {agent["name"]: (agent["state"], agent["restarts"]) for agent in found["agents"]} == {
        agent["name"]: ("live", 0) for agent in found["agents"]
    }
    assert 0 < found["orders"]["submitted"] <= found["decisions"]["approved"]


def assert_archived(config: Config, recorded: Recorded) -> None:
    """Assert that the archive holds every tick of the captures, each as the venue sent it."""
    archived = Archived(config)
    try:
        assert_rows(archived, recorded)
    finally:
        archived.close()


def assert_rows(archived: Archived, recorded: Recorded) -> None:
    order = "ORDER BY epoch, seq"
    time_ms = "toUnixTimestamp64Milli(ts_event_ns)"
    trades = archived.rows(f"SELECT trade_id, price_ticks, qty_lots, aggressor, {time_ms} FROM tickmesh.trades {order}")
    assert [(t[0], archived.price(t[1]), archived.qty(t[2]), *t[3:]) for t in trades] == [
        (str(t["t"]), Decimal(t["p"]), Decimal(t["q"]), "SELL" if t["m"] else "BUY", t["T"]) for t in recorded.trades
    ]
    assert_trade_totals(archived, recorded)
    quotes = archived.rows(f"SELECT update_id, bid_ticks, bid_lots, ask_ticks, ask_lots FROM tickmesh.quotes {order}")
    assert [(q[0], *_top(archived, q)) for q in quotes] == [
        (q["u"], *(Decimal(q[name]) for name in ("b", "B", "a", "A"))) for q in recorded.tickers
    ]
    deltas = archived.rows(
        "SELECT first_update_id, last_update_id, length(bid_price_ticks), length(ask_price_ticks), "
        f"arraySum(bid_qty_lots), arraySum(ask_qty_lots) FROM tickmesh.book_deltas {order}"
    )
    assert [(*d[:4], archived.qty(d[4]), archived.qty(d[5])) for d in deltas] == [
        (d["U"], d["u"], len(d["b"]), len(d["a"]), _total(d["b"]), _total(d["a"])) for d in recorded.depths
    ]
    marks = archived.rows(f"SELECT mark_e8, index_e8, funding_rate_e8 FROM tickmesh.marks {order}")
    assert [tuple(Decimal(value) / 10**8 for value in m) for m in marks] == [
        (Decimal(m["p"]), Decimal(m["i"]), Decimal(m["r"])) for m in recorded.marks
    ]
    assert archived.rows("SELECT count() FROM tickmesh.gaps") == [(0,)]


def assert_trade_totals(archived: Archived, recorded: Recorded) -> None:
    """Assert sums that ClickHouse itself makes."""
    ((count, ids, first, last, lots, value),) = archived.rows(
        "SELECT count(), uniqExact(trade_id), min(toUInt64(trade_id)), max(toUInt64(trade_id)), sum(qty_lots), "
        "sum(toInt128(price_ticks) * qty_lots) FROM tickmesh.trades"
    )
    numbers = [trade["t"] for trade in recorded.trades]
    assert (count, ids, first, last) == (len(numbers), len(set(numbers)), min(numbers), max(numbers))
    assert archived.qty(lots) == sum(Decimal(trade["q"]) for trade in recorded.trades)
    assert archived.price(1) * archived.qty(1) * value == sum(
        Decimal(trade["p"]) * Decimal(trade["q"]) for trade in recorded.trades
    )


def _frames(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the venue's frames of one capture: the JSON behind the receive time, where it has a stream."""
    with gzip.open(path, "rb") as lines:
        for line in lines:
            frame = json.loads(line.partition(b" ")[2])
            if "stream" in frame:
                yield frame


def _top(archived: Archived, quote: tuple[Any, ...]) -> tuple[Decimal, ...]:
    _, bid, bid_qty, ask, ask_qty = quote
    return archived.price(bid), archived.qty(bid_qty), archived.price(ask), archived.qty(ask_qty)


def _total(levels: list[list[str]]) -> Decimal:
    return sum((Decimal(qty) for _, qty in levels), Decimal(0))
