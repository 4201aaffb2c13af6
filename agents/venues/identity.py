"""Whose key it is, and what it may do: what is looked at before anything is done for real money.

A configuration that sends orders to a real venue says so (`live`), and says which account they are for (`account`): a key
that was put into the wrong file trades nothing. What counts as real errs to the safe side: whatever is neither on this
machine nor one of the venue's own test worlds.
"""

from urllib.parse import urlsplit

import msgspec

from mesh.context import VenueCall
from schemas.config import VenueConfig
from schemas.errors import ConfigError

HERE = frozenset({"127.0.0.1", "::1", "localhost"})


class AccountIdentity(msgspec.Struct, frozen=True):
    """What a venue tells of a key: its number of the account, and what the key may do; None is what it does not tell."""

    account: str
    trades: bool | None = None
    withdraws: bool | None = None


class IdentityReader:
    """Asks a venue whose key it is, and what that may do, and reads its answers."""

    def call(self) -> VenueCall:
        """Return the call that asks whose key it is."""
        raise NotImplementedError

    def read(self, body: bytes) -> AccountIdentity:
        """Return what the answer to `call` tells.

        Raises:
            VenueError: If it is not what the venue documents.
        """
        raise NotImplementedError

    def rights_call(self) -> VenueCall | None:
        """Return the call that asks what the key may do, where the answer to `call` does not tell that."""
        return None

    def withdraws(self, body: bytes) -> bool:
        """Return whether the key may withdraw, by the answer to `rights_call`.

        Raises:
            VenueError: If it is not what the venue documents.
        """
        raise NotImplementedError


def is_real(venue: VenueConfig) -> bool:
    """Return whether orders of a venue table go where they are for real money."""
    if venue.environment != "live":
        return False
    urls = [venue.rest_url, venue.ws_url]
    if venue.ws_api_url or venue.kind.startswith("binance"):
        urls.append(venue.ws_api_url)
    return not all(urlsplit(url).hostname in HERE for url in urls)


def require_live(venue: VenueConfig) -> None:
    """Check that a venue whose orders are for real money says so, and for which account.

    Raises:
        ConfigError: If it does not.
    """
    if not is_real(venue):
        return
    key = f"venues.{venue.name}"
    if not venue.live:
        raise ConfigError(
            f"{key}.live: orders would be for real money, which needs live = true (found: false; allowed without it: "
            "environment = 'testnet' or 'demo', or addresses on this machine)"
        )
    if not venue.account:
        raise ConfigError(
            f"{key}.account: live trading needs the venue's own number of the account (found: ''; `tickmesh doctor` tells "
            "which account the key is of)"
        )
