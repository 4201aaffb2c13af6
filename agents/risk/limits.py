"""Limits: the checks that an order must pass, each a comparison of exact integers with the figures that it compared.

A check returns None, or a Denial that names both sides of the comparison: money and quantities as decimal strings, prices
in ticks. Limits are taken from their decimal strings once; "0" money means no limit. Fractions (collar, drawdown) are
held in parts per billion, so nothing is rounded when they are compared.

What only reduces a position passes the limits on exposure, loss and correlation: those limits must never keep anyone
from getting out.

This file is compiled (`limits.pxd` has the C types): numbers are read and compared in C, in 128 bits where 64 might not
hold a product, and what a denial tells is worked out only when there is one.
"""

from typing import NamedTuple

from agents.instruments import InstrumentInfo, setting_e8
from agents.state.account import PositionRange
from agents.state.market_view import Figures
from agents.state.message_fields import EQUITY, SIGNAL
from agents.state.positions import text_e8
from agents.state.saturating import times, wide
from agents.state.working_orders import WorkingOrder
from schemas.config import LimitsConfig
from schemas.errors import ConfigError
from schemas.messages import E8, Equity, Instrument, Signal
from schemas.orders import Reason, Side, TimeInForce
from schemas.units import MS

PPB = 1_000_000_000
PRICE_TICKS_MAX = 2**53
COUNT_MAX = 2**62
BUY, SELL = int(Side.BUY), int(Side.SELL)
TIMES_IN_FORCE = frozenset(int(value) for value in TimeInForce)


class Denial(NamedTuple):
    """Why an order may not be sent, and the figures that were compared."""

    reason: Reason
    figures: Figures


class Limits:
    """The limits of the configuration as integers; `_e8` is times 10**8, `_ppb` parts per billion."""

    def __init__(
        self,
        *,
        order_qty_max_e8: int,
        order_notional_max_e8: int,
        position_max_e8: int,
        short_allowed: bool,
        open_orders_max: int,
        exposure_gross_max_e8: int,
        exposure_net_max_e8: int,
        price_collar_ppb: int,
        daily_loss_max_e8: int,
        drawdown_max_ppb: int,
        correlation_max: float,
        market_data_age_ns_max: int,
        unknown_orders_max: int,
    ) -> None:
        """Take them; unchangeable from then on."""
        self.order_qty_max_e8 = order_qty_max_e8
        self.order_notional_max_e8 = order_notional_max_e8
        self.position_max_e8 = position_max_e8
        self.short_allowed = short_allowed
        self.open_orders_max = open_orders_max
        self.exposure_gross_max_e8 = exposure_gross_max_e8
        self.exposure_net_max_e8 = exposure_net_max_e8
        self.price_collar_ppb = price_collar_ppb
        self.daily_loss_max_e8 = daily_loss_max_e8
        self.drawdown_max_ppb = drawdown_max_ppb
        self.correlation_max = correlation_max
        self.market_data_age_ns_max = market_data_age_ns_max
        self.unknown_orders_max = unknown_orders_max


class Filters:
    """What the venue takes in one instrument."""

    def __init__(
        self,
        min_qty_lots: int,
        max_qty_lots: int,
        min_notional_e8: int,
        qty_step_lots: int = 1,
        price_step_ticks: int = 1,
        fault: str = "",
    ) -> None:
        """Take what the venue states; `fault` is why nothing can be ordered, empty if it can."""
        self.min_qty_lots = min_qty_lots
        self.max_qty_lots = max_qty_lots
        self.min_notional_e8 = min_notional_e8
        self.qty_step_lots = qty_step_lots
        self.price_step_ticks = price_step_ticks
        self.fault = fault


EXPOSURE_MAX_E8 = (wide(1 << 200) + E8 - 1) // E8
"""No exposure is told to be larger."""


def parse_limits(config: LimitsConfig, key: str) -> Limits:
    """Return the limits as integers.

    Raises:
        ConfigError: If a decimal string has more than eight decimals or a number is over 2**62, naming it.
    """
    return Limits(
        order_qty_max_e8=setting_e8(config.order_qty_max, f"{key}.order_qty_max"),
        order_notional_max_e8=setting_e8(config.order_notional_max, f"{key}.order_notional_max"),
        position_max_e8=setting_e8(config.position_max, f"{key}.position_max"),
        short_allowed=config.short_allowed,
        open_orders_max=_count(config.open_orders_max, f"{key}.open_orders_max"),
        exposure_gross_max_e8=setting_e8(config.exposure_gross_max, f"{key}.exposure_gross_max"),
        exposure_net_max_e8=setting_e8(config.exposure_net_max, f"{key}.exposure_net_max"),
        price_collar_ppb=round(config.price_collar * PPB),
        daily_loss_max_e8=setting_e8(config.daily_loss_max, f"{key}.daily_loss_max"),
        drawdown_max_ppb=round(config.drawdown_max * PPB),
        correlation_max=config.correlation_max,
        market_data_age_ns_max=_count(config.market_data_age_max_ms * MS, f"{key}.market_data_age_max_ms"),
        unknown_orders_max=_count(config.unknown_orders_max, f"{key}.unknown_orders_max"),
    )


