"""The judgement on one signal: every limit in turn, what is cheap and fundamental first.

The first check that fails is the answer. The rate limit comes last, so that only an order that passes takes a token.

There are two ways through. What could open or add to a position, whatever else fills, meets every limit. What can only
bring it nearer to zero (all that is on its way, UNKNOWN or canceled with fills to come counted as if it traded) is let out:
it must be an order that the venue takes, not meet an own order, and not be priced far through the market as it was last
known; no limit on exposure, loss, count, age, rate, correlation or UNKNOWN orders holds it, and it takes no token. It is
refused while execution is not reachable or has not agreed with the venue: then the position is not known, and nothing can
be told to reduce it. The largest quantity and value of an order hold for it too: it can be done in several. So does what
the desk may be exposed to, where closing here leaves bare what hedges it elsewhere (`agents.risk.desk_exposure`).

Every limit is that of the account that the instrument is traded on; those of the desk hold beside them.
"""

from collections.abc import Mapping

from agents.instruments import InstrumentInfo
from agents.risk.correlations import Correlations
from agents.risk.desk import Desk
from agents.risk.desk_exposure import DeskExposures
from agents.risk.exposure import Exposures
from agents.risk.filters import (
    check_band,
    check_bracket,
    check_form,
    check_position_max,
    check_size,
)
from agents.risk.judged_account import JudgedAccount
from agents.risk.judged_market import JudgedMarket
from agents.risk.limits import (
    Denial,
    check_collar,
    check_equity,
    check_position,
    check_self_trade,
    collared,
    is_through,
    reduces,
)
from agents.risk.modes import Modes
from agents.risk.strategy_limits import StrategyLimits
from agents.state.account import PositionRange
from agents.state.market_view import Figures, MarketView
from agents.state.message_fields import SIGNAL
from agents.state.positions import text_e8
from agents.state.trading_states import HALTED
from agents.state.venue_filters import filters_of
from mesh.context import Context
from schemas.messages import Instrument, Signal, TradingState
from schemas.orders import ExecInst, Reason, Side

BUY = int(Side.BUY)
REDUCE_ONLY = int(ExecInst.REDUCE_ONLY)
ASKED_BY_STRATEGY = REDUCE_ONLY
NOTHING: list[int] = []
ASKED_BY_RISK = int(ExecInst.REDUCE_ONLY | ExecInst.CLOSE)


