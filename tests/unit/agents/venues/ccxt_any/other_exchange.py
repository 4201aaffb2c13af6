"""Feeds of an exchange that ccxt has, without ccxt."""

from agents.instruments import InstrumentTable
from agents.venues.ccxt_any.feeds import CcxtFeeds
from schemas.config import Config, InstrumentConfig, VenueConfig

ALL = {"watchTrades": True, "watchOrderBook": True, "watchBidsAsks": True, "fetchTime": True}


def infos(**instrument):
    """Return the instruments of a configuration with one of them."""
    whole = Config(
        venues=(VenueConfig(id=1, name="other", kind="ccxt", exchange="kraken"),),
        instruments=(
            InstrumentConfig(
                **{
                    "id": 7,
                    "venue": "other",
                    "symbol": "BTC/USD",
                    "base": "BTC",
                    "quote": "USD",
                    "tick_size": "0.1",
                    "lot_size": "0.0001",
                    **instrument,
                }
            ),
        ),
        agents={},
    )
    return list(InstrumentTable(whole).by_id.values())


def feeds(has=ALL, **instrument):
    """Return the feeds of that instrument."""
    found = infos(**instrument)
    return CcxtFeeds(found[0].venue, found, has)
