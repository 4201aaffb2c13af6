"""Limits: the checks that an order must pass, each a comparison of exact integers with the figures that it compared.

A check returns None, or a Denial that names both sides of the comparison: money and quantities as decimal strings, prices
in ticks. Limits are taken from their decimal strings once; "0" money means no limit. Fractions (collar, drawdown) are
held in parts per billion, so nothing is rounded when they are compared.

What only reduces a position passes every limit on exposure, loss, count, age, rate, correlation and UNKNOWN orders: those
limits must never keep anyone from getting out. `agents.risk.pre_trade` has them in order.

This file is compiled (`limits.pxd` has the C types): numbers are read and compared in C, in 128 bits where 64 might not
hold a product, and what a denial tells is worked out only when there is one.
"""

from typing import NamedTuple

from agents.instruments import quantity_setting_e8, setting_e8
from agents.state.account import PositionRange
from agents.state.market_view import Figures
from agents.state.message_fields import EQUITY, SIGNAL
from agents.state.positions import text_e8
from agents.state.saturating import times, wide
from agents.state.working_orders import WorkingOrder
from schemas.config import DeskLimitsConfig, LimitsConfig
from schemas.errors import ConfigError
from schemas.messages import E8, Equity, Signal
from schemas.orders import Reason, Side
from schemas.units import MS

PPB = 1_000_000_000
COUNT_MAX = 2**62
BUY, SELL = int(Side.BUY), int(Side.SELL)


class Denial(NamedTuple):
    """Why an order may not be sent, and the figures that were compared."""

    reason: Reason
    figures: Figures


class LossLimits:
    """How much may be lost: of one account, or of the desk, whose figures are told with `prefix` before their names."""

    def __init__(self, daily_loss_max_e8: int, drawdown_max_ppb: int, prefix: str = "") -> None:
        """Take them; unchangeable from then on."""
        self.daily_loss_max_e8 = daily_loss_max_e8
        self.drawdown_max_ppb = drawdown_max_ppb
        self.prefix = prefix
        self.bounded = daily_loss_max_e8 != 0 or drawdown_max_ppb < PPB
        """Whether there is any, so that equity has to be known."""


class Limits(LossLimits):
    """The limits of one account as integers; `_e8` is times 10**8, `_ppb` parts per billion."""

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
        fee_reserve_ppb: int,
        liquidation_distance_min_ppb: int,
    ) -> None:
        """Take them; unchangeable from then on."""
        super().__init__(daily_loss_max_e8, drawdown_max_ppb)
        self.order_qty_max_e8 = order_qty_max_e8
        self.order_notional_max_e8 = order_notional_max_e8
        self.position_max_e8 = position_max_e8
        self.short_allowed = short_allowed
        self.open_orders_max = open_orders_max
        self.exposure_gross_max_e8 = exposure_gross_max_e8
        self.exposure_net_max_e8 = exposure_net_max_e8
        self.price_collar_ppb = price_collar_ppb
        self.correlation_max = correlation_max
        self.market_data_age_ns_max = market_data_age_ns_max
        self.unknown_orders_max = unknown_orders_max
        self.fee_reserve_ppb = fee_reserve_ppb
        self.liquidation_distance_min_ppb = liquidation_distance_min_ppb


class DeskLimits(LossLimits):
    """The limits of all accounts together, in the same units."""

    def __init__(
        self, loss: tuple[int, int], gross_max_e8: int, net_max_e8: int, coin_max_e8: int, correlation_max: float
    ):
        """Take them, `loss` in a day and from the peak; unchangeable from then on."""
        super().__init__(*loss, prefix="desk_")
        self.exposure_gross_max_e8 = gross_max_e8
        self.exposure_net_max_e8 = net_max_e8
        self.coin_exposure_max_e8 = coin_max_e8
        self.correlation_max = correlation_max


EXPOSURE_MAX_E8 = (wide(1 << 200) + E8 - 1) // E8
"""No exposure is told to be larger."""


def parse_limits(config: LimitsConfig, key: str) -> Limits:
    """Return the limits as integers.

    Raises:
        ConfigError: If a decimal string has more than eight decimals or money or a count is over 2**62, naming it.
    """
    return Limits(
        order_qty_max_e8=quantity_setting_e8(config.order_qty_max, f"{key}.order_qty_max"),
        order_notional_max_e8=setting_e8(config.order_notional_max, f"{key}.order_notional_max"),
        position_max_e8=quantity_setting_e8(config.position_max, f"{key}.position_max"),
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
        fee_reserve_ppb=round(config.fee_reserve * PPB),
        liquidation_distance_min_ppb=round(config.liquidation_distance_min * PPB),
    )


