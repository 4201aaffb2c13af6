"""Bybit v5: where it is, and what it is made of.

One venue of this kind is one unified account, with spot and linear side by side. The testnet and the countries' own hosts
are the same protocol: `rest_url` and `ws_url` name them (`https://api-testnet.bybit.com`, `wss://stream-testnet.bybit.com`).
A key of one of these worlds is unknown in the others.
"""

from collections.abc import Iterable
from typing import Any

from agents.instruments import InstrumentInfo
from agents.venues.bybit.feeds import BybitFeeds
from agents.venues.credentials import Credentials
from agents.venues.order_socket import OrderWire
from agents.venues.port import TradingAccount
from agents.venues.signing import Signer
from schemas.config import VenueConfig

WS_URL = "wss://stream.bybit.com"


def feeds(venue: VenueConfig, instruments: Iterable[InstrumentInfo]) -> BybitFeeds:
    """Return the feeds of `instruments`; a ConfigError names a feed that the venue does not have."""
    return BybitFeeds(venue, instruments, ws_url=WS_URL)


def account(venue: VenueConfig, instruments: list[InstrumentInfo]) -> TradingAccount:
    """Return the account, on which `instruments` may be traded."""
    from agents.venues.bybit.account import BybitAccount

    return BybitAccount(venue, instruments, url=WS_URL)


def order_wire(venue: VenueConfig, signer: Any) -> OrderWire:
    """Return how orders go over a websocket, logged in by the account's `signer`."""
    from agents.venues.bybit.order_wire import order_wire

    return order_wire(signer)


def signer(venue: VenueConfig, credentials: Credentials | None) -> Signer:
    """Return what signs the account's requests."""
    from agents.venues.bybit.signer import BybitSigner

    return BybitSigner(venue, credentials)
