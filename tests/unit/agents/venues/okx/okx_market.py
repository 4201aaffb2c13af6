"""OKX's market as tests make it: instruments, recorded frames, and a venue that answers what market data asks for."""

import gzip
import json
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.instruments import InstrumentInfo
from agents.market_data.agent import build
from agents.venues.okx import market
from agents.venues.okx.feeds import OkxFeeds
from core.decimals import Scale
from schemas.config import Config, InstrumentConfig, MarketDataConfig, VenueConfig
from tests.unit.agents.fake_context import FakeContext

MS = 1_000_000
VENUE = VenueConfig(id=1, name="okx", kind="okx")
FEEDS = ("trade", "depth", "bookTicker")
CAPTURES = {
    "2021-07-22_OKEX.ws.1.0.gz": ("trade", "depth@10ms"),
    "2021-07-22_OKEX.ws.2.0.gz": ("trade", "depth@10ms"),
    "2022-05-13_OKX.ws.1.0.gz": ("trade", "depth"),
}


def instrument(symbol: str, tick: str = "0.1", lot: str = "0.00000001", feeds=FEEDS, number: int = 1, **more: str):
    """Return the configuration of an instrument; a swap is linear."""
    more = {"category": "linear" if symbol.endswith("-SWAP") else "spot", "base": "BTC", "quote": "USDT"} | more
    return InstrumentConfig(id=number, venue="okx", symbol=symbol, tick_size=tick, lot_size=lot, feeds=feeds, **more)


def info_of(config: InstrumentConfig, venue: VenueConfig = VENUE) -> InstrumentInfo:
    """Return an instrument, whatever its units: those of old options and coins are finer than a configuration may be."""
    return InstrumentInfo(config, venue, Scale(config.tick_size), Scale(config.lot_size), 1, 1)


def feeds_of(*configs: InstrumentConfig) -> OkxFeeds:
    """Return the adapter's feeds of instruments."""
    return market.feeds(VENUE, [info_of(config) for config in configs])


def captured(path: Path) -> Iterator[bytes]:
    """Yield the frames of a capture that the venue sent."""
    with gzip.open(path, "rb") as lines:
        for line in lines:
            at, _, frame = line.partition(b": ")
            if b"<-" not in at and b"<->" not in frame:
                yield frame.strip()


def symbols_of(frames: list[bytes]) -> list[str]:
    """Return the instruments that frames are of, in the order of their first."""
    return list(dict.fromkeys(json.loads(frame)["arg"]["instId"] for frame in frames if b'"data":' in frame))


def crc(book: dict[str, dict[str, str]]) -> int:
    """Return the checksum of a book, worked out from the texts that the venue sent."""
    sides = [sorted(book[side].items(), key=lambda level: Decimal(level[0]) * sign)[:25] for side, sign in SIDES]
    parts = [":".join(side[i]) for i in range(25) for side in sides if i < len(side)]
    number = zlib.crc32(":".join(parts).encode())
    return number - 2**32 if number >= 2**31 else number


SIDES = (("bids", -1), ("asks", 1))


class Book:
    """One book at the venue, as the frames of its channel have made it so far."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
        self.last: dict[str, Any] = {}

    def take(self, frame: dict[str, Any]) -> None:
        """Take a frame."""
        (data,) = frame["data"]
        if frame["action"] == "snapshot":
            self.sides = {"bids": {}, "asks": {}}
        for side, levels in self.sides.items():
            for price, qty, *_ in data[side]:
                levels[price] = qty
                if qty == "0":
                    del levels[price]
        self.last = frame

    def whole(self) -> dict[str, Any]:
        """Return the data of a frame that has the whole book."""
        sides = {
            side: [[*level, "0", "1"] for level in sorted(self.sides[side].items(), key=lambda x: Decimal(x[0]) * sign)]
            for side, sign in SIDES
        }
        (last,) = self.last["data"]
        data = {**sides, "ts": last["ts"], "checksum": crc(self.sides) if last["checksum"] else 0}
        return data | ({"seqId": last["seqId"], "prevSeqId": -1} if "seqId" in last else {})


def text(frame: dict[str, Any]) -> bytes:
    """Return a frame as the venue writes it."""
    return json.dumps(frame, separators=(",", ":")).encode()


class Desk:
    """A market data agent on a fake context, its socket up, and the venue behind it."""

    def __init__(self, *configs: InstrumentConfig, streams_snapshots: bool = True) -> None:
        names = tuple(config.symbol for config in configs)
        agents = {"md": MarketDataConfig(id=1, venue="okx", instruments=names)}
        config = Config(venues=(VENUE,), instruments=configs, agents=agents)
        self.ctx = FakeContext("md")
        self.agent = build("md", config)
        self.agent.bind(self.ctx)
        self.agent.start()
        self.ctx.calls.clear()
        self.books: dict[tuple[str, str], Book] = {}
        self.streams_snapshots = streams_snapshots
        for connection in list(self.ctx.opened):
            self.agent.on_socket(connection, True, "")
        self.answer()

    def frame(self, frame: bytes) -> None:
        """Have the agent receive a frame."""
        self.ctx.receive(self.agent, "public", frame)

    def happens(self, frame: dict[str, Any]) -> None:
        """Have a book at the venue move by a frame, whether it is received or not."""
        arg = frame["arg"]
        self.books.setdefault((arg["channel"], arg["instId"]), Book()).take(frame)

    def answer(self) -> None:
        """Answer all that the agent has asked for."""
        for call_id, call in list(self.ctx.calls.items()):
            if call.path == "/api/v5/market/books" and self.books:
                self.ctx.respond(self.agent, call_id, self._fetched(call.params["instId"]))
        sent, self.ctx.sent[:] = list(self.ctx.sent), []
        for _, message, _ in sent:
            for arg in message["args"]:
                self.frame(text({"event": message["op"], "arg": arg, "connId": "a"}))
                book = self.books.get((arg["channel"], arg["instId"]))
                if message["op"] == "subscribe" and book is not None and self.streams_snapshots:
                    self.frame(text({"arg": arg, "action": "snapshot", "data": [book.whole()]}))

    def _fetched(self, symbol: str) -> bytes:
        book = next(book for (_, inst_id), book in self.books.items() if inst_id == symbol)
        data = book.whole()
        data.pop("prevSeqId", None)
        return text({"code": "0", "msg": "", "data": [data]})

    def settle(self) -> None:
        """Answer until nothing is asked for any more."""
        for _ in range(40):
            self.answer()
            self.ctx.advance(self.agent, 50 * MS)
