"""Which dialect the paper venue speaks for a configured kind of venue."""

from collections.abc import Callable
from typing import Any

import msgspec

from agents.paper.binance.dialect import BinanceDialect
from agents.paper.binance.market_writer import FuturesWriter, SpotWriter
from agents.paper.binance.usdm.dialect import UsdmDialect
from agents.paper.bybit.dialect import BybitDialect
from agents.paper.bybit.market_writer import BybitWriter
from agents.paper.dialect import Dialect, Floor
from agents.paper.market.market_writer import MarketWriter
from agents.paper.okx.dialect import OkxDialect
from agents.paper.okx.market_writer import OkxWriter
from schemas.errors import ConfigError
from schemas.units import US


class DialectKind(msgspec.Struct, frozen=True):
    """How one is made: first what writes a market that is not recorded, then, on the floor, the dialect that sends it."""

    writer: Callable[[], MarketWriter]
    dialect: Callable[[Floor, Any], Dialect]
    """Takes the floor and the writer that `writer` made."""
    orders: str = ""
    """The kind of venue whose protocol takes its orders; empty if it takes none."""
    margin: bool = False
    """Whether its linear contracts are held as positions against margin; else they are bought and sold as coins."""


KINDS: dict[str, DialectKind] = {
    "binance_spot": DialectKind(
        lambda: SpotWriter(US), lambda floor, _: BinanceDialect(floor, futures=False), "binance_spot"
    ),
    "binance_usdm": DialectKind(FuturesWriter, lambda floor, _: UsdmDialect(floor), "binance_usdm", margin=True),
    "binance_coinm": DialectKind(FuturesWriter, lambda floor, _: BinanceDialect(floor, futures=True)),
    "bybit": DialectKind(BybitWriter, BybitDialect, "bybit", margin=True),
    "okx": DialectKind(OkxWriter, OkxDialect, "okx", margin=True),
}
"""By kind of venue."""


def kind_of_orders(kind: str) -> str:
    """Return the kind of venue whose protocol takes the orders of a paper venue of `kind`, "" if it takes none.

    Raises:
        ConfigError: If the paper venue does not speak it.
    """
    return kind_of_dialect(kind).orders


def kind_of_dialect(kind: str) -> DialectKind:
    """Return how the dialect of a kind of venue is made.

    Raises:
        ConfigError: If the paper venue does not speak it.
    """
    if kind not in KINDS:
        raise ConfigError(f"venues: the paper venue does not speak {kind!r} (allowed: {', '.join(KINDS)})")
    return KINDS[kind]
