"""Limits: the checks that an order must pass, each a comparison of exact integers with the figures that it compared.

A check returns None, or a Denial that names both sides of the comparison: money and quantities as decimal strings, prices
in ticks. Limits are taken from their decimal strings once; "0" money means no limit. Fractions (collar, drawdown) are
held in parts per billion, so nothing is rounded when they are compared.

What only reduces a position passes the limits on exposure, loss and correlation: those limits must never keep anyone
from getting out.
"""

from typing import NamedTuple

import msgspec

from agents.account import Reach
from agents.common import InstrumentInfo, setting_e8
from agents.feed import Figures
from agents.positions import text_e8
from agents.working import WorkingOrder
from schemas.config import LimitsConfig
from schemas.messages import E8, Equity, Instrument, Signal
from schemas.orders import Reason, Side, TimeInForce

MS = 1_000_000
PPB = 1_000_000_000
PRICE_TICKS_MAX = 2**53
SIDES = frozenset(int(side) for side in Side)
BUY, SELL = int(Side.BUY), int(Side.SELL)
TIMES_IN_FORCE = frozenset(int(value) for value in TimeInForce)


class Denial(NamedTuple):
    """Why an order may not be sent, and the figures that were compared."""

    reason: Reason
    figures: Figures


class Limits(msgspec.Struct, frozen=True):
    """The limits of the configuration as integers; `_e8` is times 10**8, `_ppb` parts per billion."""

    order_qty_max_e8: int
    order_notional_max_e8: int
    position_max_e8: int
    short_allowed: bool
    open_orders_max: int
    exposure_gross_max_e8: int
    exposure_net_max_e8: int
    price_collar_ppb: int
    daily_loss_max_e8: int
    drawdown_max_ppb: int
    correlation_max: float
    market_data_age_ns_max: int
    unknown_orders_max: int


class Filters(msgspec.Struct, frozen=True):
    """What the venue takes in one instrument."""

    min_qty_lots: int
    max_qty_lots: int
    min_notional_e8: int
    qty_step_lots: int = 1
    price_step_ticks: int = 1
    fault: str = ""
    """Why nothing can be ordered, empty if it can."""


def parse_limits(config: LimitsConfig, key: str) -> Limits:
    """Return the limits as integers.

    Raises:
        ConfigError: If a decimal string has more than eight decimals, naming it.
    """
    return Limits(
        order_qty_max_e8=setting_e8(config.order_qty_max, f"{key}.order_qty_max"),
        order_notional_max_e8=setting_e8(config.order_notional_max, f"{key}.order_notional_max"),
        position_max_e8=setting_e8(config.position_max, f"{key}.position_max"),
        short_allowed=config.short_allowed,
        open_orders_max=config.open_orders_max,
        exposure_gross_max_e8=setting_e8(config.exposure_gross_max, f"{key}.exposure_gross_max"),
        exposure_net_max_e8=setting_e8(config.exposure_net_max, f"{key}.exposure_net_max"),
        price_collar_ppb=round(config.price_collar * PPB),
        daily_loss_max_e8=setting_e8(config.daily_loss_max, f"{key}.daily_loss_max"),
        drawdown_max_ppb=round(config.drawdown_max * PPB),
        correlation_max=config.correlation_max,
        market_data_age_ns_max=config.market_data_age_max_ms * MS,
        unknown_orders_max=config.unknown_orders_max,
    )


def filters_of(info: InstrumentInfo, stated: Instrument | None) -> Filters:
    """Return the venue's filters: as its market data states them, at least what the configuration says."""
    if stated is None:
        return Filters(1, 2**62, info.min_notional_e8)
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
    if signal.side not in SIDES:
        return Denial(Reason.INVALID_SIDE, {"side": signal.side, "sides_allowed": "1 -1"})
    if signal.time_in_force not in TIMES_IN_FORCE:
        allowed = " ".join([str(int(value)) for value in TimeInForce])
        return Denial(
            Reason.UNSUPPORTED_TIME_IN_FORCE,
            {"time_in_force": signal.time_in_force, "times_in_force_allowed": allowed},
        )
    if not 0 < signal.price_ticks <= PRICE_TICKS_MAX:
        figures: Figures = {
            "price_ticks": signal.price_ticks,
            "price_ticks_min": 1,
            "price_ticks_max": PRICE_TICKS_MAX,
        }
        return Denial(Reason.INVALID_PRICE, figures)
    return None


