"""A USDT-M account for unit tests, and answers of its venue."""

from agents.instruments import InstrumentTable
from agents.venues.binance.usdm_account import UsdmAccount
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.config import Config, InstrumentConfig, VenueConfig

FUTURES = "private-and-rest/nautilus/binance/futures"
"""Where the samples are."""


def account(*symbols, **more):
    instruments = tuple(
        InstrumentConfig(id=n + 1, venue="b", symbol=symbol, base="A", quote="B", tick_size="0.01", lot_size="0.001")
        for n, symbol in enumerate(symbols or ("BTCUSDT",))
    )
    found = VenueConfig(id=1, name="b", kind="binance_usdm", **more)
    infos = list(InstrumentTable(Config(venues=(found,), instruments=instruments, agents={})).by_id.values())
    return UsdmAccount(found, infos, url="wss://fstream.binance.com"), infos[0]


def answered(body, call=None, status=200):
    return VenueReply(1, call or VenueCall("GET", "/", {}), CallOutcome.ANSWERED, status, body, {})
