"""OKX v5: what its adapter is made of."""

from typing import Any

from agents.instruments import InstrumentInfo
from agents.venues.credentials import Credentials
from agents.venues.okx.feeds import OkxFeeds
from agents.venues.okx.paths import BUSINESS, PUBLIC, WS_URL
from agents.venues.order_socket import OrderWire
from agents.venues.port import TradingAccount
from agents.venues.signing import Signer
from schemas.config import VenueConfig


def feeds(venue: VenueConfig, instruments: list[InstrumentInfo]) -> OkxFeeds:
    """Return the feeds of `instruments`; a ConfigError names a feed that the venue does not have."""
    host = (venue.ws_url or WS_URL).rstrip("/")
    return OkxFeeds(host + PUBLIC, host + BUSINESS, instruments)


def account(venue: VenueConfig, instruments: list[InstrumentInfo]) -> TradingAccount:
    """Return the account, on which `instruments` may be traded."""
    from agents.venues.okx.account import OkxAccount

    return OkxAccount(venue, instruments)


def signer(venue: VenueConfig, credentials: Credentials | None) -> Signer:
    """Return what signs the account's requests."""
    from agents.venues.okx.signer import OkxSigner

    return OkxSigner(venue, credentials)


def order_wire(venue: VenueConfig, signer: Any) -> OrderWire:
    """Return how the account takes orders over the private websocket."""
    from agents.venues.okx.order_wire import OkxOrderWire

    return OkxOrderWire(signer)