def _count(value: int, key: str) -> int:
    if value > COUNT_MAX:
        raise ConfigError(f"{key}: over 2**62 (found: {value})")
    return value


def filters_of(info: InstrumentInfo, stated: Instrument | None) -> Filters:
    """Return the venue's filters: as its market data states them, at least what the configuration says."""
    if stated is None:
        return Filters(1, COUNT_MAX, info.min_notional_e8)
    return Filters(
        max(1, stated.min_qty_lots),
        stated.max_qty_lots,
        max(info.min_notional_e8, stated.min_notional_e8),
        stated.qty_step_lots,
        stated.price_step_ticks,
        stated.fault,
    )


def check_form(signal: Signal) -> Denial | None:
    """Deny what is not an order at all: side, time in force, price."""
    side = SIGNAL.side.int_of(signal)
    price_ticks = SIGNAL.price_ticks.int_of(signal)
    if side not in (BUY, SELL):
        return Denial(Reason.INVALID_SIDE, {"side": signal.side, "sides_allowed": "1 -1"})
    if SIGNAL.time_in_force.of(signal) not in TIMES_IN_FORCE:
        allowed = " ".join([str(int(value)) for value in TimeInForce])
        return Denial(
            Reason.UNSUPPORTED_TIME_IN_FORCE,
            {"time_in_force": signal.time_in_force, "times_in_force_allowed": allowed},
        )
    if not 0 < price_ticks <= PRICE_TICKS_MAX:
        figures: Figures = {
            "price_ticks": price_ticks,
            "price_ticks_min": 1,
            "price_ticks_max": PRICE_TICKS_MAX,
        }
        return Denial(Reason.INVALID_PRICE, figures)
    return None


def check_size(limits: Limits, info: InstrumentInfo, filters: Filters, signal: Signal) -> Denial | None:
    """Deny an order that the venue does not take by its size or its steps, or that is too large by quantity or notional."""
    if filters.fault:
        return Denial(Reason.INSTRUMENT_NOT_USABLE, {"instrument_id": info.id, "fault": filters.fault})
    qty_lots, lot_e8 = SIGNAL.qty_lots.int_of(signal), info.lot_e8
    qty_e8 = qty_lots * lot_e8
    qty_e8_max = min(limits.order_qty_max_e8, filters.max_qty_lots * lot_e8)
    if qty_lots < filters.min_qty_lots:
        least = text_e8(info.qty_e8(filters.min_qty_lots))
        return Denial(Reason.ORDER_QTY_BELOW_MINIMUM, {"order_qty": text_e8(qty_e8), "order_qty_min": least})
    if qty_e8 > qty_e8_max:
        most = text_e8(qty_e8_max)
        return Denial(Reason.ORDER_QTY_ABOVE_MAXIMUM, {"order_qty": text_e8(qty_e8), "order_qty_max": most})
    if qty_lots % filters.qty_step_lots:
        step = text_e8(info.qty_e8(filters.qty_step_lots))
        return Denial(Reason.ORDER_QTY_NOT_A_MULTIPLE, {"order_qty": text_e8(qty_e8), "order_qty_step": step})
    price_ticks = SIGNAL.price_ticks.int_of(signal)
    if price_ticks % filters.price_step_ticks:
        steps: Figures = {"price_ticks": price_ticks, "price_step_ticks": filters.price_step_ticks}
        return Denial(Reason.INVALID_PRICE, steps)
    return _check_notional(limits, filters, price_ticks * info.tick_e8, qty_e8)


def _check_notional(limits: Limits, filters: Filters, px_e8: int, qty_e8: int) -> Denial | None:
    notional_e8, notional_max_e8 = times(px_e8, qty_e8) // E8, limits.order_notional_max_e8
    if notional_e8 < filters.min_notional_e8:
        figures: Figures = {
            "order_notional": _notional(px_e8, qty_e8),
            "order_notional_min": text_e8(filters.min_notional_e8),
        }
        return Denial(Reason.NOTIONAL_BELOW_MINIMUM, figures)
    if notional_max_e8 > 0 and notional_e8 > notional_max_e8:
        figures = {"order_notional": _notional(px_e8, qty_e8), "order_notional_max": text_e8(notional_max_e8)}
        return Denial(Reason.NOTIONAL_ABOVE_MAXIMUM, figures)
    return None