class PreTradeChecks:
    """Decides whether a signal may become an order; knows the markets and every account of the desk.

    `infos` are all instruments, of which those of `feeds` can be traded; `modes` are the trading modes that are set.
    """

    def __init__(
        self,
        desk: Desk,
        feeds: Mapping[int, MarketView],
        infos: Mapping[int, InstrumentInfo],
        modes: Modes,
        strategy_limits: StrategyLimits,
        correlation_half_life_ms: int,
    ) -> None:
        """Start without market data."""
        accounts = {number: desk.of_instrument(number) for number in infos}
        traded = {number: account for number, account in accounts.items() if account is not None}
        self.markets = {number: JudgedMarket(feed, traded[number]) for number, feed in feeds.items()}
        self.correlations = Correlations(list(feeds), correlation_half_life_ms)
        self.exposures = Exposures(self.markets, self.correlations)
        self.desk_exposures = DeskExposures(desk.limits, desk.accounts, self.exposures, self.correlations)
        for number, account in traded.items():
            self.desk_exposures.add(infos[number], account, self.markets.get(number))
        self._accounts = list(desk.accounts)
        self._desk_equity = desk.equity
        self._desk_limits = desk.limits
        self._modes = modes
        self._strategy_limits = strategy_limits
        self._by_strategy = bool(strategy_limits)

    def set_filters(self, instrument: Instrument) -> None:
        """Take the venue's filters of an instrument."""
        market = self.markets.get(instrument.instrument_id)
        if market is not None:
            market.filters = filters_of(market.feed.info, instrument)

    def judge(self, ctx: Context, signal: Signal, closing: bool = False) -> Denial | None:
        """Return why the signal may not become an order now, None if it may; takes a token if it may open a position.

        `closing` is what risk itself asks for, on an operator's word; it passes while trading is halted, and only reduces.
        """
        instrument_id = SIGNAL.instrument_id.of(signal)
        mode: TradingState | None = None
        if self._modes.any:
            mode = self._strictest(signal, instrument_id)
            if mode is not None and mode.mode == HALTED and not closing:
                return Denial(Reason.HALTED, {"mode": "HALTED", "reason": mode.text})
        market = self.markets.get(instrument_id)
        if market is None:
            known = " ".join([str(number) for number in self.markets])
            return Denial(Reason.INSTRUMENT_NOT_FOUND, {"instrument_id": instrument_id, "instrument_ids": known})
        feed, own = market.feed, market.account
        denial = check_form(signal, ASKED_BY_RISK if closing else ASKED_BY_STRATEGY) or check_size(
            own.limits, feed.info, market.filters, signal
        )
        if denial is not None:
            return denial
        if SIGNAL.take_profit_ticks.int_of(signal) or SIGNAL.stop_ticks.int_of(signal):
            denial = check_bracket(market.filters, signal)
            if denial is not None:
                return denial
        # The size was checked, so these fit.
        side, qty_e8 = SIGNAL.side.int_of(signal), SIGNAL.qty_lots.int_of(signal) * feed.lot_e8
        reach = own.account.reach(instrument_id)
        reducing = reduces(reach, side, qty_e8)
        denial = own.fault(ctx) or self._check_own_orders(signal, market, reducing)
        if denial is not None:
            return denial
        if reducing:
            denial = self._check_closing_price(signal, market, side)
            if denial is None and self.desk_exposures.bounded and not closing:
                return self.desk_exposures.check(ctx, signal, market, True)
            return denial
        if SIGNAL.exec_inst.int_of(signal) & REDUCE_ONLY:
            return _does_not_reduce(reach, side, qty_e8)
        if mode is not None:
            return _only_reducing(mode)
        return (
            self._check_counts(signal, own)
            or self._check_market(ctx, signal, market)
            or check_position(own.limits, reach, side, qty_e8)
            or self._check_more_risk(ctx, signal, market, reach, side, qty_e8)
            or self._check_rate(ctx, own)
        )

    def is_well(self, ctx: Context) -> bool:
        """Return whether every account, equity and market is known and within what sets a trading mode."""
        for own in self._accounts:
            if own.equity.equity is not None and check_equity(own.limits, own.equity.equity) is not None:
                return False
            if own.reconciling(ctx) is not None or own.equity.fault(ctx, own.limits) is not None:
                return False
        if self._desk_limits.bounded and self._check_desk_equity(ctx) is not None:
            return False
        for market in self.markets.values():
            feed, own = market.feed, market.account
            if feed.fault(ctx, own.limits.market_data_age_ns_max) is not None and not self.is_out_of_use(market):
                return False
        return True

    def is_out_of_use(self, market: JudgedMarket) -> bool:
        """Return whether an instrument was never heard of, and no order of it is out."""
        feed = market.feed
        if feed.trades.epoch or feed.books.epoch or feed.quotes.epoch:
            return False
        return feed.info.id not in market.account.account.orders.instruments()

    def _strictest(self, signal: Signal, instrument_id: int) -> TradingState | None:
        """Return the strictest mode for a signal; one in no instrument that is traded here is of no account."""
        market = self.markets.get(instrument_id)
        venue_id = 0 if market is None else market.account.venue_id
        return self._modes.strictest(venue_id, SIGNAL.strategy.of(signal), instrument_id)

    def _check_counts(self, signal: Signal, own: JudgedAccount) -> Denial | None:
        orders, limits = own.account.orders, own.limits
        unknown = orders.count_unknown
        if unknown > limits.unknown_orders_max:
            figures: Figures = {"unknown_orders": unknown, "unknown_orders_max": limits.unknown_orders_max}
            return Denial(Reason.UNKNOWN_ORDERS_OUTSTANDING, figures)
        count = orders.count_open
        if count >= limits.open_orders_max:
            # What it takes the place of is canceled before it is sent.
            replaced = orders.get(SIGNAL.replaces.of(signal))
            count -= replaced is not None and replaced.open
        if count >= limits.open_orders_max:
            figures = {"open_orders": count, "open_orders_max": limits.open_orders_max}
            return Denial(Reason.MAX_OPEN_ORDERS, figures)
        return None

    def _check_market(self, ctx: Context, signal: Signal, market: JudgedMarket) -> Denial | None:
        feed, limits = market.feed, market.account.limits
        fault = feed.fault(ctx, limits.market_data_age_ns_max)
        if fault is not None:
            return Denial(*fault)
        side, price_ticks = SIGNAL.side.int_of(signal), SIGNAL.price_ticks.int_of(signal)
        if market.filters.banded and (denial := check_band(market.filters, feed, side, price_ticks)) is not None:
            return denial
        last_ticks = feed.last_px_ticks if feed.trades.healthy else 0
        return check_collar(limits, side, price_ticks, feed.bid_ticks(), feed.ask_ticks(), last_ticks)

    def _check_closing_price(self, signal: Signal, market: JudgedMarket, side: int) -> Denial | None:
        """Deny a price that is further through what it would meet than the collar, as that was last known."""
        feed, filters, limits = market.feed, market.filters, market.account.limits
        price_ticks = SIGNAL.price_ticks.int_of(signal)
        if filters.banded and (denial := check_band(filters, feed, side, price_ticks)) is not None:
            return denial
        best_ticks = self.opposite_ticks(market, side)
        if best_ticks == 0:
            return Denial(Reason.STALE_MARKET_DATA, {"market_seen": 0})
        if is_through(limits, side, price_ticks, 2 * best_ticks):
            return collared(limits, "ask" if side == BUY else "bid", price_ticks, 2 * best_ticks)
        return None

    def opposite_ticks(self, market: JudgedMarket, side: int) -> int:
        """Return the best price that an order would meet as it was last known, else the last trade's, else our last fill's.

        0 if no price was ever known.
        """
        feed = market.feed
        best_ticks = feed.ask_ticks() if side == BUY else feed.bid_ticks()
        if best_ticks:
            return best_ticks
        ledger = market.account.account.ledgers.get(feed.info.id)
        own = 0 if ledger is None else ledger.last_px_e8 // feed.info.tick_e8
        return feed.last_px_ticks or own

    def _check_own_orders(self, signal: Signal, market: JudgedMarket, reducing: bool) -> Denial | None:
        # What is UNKNOWN may rest nowhere, so it stands in no close's way; where it does rest, the venue prevents a trade.
        replaces, instrument_id, most = SIGNAL.replaces.of(signal), market.feed.info.id, market.filters.max_open_orders
        if replaces and (denial := _check_replaced(signal, market.account, replaces)) is not None:
            return denial
        count = 0
        order = market.account.account.orders.binding.oldest
        while order is not None:
            if order.instrument_id == instrument_id and order.client_order_id != replaces:
                denial = None if reducing and order.unknown else check_self_trade(signal, order)
                if denial is not None:
                    return denial
                count += order.open
            order = order.newer
        if most and count >= most:
            return Denial(Reason.MAX_OPEN_ORDERS, {"open_orders": count, "venue_open_orders_max": most})
        return None

    def _check_more_risk(
        self, ctx: Context, signal: Signal, market: JudgedMarket, reach: PositionRange, side: int, qty_e8: int
    ) -> Denial | None:
        # Mostly there is nothing anywhere else, and then nothing else to look at.
        instrument_id = SIGNAL.instrument_id.of(signal)
        own = market.account
        alone = own.account.is_alone(instrument_id)
        denial = self._check_account(signal, market, reach, side, qty_e8, alone)
        if denial is not None:
            return denial
        others = NOTHING if alone else self.exposures.others(own.account, instrument_id)
        denial = (
            self.exposures.check(ctx, signal, market, reach, others)
            or own.equity.fault(ctx, own.limits)
            or (None if own.equity.equity is None else check_equity(own.limits, own.equity.equity))
            or (self.exposures.check_correlation(ctx, signal, own, others) if others else None)
        )
        if denial is None and self._desk_limits.bounded:
            denial = self._check_desk_equity(ctx)
        if denial is None and self.desk_exposures.bounded:
            denial = self.desk_exposures.check(ctx, signal, market, False)
        return denial

    def _check_desk_equity(self, ctx: Context) -> Denial | None:
        equity = self._desk_equity.equity
        fault = self._desk_equity.fault(ctx, self._desk_limits)
        return fault if fault is not None or equity is None else check_equity(self._desk_limits, equity)

    def _check_account(
        self, signal: Signal, market: JudgedMarket, reach: PositionRange, side: int, qty_e8: int, alone: bool
    ) -> Denial | None:
        """Deny what the venue does not let the account hold, its strategy may not have, or it cannot pay for."""
        info = market.feed.info
        if side == BUY and (denial := check_position_max(market.filters, info, reach, qty_e8)) is not None:
            return denial
        if (
            self._by_strategy
            and (denial := self._strategy_limits.check(signal, info, market.account.account)) is not None
        ):
            return denial
        price_ticks = SIGNAL.price_ticks.int_of(signal)
        if market.on_margin:
            mid_e8 = market.feed.mid_e8()
            return market.account.margin_power.check(info, reach, side, price_ticks, qty_e8, mid_e8)
        own = market.account
        denial = own.buying_power.check(info, market.base, market.quote, side, price_ticks, qty_e8, alone)
        if denial is None and side == BUY and own.margin_power.margin is not None:
            denial = own.margin_power.check_spent(info, price_ticks, qty_e8)
        return denial

    def _check_rate(self, ctx: Context, own: JudgedAccount) -> Denial | None:
        if own.bucket.take(ctx.now_ns):
            return None
        figures: Figures = {
            "orders_available": own.bucket.level(ctx.now_ns),
            "orders_needed": 1,
            "orders_per_second_max": own.config.orders_per_second_max,
            "orders_burst_max": own.config.orders_burst_max,
        }
        return Denial(Reason.ORDER_RATE, figures)