def check_size(limits: Limits, info: InstrumentInfo, filters: Filters, signal: Signal) -> Denial | None:
    """Deny an order that the venue does not take by its size or its steps, or that is too large by quantity or notional."""
    if filters.fault:
        return Denial(Reason.INSTRUMENT_NOT_USABLE, {"instrument_id": info.id, "fault": filters.fault})
    qty_e8 = info.qty_e8(signal.qty_lots)
    qty_e8_max = min(limits.order_qty_max_e8, info.qty_e8(filters.max_qty_lots))
    notional_e8 = info.notional_e8(signal.price_ticks, signal.qty_lots)
    if signal.qty_lots < filters.min_qty_lots:
        least = text_e8(info.qty_e8(filters.min_qty_lots))
        return Denial(Reason.ORDER_QTY_BELOW_MINIMUM, {"order_qty": text_e8(qty_e8), "order_qty_min": least})
    if qty_e8 > qty_e8_max:
        most = text_e8(qty_e8_max)
        return Denial(Reason.ORDER_QTY_ABOVE_MAXIMUM, {"order_qty": text_e8(qty_e8), "order_qty_max": most})
    if signal.qty_lots % filters.qty_step_lots:
        step = text_e8(info.qty_e8(filters.qty_step_lots))
        return Denial(Reason.ORDER_QTY_NOT_A_MULTIPLE, {"order_qty": text_e8(qty_e8), "order_qty_step": step})
    if signal.price_ticks % filters.price_step_ticks:
        steps: Figures = {"price_ticks": signal.price_ticks, "price_step_ticks": filters.price_step_ticks}
        return Denial(Reason.INVALID_PRICE, steps)
    if notional_e8 < filters.min_notional_e8:
        figures: Figures = {
            "order_notional": text_e8(notional_e8),
            "order_notional_min": text_e8(filters.min_notional_e8),
        }
        return Denial(Reason.NOTIONAL_BELOW_MINIMUM, figures)
    if 0 < limits.order_notional_max_e8 < notional_e8:
        figures = {
            "order_notional": text_e8(notional_e8),
            "order_notional_max": text_e8(limits.order_notional_max_e8),
        }
        return Denial(Reason.NOTIONAL_ABOVE_MAXIMUM, figures)
    return None


def check_collar(limits: Limits, price_ticks: int, bid_ticks: int, ask_ticks: int, last_ticks: int) -> Denial | None:
    """Deny a price that is further than the collar from the middle of the market, or from the last trade if known."""
    for name, twice_ticks in (("mid", bid_ticks + ask_ticks), ("last", 2 * last_ticks)):
        away = abs(2 * price_ticks - twice_ticks)
        if twice_ticks and away * PPB > limits.price_collar_ppb * twice_ticks:
            figures: Figures = {
                "price_ticks": price_ticks,
                f"{name}_ticks": twice_ticks / 2,
                "away": away / twice_ticks,
                "price_collar": limits.price_collar_ppb / PPB,
            }
            return Denial(Reason.PRICE_COLLAR, figures)
    return None


def check_self_trade(signal: Signal, order: WorkingOrder) -> Denial | None:
    """Deny an order that would meet an own open order on the other side."""
    opposite = order.open and order.side == -signal.side
    if not opposite or (signal.price_ticks - order.price_ticks) * signal.side < 0:
        return None
    figures: Figures = {
        "price_ticks": signal.price_ticks,
        "own_price_ticks": order.price_ticks,
        "own_client_order_id": order.client_order_id,
    }
    return Denial(Reason.SELF_TRADE, figures)


def check_position(limits: Limits, reach: Reach, side: int, qty_e8: int) -> Denial | None:
    """Deny an order with which the position could go over its maximum, or short where that is not allowed."""
    after = reach.with_order(side, qty_e8)
    if side == SELL and not limits.short_allowed and after.short_e8 < 0:
        figures: Figures = {
            "position": text_e8(reach.net_qty_e8),
            "open_sells": text_e8(reach.sells_e8),
            "order_qty": text_e8(qty_e8),
            "order_qty_max": text_e8(max(0, reach.short_e8)),
        }
        return Denial(Reason.SHORT_NOT_ALLOWED, figures)
    could_be_e8 = after.long_e8 if side == BUY else -after.short_e8
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


def reduces(reach: Reach, side: int, qty_e8: int) -> bool:
    """Return whether an order can only bring the position nearer to zero, whatever else fills."""
    if side == SELL:
        return reach.short_e8 - qty_e8 >= 0
    return reach.long_e8 + qty_e8 <= 0


def check_equity(limits: Limits, equity: Equity) -> Denial | None:
    """Deny when the day's loss or the fall from the highest equity has reached its maximum."""
    loss_e8 = equity.day_start_equity_e8 - equity.equity_e8
    if 0 < limits.daily_loss_max_e8 <= loss_e8:
        figures: Figures = {"daily_loss": text_e8(loss_e8), "daily_loss_max": text_e8(limits.daily_loss_max_e8)}
        return Denial(Reason.DAILY_LOSS, figures)
    fall_e8 = equity.peak_equity_e8 - equity.equity_e8
    if limits.drawdown_max_ppb < PPB and fall_e8 * PPB >= limits.drawdown_max_ppb * equity.peak_equity_e8:
        figures = {
            "equity": text_e8(equity.equity_e8),
            "equity_peak": text_e8(equity.peak_equity_e8),
            "drawdown": fall_e8 / equity.peak_equity_e8 if equity.peak_equity_e8 else 1.0,
            "drawdown_max": limits.drawdown_max_ppb / PPB,
        }
        return Denial(Reason.DRAWDOWN, figures)
    return None


def exposure_e8(qty_e8: int, mark_px_e8: int) -> int:
    """Return the value of a quantity at a price with the quantity's sign, rounded away from zero."""
    value_e8 = -(-abs(qty_e8) * mark_px_e8 // E8)
    return value_e8 if qty_e8 >= 0 else -value_e8