def _notional(px_e8: int, qty_e8: int) -> str:
    # Whole numbers of any size: this product may exceed 128 bits.
    return text_e8(px_e8 * qty_e8 // E8)


def check_collar(limits: Limits, price_ticks: int, bid_ticks: int, ask_ticks: int, last_ticks: int) -> Denial | None:
    """Deny a price that is further than the collar from the middle of the market, or from the last trade if known."""
    if _is_away(limits, price_ticks, bid_ticks + ask_ticks):
        return _collared(limits, "mid", price_ticks, bid_ticks + ask_ticks)
    if _is_away(limits, price_ticks, 2 * last_ticks):
        return _collared(limits, "last", price_ticks, 2 * last_ticks)
    return None


def _is_away(limits: Limits, price_ticks: int, twice_ticks: int) -> bool:
    collar, away = limits.price_collar_ppb * twice_ticks, (2 * price_ticks - twice_ticks) * PPB
    return twice_ticks != 0 and (away > collar or -away > collar)


def _collared(limits: Limits, name: str, price_ticks: int, twice_ticks: int) -> Denial:
    figures: Figures = {
        "price_ticks": price_ticks,
        f"{name}_ticks": twice_ticks / 2,
        "away": abs(2 * price_ticks - twice_ticks) / twice_ticks,
        "price_collar": _fraction(limits.price_collar_ppb),
    }
    return Denial(Reason.PRICE_COLLAR, figures)


def check_self_trade(signal: Signal, order: WorkingOrder) -> Denial | None:
    """Deny an order that would meet an own open order on the other side."""
    side = SIGNAL.side.int_of(signal)
    opposite = order.open and order.side == -side
    if not opposite or (SIGNAL.price_ticks.int_of(signal) - order.price_ticks) * side < 0:
        return None
    figures: Figures = {
        "price_ticks": signal.price_ticks,
        "own_price_ticks": order.price_ticks,
        "own_client_order_id": order.client_order_id,
    }
    return Denial(Reason.SELF_TRADE, figures)


def check_position(limits: Limits, reach: PositionRange, side: int, qty_e8: int) -> Denial | None:
    """Deny an order with which the position could go over its maximum, or short where that is not allowed."""
    could_be_e8 = reach.long_e8 + qty_e8 if side == BUY else qty_e8 - reach.short_e8
    if side == SELL and could_be_e8 > 0 and not limits.short_allowed:
        figures: Figures = {
            "position": text_e8(reach.net_qty_e8),
            "open_sells": text_e8(reach.sells_e8),
            "order_qty": text_e8(qty_e8),
            "order_qty_max": text_e8(max(0, reach.short_e8)),
        }
        return Denial(Reason.SHORT_NOT_ALLOWED, figures)
    if could_be_e8 > limits.position_max_e8:
        figures = {
            "position": text_e8(reach.net_qty_e8),
            "open_orders": text_e8(reach.buys_e8 if side == BUY else reach.sells_e8),
            "order_qty": text_e8(qty_e8),
            "position_reached": text_e8(could_be_e8),
            "position_max": text_e8(limits.position_max_e8),
        }
        return Denial(Reason.MAX_POSITION, figures)
    return None


def reduces(reach: PositionRange, side: int, qty_e8: int) -> bool:
    """Return whether an order can only bring the position nearer to zero, whatever else fills."""
    if side == SELL:
        return reach.short_e8 - qty_e8 >= 0
    return reach.long_e8 + qty_e8 <= 0


def check_equity(limits: Limits, equity: Equity) -> Denial | None:
    """Deny when the day's loss or the fall from the highest equity has reached its maximum."""
    now_e8, peak_e8 = EQUITY.equity_e8.int_of(equity), EQUITY.peak_equity_e8.int_of(equity)
    loss_max_e8, fall_max_ppb = limits.daily_loss_max_e8, limits.drawdown_max_ppb
    loss_e8 = EQUITY.day_start_equity_e8.int_of(equity) - now_e8
    if 0 < loss_max_e8 <= loss_e8:
        figures: Figures = {"daily_loss": text_e8(loss_e8), "daily_loss_max": text_e8(loss_max_e8)}
        return Denial(Reason.DAILY_LOSS, figures)
    if fall_max_ppb < PPB and (peak_e8 - now_e8) * PPB >= fall_max_ppb * peak_e8:
        return _fallen(limits, equity.equity_e8, equity.peak_equity_e8)
    return None


def _fallen(limits: Limits, equity_e8: int, peak_e8: int) -> Denial:
    figures: Figures = {
        "equity": text_e8(equity_e8),
        "equity_peak": text_e8(peak_e8),
        "drawdown": (peak_e8 - equity_e8) / peak_e8 if peak_e8 else 1.0,
        "drawdown_max": _fraction(limits.drawdown_max_ppb),
    }
    return Denial(Reason.DRAWDOWN, figures)


def _fraction(ppb: int) -> float:
    # A Python number: integers of C divide to an integer.
    return ppb / PPB


def exposure_e8(qty_e8: int, mark_px_e8: int) -> int:
    """Return the value of a quantity at a price with the quantity's sign, rounded away from zero.

    At most `EXPOSURE_MAX_E8`: what is there is not known any more.
    """
    if qty_e8 < 0:
        return -exposure_e8(-qty_e8, mark_px_e8)
    return (times(qty_e8, mark_px_e8) + E8 - 1) // E8


def is_beyond(exposure_e8: int) -> bool:
    """Return whether an exposure that is not negative is so large that it is not known."""
    return exposure_e8 >= EXPOSURE_MAX_E8