def _check_replaced(signal: Signal, own: JudgedAccount, replaces: str) -> Denial | None:
    order = own.account.orders.get(replaces)
    if order is None or order.strategy == signal.strategy:
        return None
    figures: Figures = {"replaces": replaces, "strategy": signal.strategy, "its_strategy": order.strategy}
    return Denial(Reason.NOT_OWN_ORDER, figures)


def _only_reducing(state: TradingState) -> Denial:
    """Return the denial of what opens: by what set the mode, if that was not an operator."""
    by = Reason(state.reason) if state.reason in Reason._value2member_map_ else Reason.NONE
    return Denial(by or Reason.TRADING_REDUCING, {"mode": "REDUCING", "reason": state.text})


def _does_not_reduce(reach: PositionRange, side: int, qty_e8: int) -> Denial:
    """Return the denial of an order that was to reduce only, with what would have."""
    buys = side == BUY
    figures: Figures = {
        "position": text_e8(reach.net_qty_e8),
        "open_orders": text_e8(reach.buys_e8 if buys else reach.sells_e8),
        "order_qty": text_e8(qty_e8),
        "order_qty_max": text_e8(max(0, -reach.long_e8 if buys else reach.short_e8)),
    }
    return Denial(Reason.DOES_NOT_REDUCE, figures)
