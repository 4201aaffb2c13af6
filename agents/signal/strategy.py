"""What a strategy is: a small class with a few handlers, and a context through which it asks.

A strategy sees trades, books, quotes, bars, timers, its feeds and what becomes of its own orders, and answers with signals:
what it would like to buy or sell. Whether that becomes an order is for risk to decide. It has no clock and no randomness;
floats are fine here.

Constructors validate their parameters and raise ConfigError. A handler that raises stops this strategy and no other:
one in an unknown state must not go on trading. After a while it is built anew, as by a restart
(`agents.signal.lifecycle`). What it must know then and does not see in positions and open orders it saves.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from agents.instruments import InstrumentInfo
from agents.signal.bars import Bar
from agents.signal.order_event import OrderChange, OrderEvent
from agents.signal.order_terms import Amount
from agents.signal.strategy_context import OwnPnl, StrategyContext
from core.book import OrderBook
from core.indicators import Indicators
from schemas.errors import ConfigError
from schemas.messages import OrderFilled, Quote, Trade
from schemas.orders import Reason

__all__ = [
    "Amount",
    "Market",
    "OrderChange",
    "OrderEvent",
    "Params",
    "OwnPnl",
    "Strategy",
    "parse_params",
    "parse_state",
    "sellable",
    "smallest_lots",
]

Params = Mapping[str, float | int | str | bool]
ParamsType = TypeVar("ParamsType")


class Market(msgspec.Struct, frozen=True):
    """What a strategy trades: its instruments, the length of its bars, and all their lengths if it has several.

    `venue_bar_ms` is the length whose bars are the venue's own; 0 if all are built from trades.
    """

    instruments: tuple[InstrumentInfo, ...]
    bar_ms: int
    bars_ms: tuple[int, ...] = ()
    venue_bar_ms: int = 0


class Strategy:
    """Base of all strategies: every handler does nothing until a subclass gives it work."""

    timer_ms = 1_000
    """How often `on_timer` is called."""

    ctx: StrategyContext

    def __init__(self, params: Params, market: Market) -> None:
        """Take the parameters and the market; raise ConfigError for what is not allowed."""
        self.market = market

    def make_indicators(self) -> Indicators:
        """Return new indicators for one instrument: all that there are; a strategy returns those that it reads."""
        return Indicators(
            ema_period=20,
            rsi_period=14,
            atr_period=14,
            true_range=True,
            sma_period=20,
            macd_fast=12,
            macd_slow=26,
            macd_signal=9,
            bollinger_period=20,
            vwap=True,
            volatility_period=20,
        )

    def on_restore(self, state: bytes) -> None:
        """Take the state that an earlier life saved, if there is one; called before everything else."""

    def on_start(self) -> None:
        """Begin: positions and orders are known, bars and indicators are warm; called once, before all that follow."""

    def on_stop(self) -> None:
        """End in order: the last thing to save or to cancel."""

    def on_trade(self, instrument: InstrumentInfo, trade: Trade) -> None:
        """Act on a trade at the venue."""

    def on_trades(self, instrument: InstrumentInfo, trades: Sequence[Trade]) -> None:
        """Act on trades that came together, oldest first: a class that defines this gets them so, and no `on_trade`.

        Bars that they closed were handed over before. How many come together depends on how busy the agent is, so what
        the strategy decides should not.
        """

    def on_book(self, instrument: InstrumentInfo, book: OrderBook) -> None:
        """Act on a change of a valid book; `book` is only to be read, and only here."""

    def on_quote(self, instrument: InstrumentInfo, quote: Quote) -> None:
        """Act on a best bid and ask as the venue tells them."""

    def on_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        """Act on a closed bar; the indicators contain it."""

    def on_past_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        """Take note of a bar on which it is too late to act; the indicators contain it.

        It is one of before `on_start`, or comes late together with newer ones, of which the last is told by `on_bar`.
        """

    def on_timer(self, now_ns: int) -> None:
        """Act on time; called every `timer_ms`."""

    def on_feed(self, instrument: InstrumentInfo, fault: Reason) -> None:
        """Take note of why nothing may rest on an instrument's market now, NONE if it may: at first, and each change."""

    def on_fill(self, fill: OrderFilled) -> None:
        """Take note of a fill of this strategy; after a restart all earlier ones come again, once, before `on_start`."""

    def on_order(self, event: OrderEvent) -> None:
        """Take note of what became of a signal or an order of this strategy, from `on_start` on."""


def parse_params(params: Params, cls: type[ParamsType]) -> ParamsType:
    """Return a strategy's parameters as its own Struct.

    Raises:
        ConfigError: If a name is not known or a value is not allowed, naming it.
    """
    try:
        return msgspec.convert(dict(params), cls)
    except msgspec.ValidationError as error:
        raise ConfigError(f"params: {error}") from error


def parse_state(state: bytes, cls: type[ParamsType]) -> ParamsType:
    """Return a saved state as the Struct that it was.

    Raises:
        ConfigError: If it does not fit the Struct.
    """
    try:
        return msgspec.msgpack.decode(state, type=cls)
    except msgspec.DecodeError as error:
        raise ConfigError(f"saved state: {error}") from error


def smallest_lots(instrument: InstrumentInfo, price_ticks: int) -> int:
    """Return the least lots to buy so that they can be sold again: a fifth over the minimum notional, at least one."""
    lot_notional_e8 = max(1, instrument.notional_e8(price_ticks, 1))
    return max(1, -(-instrument.min_notional_e8 * 6 // (5 * lot_notional_e8)))


def sellable(instrument: InstrumentInfo, qty_lots: int, price_ticks: int) -> bool:
    """Return whether the venue takes an order to sell `qty_lots`: less than that is dust, not a position."""
    return qty_lots > 0 and instrument.notional_e8(price_ticks, qty_lots) >= instrument.min_notional_e8
