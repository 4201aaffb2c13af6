"""Which adapter a configured kind of venue has.

Roles come by their venue here and nowhere else, so that none of them names one. What a role does not use is not imported:
an adapter's parts are made by functions that import them.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from agents.instruments import InstrumentInfo
from agents.venues.binance import coinm, spot, usdm
from agents.venues.binance.identity import BinanceIdentity, UsdmIdentity
from agents.venues.bybit import market as bybit
from agents.venues.bybit.identity import BybitIdentity
from agents.venues.ccxt_any import market as ccxt_any
from agents.venues.credentials import Credentials
from agents.venues.identity import IdentityReader
from agents.venues.okx import market as okx
from agents.venues.okx.identity import OkxIdentity
from agents.venues.order_socket import OrderWire
from agents.venues.port import MarketFeeds, TradingAccount
from agents.venues.signing import Signer
from mesh.agent_io import Shell
from schemas.config import VenueConfig


class Adapter(msgspec.Struct, frozen=True):
    """What one kind of venue is made of; without an `account` no orders can be sent there."""

    feeds: Callable[[VenueConfig, list[InstrumentInfo]], MarketFeeds]
    """Raises ConfigError for a feed that the venue does not have."""
    signer: Callable[[VenueConfig, Credentials | None], Signer]
    account: Callable[[VenueConfig, list[InstrumentInfo]], TradingAccount] | None = None
    order_wire: Callable[[VenueConfig, Any], OrderWire] | None = None
    """Given the signer that was made for the account; without it orders go over REST."""
    identity: IdentityReader | None = None
    """How the venue is asked whose key it is, where it tells that."""
    shell: Callable[[VenueConfig], Shell] | None = None
    """The I/O of its market data, where frames come otherwise than over a websocket of ours."""


ADAPTERS: dict[str, Adapter] = {
    "binance_spot": Adapter(spot.feeds, spot.signer, spot.account, spot.order_wire, BinanceIdentity()),
    "binance_usdm": Adapter(usdm.feeds, usdm.signer, usdm.account, usdm.order_wire, UsdmIdentity()),
    "binance_coinm": Adapter(coinm.feeds, coinm.signer),
    "bybit": Adapter(bybit.feeds, bybit.signer, bybit.account, bybit.order_wire, BybitIdentity()),
    "okx": Adapter(okx.feeds, okx.signer, okx.account, okx.order_wire, OkxIdentity()),
    "ccxt": Adapter(ccxt_any.feeds, ccxt_any.signer, shell=ccxt_any.shell),
}
"""By kind of venue. Whoever brings a venue of its own adds it before the agents are built."""


def kinds_with_accounts() -> list[str]:
    """Return the kinds of venues that take orders."""
    return sorted(kind for kind, adapter in ADAPTERS.items() if adapter.account is not None)
