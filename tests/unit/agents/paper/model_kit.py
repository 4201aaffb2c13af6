"""A model market in any dialect, its frames, and clients that talk to it in memory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.paper.agent import market_source
from agents.paper.exchange import PaperExchange
from schemas.config import InstrumentConfig, PaperConfig, VenueConfig
from schemas.markets import VenueKind
from tests.unit.agents.paper.paper_kit import T0

CREDENTIALS = ("paperkey-0001", "papersecret", "paperphrase")


def instrument(number: int, symbol: str, category: str, **terms: str) -> InstrumentConfig:
    """Return an instrument of BTC, or of what `terms` say."""
    table: dict[str, Any] = {"base": "BTC", "quote": "USDT", "tick_size": "0.1", "lot_size": "0.001"} | terms
    return InstrumentConfig(id=number, venue="paper", symbol=symbol, category=category, **table)  # type: ignore[arg-type]


class Venue:
    """A paper venue in memory, and what its connections were sent."""

    def __init__(self, kind: VenueKind, instruments: list[InstrumentConfig], **config: Any) -> None:
        config.setdefault("balances", {"USDT": "100000", "BTC": "1"})
        self.config = PaperConfig(id=1, venue="paper", **config)
        self.wall_ns = T0
        self.sent: dict[int, list[bytes]] = {}
        self.closed: list[int] = []
        self.exchange = PaperExchange(
            self.config,
            VenueConfig(id=1, name="paper", kind=kind),
            instruments,
            market_source(self.config),
            CREDENTIALS,
            send=lambda number, frame: self.sent.setdefault(number, []).append(frame),
            close=self.closed.append,
        )

    def open(self, path: str, number: int = 1) -> int:
        """Open a websocket."""
        assert self.exchange.ws_open(number, path, self.wall_ns)
        return number

    def say(self, message: Any, number: int = 1) -> list[Any]:
        """Send a message, and return what is answered at once."""
        before = len(self.sent.get(number, []))
        text = message if isinstance(message, str) else json.dumps(message)
        self.exchange.ws_message(number, text, self.wall_ns)
        return [decoded(frame) for frame in self.sent.get(number, [])[before:]]

    def run(self, seconds: float) -> None:
        """Let the market play on for so long."""
        end_ns = self.wall_ns + int(seconds * 1e9)
        while (due := self.exchange.advance(self.wall_ns)) is not None and due <= end_ns:
            self.wall_ns = max(self.wall_ns, due)
        self.wall_ns = end_ns

    def frames(self, number: int = 1) -> list[Any]:
        """Return all that a connection was sent."""
        return [decoded(frame) for frame in self.sent.get(number, [])]

    def get(self, path: str, query: str = "", headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Make one public call."""
        reply = self.exchange.http("GET", path, query, headers or {}, b"", self.wall_ns)
        return reply.status, decoded(reply.body)


def decoded(frame: bytes) -> Any:
    """Return JSON as it is, other text as text."""
    try:
        return json.loads(frame)
    except ValueError:
        return frame.decode()


def recorded_lines(path: Path, accept: Callable[[Any], Any]) -> dict[Any, Any]:
    """Return, of lines of JSON in `path`, the first for each key that `accept` gives them; it gives None for others."""
    import gzip

    found: dict[Any, Any] = {}
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    for line in text.splitlines():
        start = line.find("{")
        record = decoded(line[start:].encode()) if start >= 0 else None
        if isinstance(record, dict) and (key := accept(record)) is not None:
            found.setdefault(key, record)
    return found
