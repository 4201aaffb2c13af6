"""A venue's frame to its normalised message, logged and published: the real market-data agent and engine, in process.

Each frame goes in as the websocket delivers it and comes out on a PUB socket, with everything between: which feed it is of,
decode, ticks and lots, the book and its rules, encode, number, log, send. Beside it the parsing of ccxt.pro alone, from the
same text to its own cache: no log and no publication.
"""

import importlib
from collections.abc import Callable
from time import monotonic_ns, time_ns
from types import SimpleNamespace
from typing import Any

import orjson

from bench.desk import desk_config, instrument
from bench.engines import SilentVenue, driven
from bench.measure import time_each_ns
from bench.scenario import Bench
from bench.workloads import depth_frame, trade_frame
from mesh.agent import CallOutcome, VenueCall, VenueReply

NAME = "venue_frames"
TITLE = "Venue frames"
WEIGHT = 0.7
LEVELS = 20
SYMBOL = "BTCUSDT"
MARKET = {
    "id": SYMBOL,
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "type": "spot",
    "spot": True,
    "swap": False,
    "future": False,
    "option": False,
    "contract": False,
}
SNAPSHOT_PATH = "/api/v3/depth"
SNAPSHOT = b'{"lastUpdateId":0,"bids":[["49999.00","1.0"]],"asks":[["50001.00","1.0"]]}'


def run(bench: Bench) -> None:
    """Measure."""
    n = bench.settings.n(11_000, 2_200, 22)
    trades = [trade_frame(SYMBOL, number) for number in range(1, n + 1)]
    cases = {"trade": lambda: ours(bench, trades, "trade"), "depth": lambda: ours(bench, depths(n), "depth@100ms")}
    theirs = ccxt_cases(bench, trades, depths(n))
    with bench.on_cpu():
        found = bench.rounds(cases | theirs)
    for name, rounds in found.items():
        bench.figure(name, "us", rounds, source="peer" if name in theirs else "tickmesh")


def depths(n: int) -> list[bytes]:
    """Return depth frames, each one update."""
    return [depth_frame(SYMBOL, LEVELS, number) for number in range(1, n + 1)]


def ours(bench: Bench, frames: list[bytes], feed: str) -> float:
    """Return microseconds per frame."""
    with bench.folder() as folder:
        config = desk_config(folder, instruments=[instrument(1, SYMBOL, feeds=(feed,))])
        with driven("md", config, folder) as market:
            engine, venue = market.engine, AskedVenue()
            market.carrier.venue = venue
            engine.socket_changed("market", True, "", monotonic_ns(), time_ns())
            for call_id, call in venue.asked:
                answer = VenueReply(call_id, call, CallOutcome.ANSWERED, 200, SNAPSHOT)
                engine.venue_replied(answer, monotonic_ns(), time_ns())
            take, ring = engine.frame_received, market.carrier.doorbells.ring

            def turn(frame: bytes) -> None:
                take("market", frame, monotonic_ns(), time_ns())
                ring()

            found = time_each_ns(turn, frames) / 1e3
            states = market.agent.figures().feeds
            if set(states.values()) != {"LIVE"}:
                raise RuntimeError(f"the frames of {feed} were not applied: {states}")
            return found


class AskedVenue(SilentVenue):
    """Notes the snapshots that are asked for."""

    def __init__(self) -> None:
        """Begin with none."""
        self.asked: list[tuple[int, VenueCall]] = []

    def call(self, call_id: int, call: VenueCall) -> None:
        """Note the call."""
        if call.path == SNAPSHOT_PATH:
            self.asked.append((call_id, call))


def ccxt_cases(bench: Bench, trades: list[bytes], books: list[bytes]) -> dict[str, Callable[[], float]]:
    """Return ccxt.pro's handlers on the same text: JSON by orjson, then its own parsing into its own caches."""
    try:
        binance = importlib.import_module("ccxt.pro.binance").binance
    except ImportError as error:
        bench.skip(f"ccxt.pro: {error}")
        return {}
    client = SimpleNamespace(resolve=lambda *_: None, url="wss://stream.binance.com:9443/stream")

    def make() -> Any:
        exchange = binance()
        market = exchange.safe_market_structure(MARKET)
        exchange.markets = {"BTC/USDT": market}
        exchange.markets_by_id = {SYMBOL: [market]}
        return exchange

    def trade() -> float:
        exchange = make()
        return time_each_ns(lambda text: exchange.handle_trade(client, orjson.loads(text)["data"]), trades) / 1e3

    def depth() -> float:
        exchange = make()
        book = exchange.order_book({}, 1000)
        handle = exchange.handle_order_book_message
        return time_each_ns(lambda text: handle(client, orjson.loads(text)["data"], book), books) / 1e3

    return {"trade_ccxt": trade, "depth_ccxt": depth}
