"""What the paper venue's unit tests share: a venue in memory with a client that signs, and tiny captures."""

import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from agents.paper.agent import market_source
from agents.paper.exchange import PaperExchange
from agents.paper.market.market import Match
from agents.paper.money import Listing
from agents.paper.orders import VenueOrder
from schemas.config import InstrumentConfig, PaperConfig, VenueConfig
from schemas.orders import Side

KEY, SECRET = "paperkey-0001", "papersecret"
T0 = 1_700_000_000_000_000_000
VENUE = VenueConfig(id=1, name="paper", kind="binance_spot")
BTC = InstrumentConfig(
    id=1,
    venue="paper",
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick_size="0.01",
    lot_size="0.00001",
    min_notional="5",
)
ETH = InstrumentConfig(
    id=2,
    venue="paper",
    symbol="ETHUSDT",
    base="ETH",
    quote="USDT",
    tick_size="0.01",
    lot_size="0.0001",
    min_notional="5",
)
LISTING = Listing.of(BTC)


class Recorder:
    """A listener that keeps what the market told."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, bytes]] = []
        self.fills: list[tuple[int, int, int]] = []

    def market_frame(self, stream: str, ticks: int, frame: bytes) -> None:
        self.frames.append((stream, frame))

    def maker_fill(self, order: VenueOrder, match: Match) -> None:
        order.cum_qty_lots += match.qty_lots
        self.fills.append((order.order_id, match.price_ticks, match.qty_lots))


def make_order(order_id: int, side: Side, price_ticks: int, qty_lots: int, listing: Listing = LISTING) -> VenueOrder:
    """Return an order as the trading rules would hand it to a market."""
    return VenueOrder(order_id, f"c{order_id}", listing, side, "LIMIT", "GTC", price_ticks, qty_lots, T0)


class Desk:
    """A venue in memory, and a client that signs its requests."""

    def __init__(self, instruments: Sequence[InstrumentConfig] = (BTC,), **config: Any) -> None:
        config.setdefault("balances", {"USDT": "100000", "BTC": "1"})
        paper = PaperConfig(id=1, venue="paper", **config)
        self.sent: dict[int, list[bytes]] = {}
        self.closed: list[int] = []
        self.wall_ns = T0
        self.exchange = PaperExchange(
            paper,
            VENUE,
            instruments,
            market_source(paper),
            (KEY, SECRET),
            send=lambda conn, frame: self.sent.setdefault(conn, []).append(frame),
            close=self.closed.append,
        )

    def call(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, *, signed: bool = True
    ) -> tuple[int, Any]:
        """Make one call; return status and decoded body."""
        fields = {name: str(value) for name, value in (params or {}).items()}
        if signed:
            fields.setdefault("timestamp", str(self.wall_ns // 1_000_000))
        query = urlencode(fields)
        if signed:
            query += "&signature=" + sign(query)
        reply = self.reply(method, path, query)
        return reply.status, json.loads(reply.body)

    def reply(self, method: str, path: str, query: str, body: bytes = b"", key: str = KEY) -> Any:
        """Make one call as given; return the whole reply."""
        return self.exchange.http(method, path, query, {"X-MBX-APIKEY": key}, body, self.wall_ns)

    def order(self, side: str, qty: str, price: str = "", /, **params: Any) -> tuple[int, Any]:
        """Send a new order: LIMIT GTC at `price`, or MARKET without one."""
        fields = {"symbol": "BTCUSDT", "side": side, "quantity": qty}
        fields |= {"type": "LIMIT", "timeInForce": "GTC", "price": price} if price else {"type": "MARKET"}
        fields |= params
        return self.call("POST", "/api/v3/order", {name: value for name, value in fields.items() if value})

    def fault(self, **fault: Any) -> None:
        """Tell the venue to misbehave."""
        reply = self.exchange.http("POST", "/paper/fault", "", {}, json.dumps(fault).encode(), self.wall_ns)
        assert reply.status == 200, reply.body

    def listen(self, conn_id: int = 900) -> int:
        """Subscribe to the account's events on a websocket API connection."""
        assert self.exchange.ws_open(conn_id, "/ws-api/v3", self.wall_ns)
        params: dict[str, Any] = {"apiKey": KEY, "timestamp": self.wall_ns // 1_000_000}
        params["signature"] = sign("&".join(f"{name}={params[name]}" for name in sorted(params)))
        request = {"id": 1, "method": "userDataStream.subscribe.signature", "params": params}
        self.exchange.ws_message(conn_id, json.dumps(request), self.wall_ns)
        return conn_id

    def events(self, conn_id: int = 900) -> list[dict[str, Any]]:
        """Return the account's events that were sent so far."""
        return [json.loads(frame)["event"] for frame in self.sent.get(conn_id, []) if b'"event"' in frame]

    def run(self, seconds: float) -> None:
        """Let the market play on for so long."""
        self.wall_ns += int(seconds * 1e9)
        while (due := self.exchange.advance(self.wall_ns)) is not None and due <= self.wall_ns:
            pass

    def balances(self) -> dict[str, tuple[int, int]]:
        """Return (free, locked) by asset, times 10**8."""
        held = self.exchange.account.balances
        return {asset: (balance.free_e8, balance.locked_e8) for asset, balance in held.items()}


def sign(payload: str) -> str:
    """Return the HMAC-SHA256 signature of `payload`."""
    return hmac.new(SECRET.encode(), payload.encode(), "sha256").hexdigest()


def write_capture(path: Path, lines: Sequence[tuple[int, Mapping[str, Any]]]) -> str:
    """Write hftbacktest lines (nanoseconds after T0, JSON) and return the path."""
    path.write_text("".join(f"{T0 + ts} {json.dumps(body, separators=(',', ':'))}\n" for ts, body in lines))
    return str(path)


def depth(first: int, last: int, bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return a spot depth frame of BTCUSDT."""
    data = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": first, "u": last, "b": list(bids), "a": list(asks)}
    return {"stream": "btcusdt@depth@100ms", "data": data}


def trade(number: int, price: str, qty: str, *, buyer_maker: bool) -> dict[str, Any]:
    """Return a spot trade frame of BTCUSDT."""
    data = {
        "e": "trade",
        "E": 1,
        "s": "BTCUSDT",
        "t": number,
        "p": price,
        "q": qty,
        "T": 1,
        "m": buyer_maker,
        "M": True,
    }
    return {"stream": "btcusdt@trade", "data": data}


def snapshot(last: int, bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return a REST depth answer."""
    return {"lastUpdateId": last, "bids": list(bids), "asks": list(asks)}