def parse_desk_limits(config: DeskLimitsConfig, key: str) -> DeskLimits:
    """Return the limits of a desk as integers.

    Raises:
        ConfigError: If a decimal string has more than eight decimals or money is over 2**62, naming it.
    """
    return DeskLimits(
        (setting_e8(config.daily_loss_max, f"{key}.daily_loss_max"), round(config.drawdown_max * PPB)),
        setting_e8(config.exposure_gross_max, f"{key}.exposure_gross_max"),
        setting_e8(config.exposure_net_max, f"{key}.exposure_net_max"),
        setting_e8(config.coin_exposure_max, f"{key}.coin_exposure_max"),
        config.correlation_max,
    )


def _count(value: int, key: str) -> int:
    if value > COUNT_MAX:
        raise ConfigError(f"{key}: over 2**62 (found: {value})")
    return value


def check_collar(
    limits: Limits, side: int, price_ticks: int, bid_ticks: int, ask_ticks: int, last_ticks: int
) -> Denial | None:
    """Deny a price that is through the market by more than the collar: past its middle, or past the last trade if known.

    A price on the far side of the market rests there and costs nobody anything: it may be as far away as it likes.
    """
    if is_through(limits, side, price_ticks, bid_ticks + ask_ticks):
        return collared(limits, "mid", price_ticks, bid_ticks + ask_ticks)
    if is_through(limits, side, price_ticks, 2 * last_ticks):
        return collared(limits, "last", price_ticks, 2 * last_ticks)
    return None


def is_through(limits: Limits, side: int, price_ticks: int, twice_ticks: int) -> bool:
    """Return whether a buy is above half of `twice_ticks`, or a sell below, by more than the collar; never if it is 0."""
    collar, through = limits.price_collar_ppb * twice_ticks, (2 * price_ticks - twice_ticks) * side * PPB
    return twice_ticks != 0 and through > collar


def collared(limits: Limits, name: str, price_ticks: int, twice_ticks: int) -> Denial:
    """Return the denial of a price that is through the market, which `name` says what it was held against."""
    figures: Figures = {
        "price_ticks": price_ticks,
        f"{name}_ticks": twice_ticks / 2,
        "away": abs(2 * price_ticks - twice_ticks) / twice_ticks,
        "price_collar": fraction(limits.price_collar_ppb),
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


def check_equity(limits: LossLimits, equity: Equity) -> Denial | None:
    """Deny when the day's loss or the fall from the highest equity has reached its maximum."""
    return check_daily_loss(limits, equity) or check_drawdown(limits, equity)


def check_daily_loss(limits: LossLimits, equity: Equity) -> Denial | None:
    """Deny when the day's loss has reached its maximum."""
    loss_max_e8 = limits.daily_loss_max_e8
    loss_e8 = EQUITY.day_start_equity_e8.int_of(equity) - EQUITY.equity_e8.int_of(equity)
    if 0 < loss_max_e8 <= loss_e8:
        figures: Figures = {
            f"{limits.prefix}daily_loss": text_e8(loss_e8),
            f"{limits.prefix}daily_loss_max": text_e8(loss_max_e8),
        }
        return Denial(Reason.DAILY_LOSS, figures)
    return None


def check_drawdown(limits: LossLimits, equity: Equity) -> Denial | None:
    """Deny when the fall from the highest equity has reached its maximum."""
    fall_max_ppb = limits.drawdown_max_ppb
    now_e8, peak_e8 = EQUITY.equity_e8.int_of(equity), EQUITY.peak_equity_e8.int_of(equity)
    if fall_max_ppb < PPB and (peak_e8 - now_e8) * PPB >= fall_max_ppb * peak_e8:
        return _fallen(limits, equity.equity_e8, equity.peak_equity_e8)
    return None


def _fallen(limits: LossLimits, equity_e8: int, peak_e8: int) -> Denial:
    figures: Figures = {
        f"{limits.prefix}equity": text_e8(equity_e8),
        f"{limits.prefix}equity_peak": text_e8(peak_e8),
        f"{limits.prefix}drawdown": (peak_e8 - equity_e8) / peak_e8 if peak_e8 else 1.0,
        f"{limits.prefix}drawdown_max": fraction(limits.drawdown_max_ppb),
    }
    return Denial(Reason.DRAWDOWN, figures)


def fraction(ppb: int) -> float:
    """Return parts per billion as a share of one."""
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
