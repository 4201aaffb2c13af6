"""What a strategy can ask and know: the `ctx` of each strategy.

What it asks for is brought into whole ticks and lots, rounded to the venue's steps where it was said so, and handed to
the client of risk (`agents.signal.signal_client`). Words that change how an order is handled cost nothing where they
are not used.

This file is compiled (`strategy_context.pxd` has the C types).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from agents.instruments import InstrumentInfo
from agents.signal.order_terms import Amount, check_exits, lots_for
from agents.signal.order_terms import price_ticks as exact_price
from agents.signal.order_terms import qty_lots as exact_qty
from agents.signal.signal_client import Extra, SignalClient, TradedInstrument
from agents.state.market_view import MarketView
from agents.state.positions import Ledger
from agents.state.working_orders import WorkingOrder, WorkingOrders
from core.indicators import Indicators
from mesh.context import Context
from schemas.errors import TermsError
from schemas.messages import E8, Quote, StrategyState
from schemas.orders import ExecInst, Reason, Side, TimeInForce
from schemas.streams import STATES_STREAM
from schemas.units import MS

STATE_BYTES_MAX = 65_536

BUY, SELL = Side.BUY, Side.SELL
GTC, IOC, GTX = int(TimeInForce.GTC), int(TimeInForce.IOC), int(TimeInForce.GTX)
REDUCE_ONLY = int(ExecInst.REDUCE_ONLY)
E16 = E8 * E8


class OwnPnl(msgspec.Struct, frozen=True):
    """Profit and loss in the quote currency, from the strategy's own fills; `unrealised` is NaN without a price."""

    realised: float
    unrealised: float
    fees: float


class LastQuote:
    """The last quote of one instrument, which all strategies on it share; None until there is one."""

    def __init__(self) -> None:
        """Begin without one."""
        self.quote: Quote | None = None


