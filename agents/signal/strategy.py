"""What a strategy is: a small class with a few handlers, and a context through which it asks.

A strategy sees trades, books, bars, timers and its own fills, and answers with signals: what it would like to buy or sell.
Whether that becomes an order is for risk to decide. It has no clock and no randomness; floats are fine here.

Constructors validate their parameters and raise ConfigError. A handler that raises takes the signal agent down with it,
and the supervisor starts it again: a strategy in an unknown state must not go on trading.

This file is compiled (`strategy.pxd` has the C types of the context); a strategy is plain Python.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from agents.instruments import InstrumentInfo
from agents.signal.bars import Bar
from agents.signal.signal_client import SignalClient, TradedInstrument
from agents.state.market_view import MarketView
from agents.state.positions import Ledger
from agents.state.working_orders import WorkingOrder
from core.book import OrderBook
from core.indicators import Indicators
from mesh.context import Context
from schemas.errors import ConfigError
from schemas.messages import OrderFilled, Trade
from schemas.orders import Side, TimeInForce

Params = Mapping[str, float | int | str | bool]
ParamsType = TypeVar("ParamsType")

BUY, SELL = Side.BUY, Side.SELL
IOC = TimeInForce.IOC


class Market(msgspec.Struct, frozen=True):
    """What a strategy trades: its instruments, and the length of its bars."""

    instruments: tuple[InstrumentInfo, ...]
    bar_ms: int


class StrategyContext:
    """What a strategy can ask and know. Quantities are its own, not those of the account."""

    def __init__(
        self,
        name: str,
        clock: Context,
        feeds: Mapping[int, MarketView],
        indicators: Mapping[int, Indicators],
        client: SignalClient,
    ) -> None:
        """Bind to one strategy's name; feeds and indicators are by instrument number, time is told by `clock`."""
        self.name = name
        self.ledgers = {number: Ledger(feed.info) for number, feed in feeds.items()}
        self.signals = 0
        """How many signals the strategy has sent, in all epochs."""
        self._clock = clock
        self._traded = {number: TradedInstrument(feed) for number, feed in feeds.items()}
        self._traded_before: TradedInstrument | None = None
        self._indicators = indicators
        self._client = client
        self._orders = client.account.orders

    @property
    def now_ns(self) -> int:
        """Monotonic time of what is being handled."""
        return self._clock.now_ns

    def set_steps(self, instrument_id: int, qty_step_lots: int, price_step_ticks: int) -> None:
        """Take in which steps the venue takes quantities and prices of an instrument."""
        traded = self._traded.get(instrument_id)
        if traded is not None:
            traded.qty_step_lots, traded.price_step_ticks = qty_step_lots, price_step_ticks

    def buy(
        self,
        instrument: InstrumentInfo,
        qty_lots: int,
        price_ticks: int,
        *,
        time_in_force: TimeInForce = IOC,
        confidence: float = 1.0,
        reason: str = "",
    ) -> int:
        """Ask to buy at `price_ticks` or lower; return the signal id, 0 if nothing may be asked now."""
        return self.signal(instrument, BUY, qty_lots, price_ticks, time_in_force, confidence, reason)

    def sell(
        self,
        instrument: InstrumentInfo,
        qty_lots: int,
        price_ticks: int,
        *,
        time_in_force: TimeInForce = IOC,
        confidence: float = 1.0,
        reason: str = "",
    ) -> int:
        """Ask to sell at `price_ticks` or higher; return the signal id, 0 if nothing may be asked now."""
        return self.signal(instrument, SELL, qty_lots, price_ticks, time_in_force, confidence, reason)

    def signal(
        self,
        instrument: InstrumentInfo,
        side: Side,
        qty_lots: int,
        price_ticks: int,
        time_in_force: TimeInForce,
        confidence: float,
        reason: str,
    ) -> int:
        """Ask for an order; return the signal id, 0 if a stream that it rests on is not LIVE or too old.

        The quantity is rounded down to the venue's step, the price to the venue's step away from the other side; nothing
        is asked if that leaves nothing.
        """
        traded = self._traded_in(instrument)
        if traded.qty_step_lots != 1:
            qty_lots -= qty_lots % traded.qty_step_lots
        if traded.price_step_ticks != 1:
            price_step = traded.price_step_ticks
            price_ticks -= price_ticks % price_step if side > 0 else -(-price_ticks % price_step)
        if qty_lots <= 0 or price_ticks <= 0:
            return 0
        signal_id = self._client.ask(self.name, traded, side, qty_lots, price_ticks, time_in_force, confidence, reason)
        self.signals += signal_id != 0
        return signal_id

    def cancel(self, client_order_id: str) -> None:
        """Ask to cancel one of the strategy's orders; its end shows in `open_orders`."""
        self._client.cancel(client_order_id)

    def position(self, instrument: InstrumentInfo) -> int:
        """Return the strategy's position in whole lots, rounded towards zero; negative when short."""
        ledger = self.ledgers[instrument.config.id]
        net_e8 = ledger.net_qty_e8
        lots = abs(net_e8) // instrument.lot_e8
        return lots if net_e8 >= 0 else -lots

    def open_orders(self, instrument: InstrumentInfo) -> list[WorkingOrder]:
        """Return the strategy's orders in an instrument that may still trade, oldest first."""
        return list(self._orders.of(instrument.id, self.name))

    def pending(self, instrument: InstrumentInfo) -> int:
        """Return how many of the strategy's signals have neither been refused nor become an order yet."""
        return self._client.count(self.name, instrument.id)

    def idle(self, instrument: InstrumentInfo) -> bool:
        """Return whether no signal is pending and no order open."""
        instrument_id = instrument.id
        return not self._client.count(self.name, instrument_id) and not self._orders.count_of(instrument_id, self.name)

    def top(self, instrument: InstrumentInfo) -> tuple[int, int]:
        """Return best bid and ask in ticks, 0 where not known."""
        feed = self._traded_in(instrument).feed
        return feed.bid_ticks(), feed.ask_ticks()

    def indicators(self, instrument: InstrumentInfo) -> Indicators:
        """Return the strategy's indicators, as of the last closed bar."""
        return self._indicators[instrument.id]

    def _traded_in(self, instrument: InstrumentInfo) -> TradedInstrument:
        """Return the traded of an instrument; a strategy mostly asks about the one that it asked about before."""
        traded = self._traded_before
        if traded is None or traded.info is not instrument:
            traded = self._traded_before = self._traded[instrument.config.id]
        return traded


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

    def on_trade(self, instrument: InstrumentInfo, trade: Trade) -> None:
        """Act on a trade at the venue."""

    def on_trades(self, instrument: InstrumentInfo, trades: Sequence[Trade]) -> None:
        """Act on trades that came together, oldest first: a class that defines this gets them so, and no `on_trade`.

        Bars that they closed were handed over before. How many come together depends on how busy the agent is, so what
        the strategy decides should not.
        """

    def on_book(self, instrument: InstrumentInfo, book: OrderBook) -> None:
        """Act on a change of a valid book; `book` is only to be read, and only here."""

    def on_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        """Act on a closed bar; the indicators contain it."""

    def on_timer(self, now_ns: int) -> None:
        """Act on time; called every `timer_ms`."""

    def on_fill(self, fill: OrderFilled) -> None:
        """Take note of a fill of this strategy; after a restart all earlier ones come again, once each."""


