"""Tardis.dev's CSV files: trades, quotes, incremental_book_L2 and book_snapshot_N (docs.tardis.dev, "CSV Data Types").

Each has a header line; times are microseconds, of the exchange and of receipt. A book's rows are single levels: those of
one update have one time of receipt; rows marked as a snapshot that follow each other are one whole book. Updates have no
ids there; they are numbered from 1 for each instrument.
"""

import re
from collections.abc import Sequence

import agents.importer.fields as fields
from agents.importer.book_rows import BookRows, snapshot_rows
from agents.importer.delimited import Parsed
from agents.importer.fields import Texts
from agents.importer.rows import Numbers, RowSet
from agents.importer.targets import Targets
from agents.instruments import InstrumentInfo
from core.decimals import Scale
from schemas.config import VenueConfig
from schemas.messages import TradeCondition
from schemas.streams import Kind

EXCHANGES: dict[str, tuple[str, ...]] = {
    "binance": ("binance_spot",),
    "binance-futures": ("binance_usdm",),
    "binance-delivery": ("binance_coinm",),
    "bybit": ("bybit",),
    "bybit-spot": ("bybit",),
    "okex": ("okx",),
    "okex-swap": ("okx",),
    "okex-futures": ("okx",),
}
"""Which kinds of venues its exchanges are; of another one, the venue must be named."""

CATEGORIES: dict[str, tuple[str, ...]] = {
    "bybit": ("linear", "inverse"),
    "bybit-spot": ("spot",),
    "okex": ("spot",),
    "okex-swap": ("linear", "inverse"),
    "okex-futures": ("linear", "inverse"),
}
"""What is traded there, of exchanges that are a part of a venue."""

_HEAD = [b"exchange", b"symbol", b"timestamp", b"local_timestamp"]
_LEVEL = re.compile(rb"(asks|bids)\[([0-9]+)\]\.(price|amount)")
_ID_MAX = 36


class TardisLayout:
    """What all of Tardis' files have in common: exchange, symbol and two times first."""

    name = ""
    rest: tuple[bytes, ...] = ()
    """The columns behind those."""

    def __init__(self, header: list[bytes]) -> None:
        """Read files with that header."""
        self._header = header
        self._places = {column: place for place, column in enumerate(header)}

    @classmethod
    def is_of(cls, header: list[bytes]) -> bool:
        """Return whether a header is of such a file."""
        return header[:4] == _HEAD and set(cls.rest) <= set(header)

    def count_of(self, count: int) -> bool:
        """Return whether a row has a value for each column."""
        return count == len(self._header)

    def symbols(self, columns: Sequence[Texts]) -> Texts | None:
        """Return the symbol of each row."""
        return columns[1]

    def exchanges(self, columns: Sequence[Texts]) -> Texts | None:
        """Return the exchange of each row."""
        return columns[0]

    def venues(self, exchange: str, targets: Targets) -> list[VenueConfig]:
        """Return the venues that an exchange may be; one that is none of ours is what was named, or what is called so."""
        if exchange in EXCHANGES:
            return targets.venues(EXCHANGES[exchange], f"the file is of {exchange}")
        found = targets.venues((), f"the file is of {exchange}")
        return found if targets.venue else [venue for venue in found if exchange in (venue.exchange, venue.name)]

    def categories(self, exchange: str) -> tuple[str, ...]:
        """Return what an exchange trades where that is a part of a venue."""
        return CATEGORIES.get(exchange, ())

    def parse(self, info: InstrumentInfo, columns: Sequence[Texts]) -> Parsed:
        """Return rows as numbers."""
        raise NotImplementedError

    def build(self, info: InstrumentInfo, parsed: Parsed, order: Numbers) -> list[RowSet]:
        """Return rows for the archive."""
        raise NotImplementedError

    def finish(self) -> list[RowSet]:
        """Return nothing: nothing is kept."""
        return []

    def _of(self, columns: Sequence[Texts], name: bytes) -> Texts:
        return columns[self._places[name]]

    def _times(self, columns: Sequence[Texts]) -> Parsed:
        """Return both times; a row without the exchange's has that of receipt."""
        received = fields.times_ns(columns[3])
        told = [own or other for own, other in zip(columns[2], columns[3], strict=True)]
        return {"ts_event_ns": fields.times_ns(told), "ts_recv_ns": received}


class TardisTrades(TardisLayout):
    """id, side of the taker, price, amount."""

    name = "tardis-trades"
    rest = (b"id", b"side", b"price", b"amount")

    def parse(self, info: InstrumentInfo, columns: Sequence[Texts]) -> Parsed:
        """Return trades."""
        ids = fields.words(self._of(columns, b"id"))
        if max(map(len, ids)) > _ID_MAX:
            raise ValueError(f"a trade id of more than {_ID_MAX} characters")
        return {
            **self._times(columns),
            "price_ticks": fields.amounts(self._of(columns, b"price"), info.price),
            "qty_lots": fields.amounts(self._of(columns, b"amount"), info.qty),
            "aggressor": fields.sides(self._of(columns, b"side")),
            "trade_id": ids,
            "condition": [int(TradeCondition.MARKET)] * len(ids),
        }

    def build(self, info: InstrumentInfo, parsed: Parsed, order: Numbers) -> list[RowSet]:
        """Return the rows as they are."""
        return [RowSet("trades", Kind.TRADE, info, order, parsed)]


