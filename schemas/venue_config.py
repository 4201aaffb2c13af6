"""The tables of venues and instruments."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.config_types import DecimalText, Feed, Name, NotNegative, Number8, Number16, Positive, Table
from schemas.markets import Category, VenueKind
from schemas.venue_worlds import WORLDS, worlds_of


class VenueConfig(Table, frozen=True, kw_only=True):
    """One venue account: which protocol it speaks, where, and where its credentials are found.

    `credentials` is a prefix of environment variables (`X` means X_KEY and X_SECRET), or `file:PATH` of a TOML file with
    `key` and `secret`. Empty URLs mean the venue's public ones, those of its `environment`. Orders for real money need
    `live`, and the venue's own number of the `account`, which is checked before the first of them. `exchange` is
    which of ccxt's exchanges a venue of kind `ccxt` is, by ccxt's name of it, and `exchange_options` are ccxt's options of
    that.
    """

    id: Number8
    name: Name
    kind: VenueKind
    rest_url: str = ""
    ws_url: str = ""
    ws_api_url: str = ""
    credentials: str = ""
    recv_window_ms: Annotated[int, Meta(ge=1, le=60_000)] = 5_000
    weight_per_minute_max: NotNegative = 0
    orders_per_10s_max: NotNegative = 0
    orders_per_day_max: NotNegative = 0
    request_timeout_ms: Positive = 10_000
    connection_life_ms: NotNegative = 0
    settle_ms: NotNegative = 0
    disconnect_cancel: bool = False
    environment: Literal["live", "testnet", "demo"] = "live"
    live: bool = False
    account: str = ""
    exchange: str = ""
    exchange_options: dict[str, str | int | float | bool | list[str]] = {}

    def __post_init__(self) -> None:
        """Take the addresses of another environment than the real one, but for those that are given."""
        if bool(self.exchange) != (self.kind == "ccxt"):
            raise ValueError(
                f"exchange: of kind ccxt, and only of that, it says which exchange (found: {self.exchange!r})"
            )
        if self.environment == "live":
            return
        world = WORLDS.get((self.kind, self.environment))
        if world is None:
            allowed = ", ".join(["live", *worlds_of(self.kind)])
            raise ValueError(f"environment: {self.kind} has no {self.environment} (allowed: {allowed})")
        for key in ("rest_url", "ws_url", "ws_api_url"):
            if not getattr(self, key):
                msgspec.structs.force_setattr(self, key, getattr(world, key))


class InstrumentConfig(Table, frozen=True, kw_only=True):
    """One instrument: its number in stream ids, its sizes, and the `feeds` to subscribe (empty: those usual at the venue).

    `symbol` is its name here and, unless `venue_symbol` says another, at the venue: two instruments of one venue may have
    one name there if they are of different `category`. Where the venue counts contracts, `lot_size` is in contracts and
    `contract_size` says how much of the base one is. `leverage_max` and `margin_mode` declare how a contract is set at the
    venue, where people set it: one with more leverage ("0": with any), or another mode, is kept to what reduces.
    """

    id: Number16
    venue: Name
    symbol: str
    base: str
    quote: str
    tick_size: DecimalText
    lot_size: DecimalText
    contract_size: DecimalText = "1"
    min_notional: DecimalText = "0"
    feeds: tuple[Feed, ...] = ()
    category: Category | Literal[""] = ""
    venue_symbol: str = ""
    leverage_max: DecimalText = "0"
    margin_mode: Literal["cross", "isolated"] = "cross"


def instrument_names(instruments: Iterable[InstrumentConfig]) -> dict[int, str]:
    """Return the name for people of each instrument by its number: its symbol, `VENUE:SYMBOL` where several have that."""
    found = list(instruments)
    several = {symbol for symbol, count in Counter(each.symbol for each in found).items() if count > 1}
    return {each.id: f"{each.venue}:{each.symbol}" if each.symbol in several else each.symbol for each in found}
