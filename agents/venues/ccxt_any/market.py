"""A venue of kind `ccxt`: what it is made of. ccxt itself is imported only by whoever has such a venue."""

from collections.abc import Iterable

from agents.instruments import InstrumentInfo
from agents.venues.ccxt_any.exchange import class_of
from agents.venues.ccxt_any.feeds import CcxtFeeds
from agents.venues.credentials import Credentials
from agents.venues.signing import Signer
from mesh.agent_io import Shell
from schemas.config import VenueConfig
from schemas.errors import ConfigError


def feeds(venue: VenueConfig, instruments: Iterable[InstrumentInfo]) -> CcxtFeeds:
    """Return the feeds of `instruments`; a ConfigError names an exchange or a feed that ccxt does not have."""
    return CcxtFeeds(venue, instruments, class_of(venue)().has)


def shell(venue: VenueConfig) -> Shell:
    """Return the I/O of the venue's market data."""
    from agents.venues.ccxt_any.shell import CcxtShell

    return CcxtShell(venue)


def signer(venue: VenueConfig, credentials: Credentials | None) -> Signer:
    """Refuse with a ConfigError: nothing is signed for such a venue, and no frame of it is the venue's own."""
    raise ConfigError(
        f"venues.{venue.name}: what ccxt follows can neither be traded nor recorded, there are no frames of the venue"
    )