class TardisQuotes(TardisLayout):
    """Best ask and bid; an empty value is a side without orders."""

    name = "tardis-quotes"
    rest = (b"ask_amount", b"ask_price", b"bid_price", b"bid_amount")

    def parse(self, info: InstrumentInfo, columns: Sequence[Texts]) -> Parsed:
        """Return quotes."""
        parsed = self._times(columns)
        parsed["update_id"] = [0] * len(columns[0])
        for side in ("bid", "ask"):
            for what, unit, scale in (("price", "ticks", info.price), ("amount", "lots", info.qty)):
                texts = [text or b"0" for text in self._of(columns, f"{side}_{what}".encode())]
                parsed[f"{side}_{unit}"] = fields.amounts(texts, scale)
        return parsed

    def build(self, info: InstrumentInfo, parsed: Parsed, order: Numbers) -> list[RowSet]:
        """Return the rows as they are."""
        return [RowSet("quotes", Kind.QUOTE, info, order, parsed)]


class TardisBook(TardisLayout):
    """is_snapshot, side, price, amount: one level a row, an amount of 0 takes it away."""

    name = "tardis-book"
    rest = (b"is_snapshot", b"side", b"price", b"amount")

    def __init__(self, header: list[bytes]) -> None:
        """Read files with that header."""
        super().__init__(header)
        self._books: dict[int, BookRows] = {}

    def parse(self, info: InstrumentInfo, columns: Sequence[Texts]) -> Parsed:
        """Return levels."""
        sides = self._of(columns, b"side")
        if not set(sides) <= {b"bid", b"ask"}:
            raise ValueError(f"a side that is neither bid nor ask: {set(sides) - {b'bid', b'ask'}}")
        return {
            **self._times(columns),
            "whole": fields.truths(self._of(columns, b"is_snapshot")),
            "bid": [side == b"bid" for side in sides],
            "price": fields.amounts(self._of(columns, b"price"), info.price),
            "qty": fields.amounts(self._of(columns, b"amount"), info.qty),
        }

    def build(self, info: InstrumentInfo, parsed: Parsed, order: Numbers) -> list[RowSet]:
        """Return the updates that are complete."""
        book = self._books.get(info.id)
        if book is None:
            book = self._books[info.id] = BookRows(info)
        return book.add(parsed, order)

    def finish(self) -> list[RowSet]:
        """Return the last update of each book."""
        return [rows for book in self._books.values() for rows in book.finish()]


class TardisSnapshots(TardisLayout):
    """The best N levels of both sides, best first, in each row."""

    name = "tardis-snapshots"
    rest = (b"asks[0].price", b"asks[0].amount", b"bids[0].price", b"bids[0].amount")

    def __init__(self, header: list[bytes]) -> None:
        """Read files with that header."""
        super().__init__(header)
        self._passed: dict[int, int] = {}
        depth = {int(found[2]) for column in header if (found := _LEVEL.fullmatch(column))}
        self._depth = 1 + max(depth, default=0)

    def parse(self, info: InstrumentInfo, columns: Sequence[Texts]) -> Parsed:
        """Return books: by side, a list of the levels' prices and one of their quantities, -1 where there is no level."""
        parsed = self._times(columns)
        for side in ("bids", "asks"):
            for what, scale in (("price", info.price), ("amount", info.qty)):
                parsed[f"{side}_{what}"] = [
                    self._levels(self._of(columns, f"{side}[{place}].{what}".encode()), scale)
                    for place in range(self._depth)
                ]
        return parsed

    def build(self, info: InstrumentInfo, parsed: Parsed, order: Numbers) -> list[RowSet]:
        """Return whole books."""
        passed = self._passed.get(info.id, 0)
        self._passed[info.id] = passed + len(order)
        return [snapshot_rows(info, parsed, order, passed)]

    @staticmethod
    def _levels(texts: Texts, scale: Scale) -> Numbers:
        missing = [not text for text in texts]
        found = fields.amounts([text or b"0" for text in texts], scale)
        found[missing] = -1
        return found


LAYOUTS: dict[str, type[TardisLayout]] = {
    each.name: each for each in (TardisTrades, TardisQuotes, TardisBook, TardisSnapshots)
}


def told_by_header(columns: list[bytes]) -> str:
    """Return the format that a header line tells, empty if it is none."""
    return next((name for name, layout in LAYOUTS.items() if layout.is_of(columns)), "")
