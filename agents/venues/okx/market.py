"""OKX v5: where it is, and what its adapter is made of.

Market data needs the public websocket only. The demo world has websockets of its own (`DEMO_WS_URL`), the REST address of
the real one, and a header that says which is meant: a venue table whose `ws_url` is the demo's is of the demo world.

Regions have hosts of their own (EEA `eea.okx.com`, US and AU `us.okx.com`); `rest_url` and `ws_url` name them.
Source: OKX v5 docs, overview (production and demo trading URLs).
"""

from agents.instruments import InstrumentInfo
from agents.venues.credentials import Credentials
from agents.venues.okx.feeds import OkxFeeds
from agents.venues.signing import Signer
from schemas.config import VenueConfig

WS_URL = "wss://ws.okx.com:8443"
DEMO_WS_URL = "wss://wspap.okx.com:8443"
PUBLIC = "/ws/v5/public"


def feeds(venue: VenueConfig, instruments: list[InstrumentInfo]) -> OkxFeeds:
    """Return the feeds of `instruments`; a ConfigError names a feed that the venue does not have."""
    return OkxFeeds((venue.ws_url or WS_URL).rstrip("/") + PUBLIC, instruments)


def signer(venue: VenueConfig, credentials: Credentials | None) -> Signer:
    """Return what signs the account's requests."""
    from agents.venues.okx.signer import OkxSigner

    return OkxSigner(venue, credentials)