class StrategyContext:
    """What a strategy can ask and know. Quantities are its own, not those of the account, unless said otherwise."""

    def __init__(
        self,
        name: str,
        clock: Context,
        feeds: Mapping[int, MarketView],
        indicators: Mapping[tuple[int, int], Indicators],
        client: SignalClient,
        bar_ms: int,
        quotes: Mapping[int, LastQuote],
    ) -> None:
        """Bind to one strategy's name; feeds and quotes are by instrument number, indicators by that and the bar's length.

        Time is told by `clock`; `bar_ms` is the length of bars that is meant if none is named.
        """
        self.name = name
        self.ledgers = {number: Ledger(feed.info) for number, feed in feeds.items()}
        self.signals = 0
        """How many signals the strategy has sent, in all epochs."""
        self.saved = b""
        """The state that it saved last, in this life or one before; empty if there is none."""
        self.started = False
        """Whether its `on_start` is due or was called; nothing can be asked before."""
        self._clock = clock
        self._traded = {
            number: TradedInstrument(feed, client.account_at(feed.info.venue.id)) for number, feed in feeds.items()
        }
        self._traded_before: TradedInstrument | None = None
        self._indicators = indicators
        self._client = client
        self._bar_ns = bar_ms * MS
        self._quotes = quotes

    @property
    def now_ns(self) -> int:
        """Monotonic time of what is being handled."""
        return self._clock.now_ns

    @property
    def refusal(self) -> Reason:
        """Why what was asked for last, and not sent, was not sent; risk's denials come to `on_order`."""
        return self._client.refusal

    def set_steps(self, instrument_id: int, qty_step_lots: int, price_step_ticks: int) -> None:
        """Take in which steps the venue takes quantities and prices of an instrument."""
        traded = self._traded.get(instrument_id)
        if traded is not None:
            traded.qty_step_lots, traded.price_step_ticks = qty_step_lots, price_step_ticks

    # What can be asked

    def buy(
        self,
        instrument: InstrumentInfo,
        qty: Amount = 0,
        price: Amount = 0,
        *,
        time_in_force: TimeInForce | None = None,
        confidence: float = 1.0,
        reason: str = "",
        lifetime_ms: int = 0,
        reduce_only: bool = False,
        post_only: bool = False,
        take_profit: Amount | None = None,
        stop: Amount | None = None,
        notional: Amount | None = None,
    ) -> int:
        """Ask to buy at `price` or lower; return the signal id, 0 if nothing may be asked now (`refusal` says why).

        See `signal` for the words.
        """
        return self._ask(
            instrument, BUY, qty, price, time_in_force, confidence, reason,
            lifetime_ms, reduce_only, post_only, take_profit, stop, notional, "",
        )  # fmt: skip

    def sell(
        self,
        instrument: InstrumentInfo,
        qty: Amount = 0,
        price: Amount = 0,
        *,
        time_in_force: TimeInForce | None = None,
        confidence: float = 1.0,
        reason: str = "",
        lifetime_ms: int = 0,
        reduce_only: bool = False,
        post_only: bool = False,
        take_profit: Amount | None = None,
        stop: Amount | None = None,
        notional: Amount | None = None,
    ) -> int:
        """Ask to sell at `price` or higher; return the signal id, 0 if nothing may be asked now (`refusal` says why).

        See `signal` for the words.
        """
        return self._ask(
            instrument, SELL, qty, price, time_in_force, confidence, reason,
            lifetime_ms, reduce_only, post_only, take_profit, stop, notional, "",
        )  # fmt: skip

    def signal(
        self,
        instrument: InstrumentInfo,
        side: Side,
        qty: Amount,
        price: Amount,
        time_in_force: TimeInForce | None = None,
        confidence: float = 1.0,
        reason: str = "",
        *,
        lifetime_ms: int = 0,
        reduce_only: bool = False,
        post_only: bool = False,
        take_profit: Amount | None = None,
        stop: Amount | None = None,
        notional: Amount | None = None,
    ) -> int:
        """Ask for an order; return the signal id, 0 if a stream that it rests on is not LIVE or too old.

        Whole numbers are lots and ticks: the quantity is rounded down to the venue's step, the price to the venue's
        step away from the other side, and nothing is asked if that leaves nothing. Text and Decimal are taken exactly.
        `notional` is the size in the quote currency, in place of a quantity. An order is IOC unless `time_in_force`
        says otherwise; with `lifetime_ms` it rests until execution cancels it after that time (GTC), with `post_only`
        it never takes (GTX). `reduce_only` lets it only reduce the position. `take_profit` and `stop` are prices at
        which execution closes what it has traded, one or the other.

        Raises:
            TermsError: If a figure does not fit the instrument's steps, or the words do not go together.
        """
        return self._ask(
            instrument, side, qty, price, time_in_force, confidence, reason,
            lifetime_ms, reduce_only, post_only, take_profit, stop, notional, "",
        )  # fmt: skip

    def replace(
        self,
        client_order_id: str,
        qty: Amount | None = None,
        price: Amount | None = None,
        *,
        time_in_force: TimeInForce | None = None,
        confidence: float = 1.0,
        reason: str = "",
        lifetime_ms: int = 0,
        reduce_only: bool = False,
        post_only: bool = False,
        take_profit: Amount | None = None,
        stop: Amount | None = None,
    ) -> int:
        """Ask for an order in place of one of its own, which execution cancels first; return as `buy` does.

        What is not said is as it was: what the old order has not traded yet, its price and its time in force.
        """
        order = self._client.own_order(self.name, client_order_id)
        if order is None:
            return 0
        traded = self._traded.get(order.instrument_id)
        if traded is None or not order.open:
            self._client.refusal = Reason.INSTRUMENT_NOT_FOUND if traded is None else Reason.ALREADY_TERMINAL
            return 0
        if time_in_force is None and not post_only:
            time_in_force = TimeInForce(order.time_in_force)
        return self._ask(
            traded.info, order.side, order.leaves_qty_lots if qty is None else qty,
            order.price_ticks if price is None else price, time_in_force, confidence, reason,
            lifetime_ms, reduce_only, post_only, take_profit, stop, None, client_order_id,
        )  # fmt: skip

    def cancel(self, client_order_id: str) -> Reason:
        """Ask to cancel one of the strategy's orders; its end shows in `on_order` and `open_orders`.

        Returns:
            NONE if it was asked, NOT_OWN_ORDER or ORDER_NOT_FOUND if not.
        """
        return self._client.cancel(self.name, client_order_id)

    def save(self, state: bytes | msgspec.Struct) -> None:
        """Keep a state over restarts: it is logged now, and handed to `on_restore` of the strategy's next life.

        A Struct is packed as msgpack; `parse_state` reads it again.

        Raises:
            TermsError: If it has more than 65,536 bytes.
        """
        packed = state if isinstance(state, bytes) else msgspec.msgpack.encode(state)
        if len(packed) > STATE_BYTES_MAX:
            raise TermsError(f"{self.name}: a state of {len(packed)} bytes: at most {STATE_BYTES_MAX} are kept")
        self.saved = packed
        self._clock.publish(STATES_STREAM, StrategyState(self.name, packed))

    # What can be known

    def position(self, instrument: InstrumentInfo) -> int:
        """Return the strategy's position in whole lots, rounded towards zero; negative when short."""
        return _whole_lots(self.ledgers[instrument.config.id], instrument.lot_e8)

    def account_position(self, instrument: InstrumentInfo) -> int:
        """Return the account's position, by the orders of all strategies and by hand, as `position` does its own."""
        ledger = self._traded_in(instrument).account.account.ledgers.get(instrument.id)
        return 0 if ledger is None else _whole_lots(ledger, instrument.lot_e8)

    def pnl(self, instrument: InstrumentInfo) -> OwnPnl:
        """Return what the strategy has won and lost in an instrument, marked at the middle of the market."""
        ledger = self.ledgers[instrument.id]
        feed: MarketView = self._traded_in(instrument).feed
        mark_e8: int = feed.mid_e8()
        unrealised = ledger.unrealised_e17(mark_e8 * 10) / (10 * E16) if mark_e8 else float("nan")
        return OwnPnl(ledger.realised_e16 / E16, unrealised, ledger.fees_e16 / E16)

    def balances(self, venue: str = "") -> dict[str, Decimal]:
        """Return balances by asset as execution last compared itself with its venue: of one, or of all it trades at."""
        found: dict[str, Decimal] = {}
        accounts = {each.feed.info.venue.name: each.account for each in self._traded.values()}
        for name, account in accounts.items():
            for asset, value in account.balances.items() if venue in ("", name) else ():
                found[asset] = found.get(asset, Decimal(0)) + Decimal(value)
        return found

    def open_orders(self, instrument: InstrumentInfo) -> list[WorkingOrder]:
        """Return the strategy's orders in an instrument that may still trade, oldest first."""
        account = self._traded_in(instrument).account.account
        return list(account.orders.of(instrument.id, self.name))

    def pending(self, instrument: InstrumentInfo) -> int:
        """Return how many of the strategy's signals have neither been refused nor become an order yet."""
        return self._client.count(self.name, instrument.id)

    def idle(self, instrument: InstrumentInfo) -> bool:
        """Return whether no signal is pending and no order open."""
        instrument_id = instrument.id
        orders: WorkingOrders = self._traded_in(instrument).account.account.orders
        return not self._client.count(self.name, instrument_id) and not orders.count_of(instrument_id, self.name)

    def top(self, instrument: InstrumentInfo) -> tuple[int, int]:
        """Return best bid and ask in ticks, 0 where not known."""
        feed = self._traded_in(instrument).feed
        return feed.bid_ticks(), feed.ask_ticks()

    def quote(self, instrument: InstrumentInfo) -> Quote | None:
        """Return the last quote of the venue, with sizes and times; None if there was none."""
        last = self._quotes[instrument.id]
        return last.quote

    def indicators(self, instrument: InstrumentInfo, bar_ms: int = 0) -> Indicators:
        """Return the strategy's indicators, as of the last closed bar; of the first of its lengths unless one is named."""
        return self._indicators[instrument.id, bar_ms * MS or self._bar_ns]

    def _ask(
        self,
        instrument: InstrumentInfo,
        side: int,
        qty: Any,
        price: Any,
        time_in_force: TimeInForce | None,
        confidence: float,
        reason: str,
        lifetime_ms: int,
        reduce_only: bool,
        post_only: bool,
        take_profit: Any,
        stop: Any,
        notional: Any,
        replaces: str,
    ) -> int:
        traded = self._traded_in(instrument)
        if type(price) is not int:
            price = exact_price(instrument, price, traded.price_step_ticks)
        if notional:
            qty = lots_for(instrument, notional, price, traded.qty_step_lots)
        elif type(qty) is not int:
            qty = exact_qty(instrument, qty, traded.qty_step_lots)
        if traded.qty_step_lots != 1:
            qty -= qty % traded.qty_step_lots
        if traded.price_step_ticks != 1:
            price = _to_step(price, traded.price_step_ticks, side)
        if qty <= 0 or price <= 0 or not self.started:
            self._client.refusal = Reason.RECONCILING if not self.started else Reason.ORDER_QTY_BELOW_MINIMUM
            return 0
        if time_in_force is None:
            how = GTX if post_only else GTC if lifetime_ms else IOC
        else:
            how = GTX if post_only else time_in_force
        extra: Extra | None = None
        if lifetime_ms or reduce_only or take_profit or stop or replaces:
            exits = self._exits(traded, side, price, take_profit, stop) if take_profit or stop else (0, 0)
            if reduce_only and (take_profit or stop):
                raise TermsError(f"{instrument.symbol}: an order that only reduces has no take_profit and no stop")
            extra = (REDUCE_ONLY if reduce_only else 0, lifetime_ms, *exits, replaces)
        signal_id = self._client.ask(self.name, traded, side, qty, price, how, confidence, reason, extra)
        self.signals += signal_id != 0
        return signal_id

    def _exits(
        self, traded: TradedInstrument, side: int, price_ticks: int, take_profit: Amount | None, stop: Amount | None
    ) -> tuple[int, int]:
        """Return the two prices at which execution closes what an order has traded, rounded as orders that close are."""
        step = traded.price_step_ticks
        profit_ticks = exact_price(traded.info, take_profit, step, "take_profit") if take_profit else 0
        stop_ticks = exact_price(traded.info, stop, step, "stop") if stop else 0
        profit_ticks, stop_ticks = _to_step(profit_ticks, step, -side), _to_step(stop_ticks, step, -side)
        check_exits(traded.info, side, price_ticks, profit_ticks, stop_ticks)
        return profit_ticks, stop_ticks

    def _traded_in(self, instrument: InstrumentInfo) -> TradedInstrument:
        """Return the traded of an instrument; a strategy mostly asks about the one that it asked about before."""
        traded = self._traded_before
        if traded is None or traded.info is not instrument:
            traded = self._traded_before = self._traded[instrument.config.id]
        return traded


def _to_step(price_ticks: int, step_ticks: int, side: int) -> int:
    """Return a price in whole steps: down for who buys, up for who sells."""
    return price_ticks - price_ticks % step_ticks if side > 0 else price_ticks + -price_ticks % step_ticks


def _whole_lots(ledger: Ledger, lot_e8: int) -> int:
    net_e8 = ledger.net_qty_e8
    lots = abs(net_e8) // lot_e8
    return lots if net_e8 >= 0 else -lots
