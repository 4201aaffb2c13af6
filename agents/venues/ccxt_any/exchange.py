"""Which of ccxt's exchanges a venue is, and where it is sent."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from schemas.config import VenueConfig
from schemas.errors import ConfigError

TRADES_KEPT = 10_000
"""How many trades ccxt keeps of a symbol between two looks at them; 1,000 unless it is told."""


def class_of(venue: VenueConfig) -> Any:
    """Return ccxt's class for the venue's exchange.

    Raises:
        ConfigError: If ccxt.pro has no such exchange.
    """
    import ccxt.pro

    if venue.exchange not in ccxt.pro.exchanges:
        near = get_close_matches(venue.exchange, ccxt.pro.exchanges, 3)
        meant = f"; near it: {', '.join(near)}" if near else ""
        raise ConfigError(
            f"venues.{venue.name}.exchange: {venue.exchange!r} is none of the {len(ccxt.pro.exchanges)} exchanges "
            f"that ccxt.pro {ccxt.__version__} follows{meant}"
        )
    return getattr(ccxt.pro, venue.exchange)


def make(venue: VenueConfig) -> Any:
    """Return ccxt's exchange, with the venue's options and addresses; nothing is connected yet."""
    settings = {"timeout": venue.request_timeout_ms, "options": {"tradesLimit": TRADES_KEPT, **venue.exchange_options}}
    exchange = class_of(venue)(settings)
    exchange.urls["api"] = sent_to(exchange.urls["api"], venue.rest_url, venue.ws_url)
    return exchange


def sent_to(urls: Any, rest_url: str, ws_url: str) -> Any:
    """Return ccxt's tree of addresses with scheme and host of each replaced, where one is given for its kind."""
    if isinstance(urls, Mapping):
        return {name: sent_to(each, rest_url, ws_url) for name, each in urls.items()}
    if not isinstance(urls, str):
        return urls
    to = ws_url if urls.startswith("ws") else rest_url
    return to.rstrip("/") + urlsplit(urls).path if to else urls