def parse_params(params: Params, cls: type[ParamsType]) -> ParamsType:
    """Return a strategy's parameters as its own Struct.

    Raises:
        ConfigError: If a name is not known or a value is not allowed, naming it.
    """
    try:
        return msgspec.convert(dict(params), cls)
    except msgspec.ValidationError as error:
        raise ConfigError(f"params: {error}") from error


def cancel_older(ctx: StrategyContext, market: Market, age_ns_max: int) -> None:
    """Cancel the strategy's orders that have rested longer than `age_ns_max`."""
    for instrument in market.instruments:
        for order in ctx.open_orders(instrument):
            if ctx.now_ns - order.since_ns > age_ns_max:
                ctx.cancel(order.client_order_id)


def smallest_lots(instrument: InstrumentInfo, price_ticks: int) -> int:
    """Return the least lots to buy so that they can be sold again: a fifth over the minimum notional, at least one."""
    lot_notional_e8 = max(1, instrument.notional_e8(price_ticks, 1))
    return max(1, -(-instrument.min_notional_e8 * 6 // (5 * lot_notional_e8)))


def sellable(instrument: InstrumentInfo, qty_lots: int, price_ticks: int) -> bool:
    """Return whether the venue takes an order to sell `qty_lots`: less than that is dust, not a position."""
    return qty_lots > 0 and instrument.notional_e8(price_ticks, qty_lots) >= instrument.min_notional_e8
