"""Binance's captures, and a market data agent that is driven with them frame by frame."""

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import NamedTuple

from agents.market_data.agent import build
from schemas.config import Config, InstrumentConfig, MarketDataConfig, VenueConfig
from schemas.messages import Trade
from tests.unit.agents.fake_context import FakeContext

FRAME = b'{"stream"'
REST = re.compile(rb"https?://[^ ]*/depth\?symbol=([A-Z0-9_]+)&")
UNIT = "0.00000001"
"""Of prices and quantities: fine enough for whatever was recorded."""


class Capture(NamedTuple):
    """The files of one recording, in order of time; those of one session beside each other are merged."""

    kind: str
    sessions: tuple[tuple[str, ...], ...]
    symbol: str = ""
    """Of snapshots that do not say theirs."""


class Line(NamedTuple):
    """A frame, or the answer to a call for a snapshot of the book of `symbol`."""

    ts: float
    symbol: str
    body: bytes


def cryptofeed(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"raw/{folder}/cryptofeed/{name}" for name in names)


def two_days(folder: str, *names: str) -> tuple[tuple[str, ...], ...]:
    return tuple((f"raw/{folder}/hftbacktest/{name}",) for name in names)


CAPTURES = {
    "spot 2021": Capture("binance_spot", (cryptofeed("binance-spot", "2021-04-05_BINANCE-b38f7c.0.gz"),)),
    "spot 2024": Capture(
        "binance_spot", two_days("binance-spot", "btcusdt_20240808.gz", "btcusdt_20240809.gz"), "BTCUSDT"
    ),
    "usdm 2021": Capture(
        "binance_usdm",
        (cryptofeed("binance-usdm", "2021-07-22_BINANCE_FUTURES.http.0.0.gz", "2021-07-22_BINANCE_FUTURES.ws.1.0.gz"),),
    ),
    "usdm 2023": Capture(
        "binance_usdm", two_days("binance-usdm", "btcusdt_20230404.dat.gz", "btcusdt_20230405.dat.gz"), "BTCUSDT"
    ),
    "usdm 2024": Capture(
        "binance_usdm", two_days("binance-usdm", "btcusdt_20240718.gz", "btcusdt_20240719.gz"), "BTCUSDT"
    ),
    "coinm 2021": Capture(
        "binance_coinm",
        (
            cryptofeed(
                "binance-coinm", "2021-07-21_BINANCE_DELIVERY.http.0.0.gz", "2021-07-21_BINANCE_DELIVERY.ws.1.0.gz"
            ),
        ),
    ),
    "coinm 2024": Capture(
        "binance_coinm", two_days("binance-coinm", "btcusd_perp_20240808.gz", "btcusd_perp_20240809.gz"), "BTCUSD_PERP"
    ),
}


def lines_of(data_dir: Path, capture: Capture) -> Iterator[Line]:
    """Yield what was recorded, in order of receipt."""
    for paths in capture.sessions:
        yield from merge(*(_file(data_dir / path, capture.symbol) for path in paths), key=lambda line: line.ts)


def _file(path: Path, symbol: str) -> Iterator[Line]:
    with gzip.open(path, "rb") as file:
        for raw in file:
            asked = REST.match(raw)
            head, _, body = raw.strip().partition(b"{")
            if asked is not None:
                yield Line(float(head.split(b"-> ")[1].rstrip(b": ")), asked[1].decode(), b"{" + body)
            elif head[:1].isdigit():
                body = b"{" + body
                yield Line(float(head.rstrip(b": ")), "" if body.startswith(FRAME) else symbol, body)


def stream_of(frame: bytes) -> tuple[str, str]:
    """Return the symbol (lower case) and the feed of a frame."""
    symbol, _, feed = frame[11 : frame.index(b'"', 11)].decode().partition("@")
    return symbol, feed


def config_of(kind: str, feeds: dict[str, set[str]]) -> Config:
    """Return the configuration of an agent for the `feeds` of each symbol."""
    return Config(
        venues=(VenueConfig(id=1, name="b", kind=kind),),
        instruments=tuple(
            InstrumentConfig(
                id=number,
                venue="b",
                symbol=symbol.upper(),
                base="A",
                quote="B",
                tick_size=UNIT,
                lot_size=UNIT,
                feeds=tuple(sorted(names)),
            )
            for number, (symbol, names) in enumerate(sorted(feeds.items()), 1)
        ),
        agents={"md": MarketDataConfig(id=1, venue="b", instruments=tuple(symbol.upper() for symbol in sorted(feeds)))},
    )


class Tally(FakeContext):
    """Counts what is published and keeps the ids of trades, not the messages."""

    def __init__(self) -> None:
        super().__init__("md")
        self.types = Counter()
        self.trade_ids = []

    def publish(self, stream, message, corr=0, flags=0, origin_ns=0):
        self.types[type(message).__name__] += 1
        if type(message) is Trade:
            self.trade_ids.append(int(message.trade_id))
        return 1


class Desk:
    """An agent that follows the feeds of a capture, its sockets up."""

    def __init__(self, config: Config) -> None:
        self.ctx = Tally()
        self.agent = build("md", config)
        self.agent.bind(self.ctx)
        self.agent.start()
        for connection in list(self.ctx.opened):
            self.agent.on_socket(connection, True, "")
        self.ctx.types.clear()
        self.take = self.ctx.handlers_of(self.agent).frame

    def snapshot(self, symbol: str, body: bytes) -> bool:
        """Answer the call for a snapshot of a book; return whether there was one."""
        for number, call in list(self.ctx.calls.items()):
            if call.path.endswith("/depth") and call.params["symbol"] == symbol:
                self.ctx.respond(self.agent, number, body)
                return True
        return False
