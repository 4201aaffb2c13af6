"""Bybit's feeds and frames as tests have them: spot and linear of one coin side by side, and the recorded session."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agents.instruments import InstrumentInfo, InstrumentTable
from agents.venues.bybit import market
from agents.venues.bybit.feeds import BybitFeeds
from schemas.config import Config, InstrumentConfig, MarketDataConfig, VenueConfig

MS = 1_000_000
SESSION = "raw/bybit/cryptofeed-v3/BYBIT_v5_BTC_DOGE.jsonl.gz"
SPOT_FEEDS = ("trade", "depth@100ms")
LINEAR_FEEDS = ("trade", "depth@100ms", "markPrice")
CONNECTIONS = {"BYBIT.ws.2": "linear", "BYBIT.ws.3": "spot"}


def instrument(
    number: int, symbol: str, category: str, tick: str, lot: str, feeds: tuple[str, ...] = (), **more: Any
) -> InstrumentConfig:
    return InstrumentConfig(
        id=number,
        venue="bybit",
        symbol=symbol,
        category=category,
        base=more.pop("base", "BTC"),
        quote="USDT",
        tick_size=tick,
        lot_size=lot,
        feeds=feeds,
        **more,
    )


def config_of(*instruments: InstrumentConfig, **venue: Any) -> Config:
    return Config(
        venues=(VenueConfig(id=1, name="bybit", kind="bybit", **venue),),
        instruments=instruments,
        agents={"md": MarketDataConfig(id=1, venue="bybit", instruments=tuple(each.symbol for each in instruments))},
    )


def recorded_config() -> Config:
    """Return the instruments of the recorded session."""
    return config_of(
        instrument(1, "BTCUSDT", "spot", "0.1", "0.000001", SPOT_FEEDS),
        instrument(2, "BTC-PERP", "linear", "0.10", "0.001", LINEAR_FEEDS, venue_symbol="BTCUSDT"),
        instrument(3, "DOGE-PERP", "linear", "0.00001", "1", LINEAR_FEEDS, venue_symbol="DOGEUSDT", base="DOGE"),
    )


def infos_of(config: Config) -> list[InstrumentInfo]:
    return list(InstrumentTable(config).by_id.values())


def feeds_of(*instruments: InstrumentConfig, **venue: Any) -> BybitFeeds:
    config = config_of(*instruments, **venue)
    return market.feeds(config.venues[0], infos_of(config))


def feeds_for(
    category: str, *feeds: str, tick: str = "0.10", lot: str = "0.001", symbol: str = "BTCUSDT"
) -> BybitFeeds:
    """Return the feeds of one instrument."""
    return feeds_of(instrument(1, symbol, category, tick, lot, feeds))


def session(data_dir: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the frames of the recorded session with the connection that each came on."""
    for line in session_lines(data_dir):
        if line["t"] == "recv":
            yield CONNECTIONS[line["conn"]], line["data"].encode()


def session_lines(data_dir: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(data_dir / SESSION, "rb") as lines:
        for line in lines:
            yield json.loads(line)


def book_frame(update_id, kind="delta", bids=(), asks=(), topic="orderbook.50.BTCUSDT", seq=0, ms=7) -> bytes:
    sides = [",".join(f'["{price}","{qty}"]' for price, qty in side) for side in (bids, asks)]
    data = f'{{"s":"BTCUSDT","b":[{sides[0]}],"a":[{sides[1]}],"u":{update_id},"seq":{seq or update_id * 10}}}'
    return f'{{"topic":"{topic}","type":"{kind}","ts":{ms},"data":{data},"cts":{ms - 1}}}'.encode()
