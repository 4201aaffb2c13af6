"""What the venue takes: the form of an order, and the filters of its instrument, checked before the order leaves.

The venue would refuse all of it, at the cost of a call and of a strategy that waits. Its filters hold for every order, one
that closes a position too. Bounds of the price are parts of the venue's average or last price; held against here is what
is next to it: the last trade or the middle of the market, as they were last known.

This file is compiled (`filters.pxd` has the C types).
"""

from agents.instruments import InstrumentInfo
from agents.risk.limits import Denial, Limits
from agents.state.account import PositionRange
from agents.state.market_view import Figures, MarketView
from agents.state.message_fields import SIGNAL
from agents.state.positions import text_e8
from agents.state.saturating import times
from agents.state.venue_filters import Filters
from schemas.messages import E8, Signal
from schemas.orders import ExecInst, Reason, Side, TimeInForce

PPM = 1_000_000
PRICE_TICKS_MAX = 2**53
BUY, SELL = int(Side.BUY), int(Side.SELL)
TIMES_IN_FORCE = frozenset(int(value) for value in TimeInForce)
EXEC_INST_OF_SIGNAL = int(ExecInst.REDUCE_ONLY)
"""What a strategy may ask for; to close a position on an operator's word is risk's alone."""


def check_form(signal: Signal, exec_inst_allowed: int = EXEC_INST_OF_SIGNAL) -> Denial | None:
    """Deny what is not an order at all: side, time in force, instructions, price."""
    side = SIGNAL.side.int_of(signal)
    price_ticks = SIGNAL.price_ticks.int_of(signal)
    exec_inst = SIGNAL.exec_inst.int_of(signal)
    if side not in (BUY, SELL):
        return Denial(Reason.INVALID_SIDE, {"side": signal.side, "sides_allowed": "1 -1"})
    if SIGNAL.time_in_force.of(signal) not in TIMES_IN_FORCE:
        allowed = " ".join([str(int(value)) for value in TimeInForce])
        return Denial(
            Reason.UNSUPPORTED_TIME_IN_FORCE,
            {"time_in_force": signal.time_in_force, "times_in_force_allowed": allowed},
        )
    if exec_inst | exec_inst_allowed != exec_inst_allowed:
        instructed: Figures = {"exec_inst": exec_inst, "exec_inst_allowed": exec_inst_allowed}
        return Denial(Reason.UNSUPPORTED_EXEC_INST, instructed)
    if not 0 < price_ticks <= PRICE_TICKS_MAX:
        figures: Figures = {
            "price_ticks": price_ticks,
            "price_ticks_min": 1,
            "price_ticks_max": PRICE_TICKS_MAX,
        }
        return Denial(Reason.INVALID_PRICE, figures)
    return None


def check_bracket(filters: Filters, signal: Signal) -> Denial | None:
    """Deny a take-profit or stop on the wrong side of the order's price, or of no price that the venue takes."""
    side, price_ticks = SIGNAL.side.int_of(signal), SIGNAL.price_ticks.int_of(signal)
    take_profit_ticks, stop_ticks = SIGNAL.take_profit_ticks.int_of(signal), SIGNAL.stop_ticks.int_of(signal)
    takes = take_profit_ticks == 0 or (take_profit_ticks - price_ticks) * side > 0
    stops = stop_ticks == 0 or (price_ticks - stop_ticks) * side > 0
    step = filters.price_step_ticks
    stepped = take_profit_ticks % step == 0 and stop_ticks % step == 0
    most = filters.max_price_ticks or PRICE_TICKS_MAX
    priced = take_profit_ticks == 0 or filters.min_price_ticks <= take_profit_ticks <= most
    if takes and stops and stepped and priced and stop_ticks <= PRICE_TICKS_MAX:
        return None
    figures: Figures = {
        "price_ticks": price_ticks,
        "take_profit_ticks": take_profit_ticks,
        "stop_ticks": stop_ticks,
        "price_step_ticks": step,
        "price_ticks_min": filters.min_price_ticks,
        "price_ticks_max": most,
    }
    return Denial(Reason.INVALID_PRICE, figures)


def check_size(limits: Limits, info: InstrumentInfo, filters: Filters, signal: Signal) -> Denial | None:
    """Deny an order that the venue does not take by its size or its steps, or that is too large by quantity or notional.

    Both maxima hold for what closes a position too: that is done in several orders.
    """
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
    if price_ticks < filters.min_price_ticks or 0 < filters.max_price_ticks < price_ticks:
        return _unpriced(filters, price_ticks)
    if price_ticks % filters.price_step_ticks:
        steps: Figures = {"price_ticks": price_ticks, "price_step_ticks": filters.price_step_ticks}
        return Denial(Reason.INVALID_PRICE, steps)
    return _check_notional(limits, filters, price_ticks * info.tick_e8, qty_e8)


def check_band(filters: Filters, feed: MarketView, side: int, price_ticks: int) -> Denial | None:
    """Deny a price beyond the venue's bounds for its side, as far as the market is known; call it if `banded`."""
    last_ticks, bid_ticks, ask_ticks = feed.last_px_ticks, feed.bid_ticks(), feed.ask_ticks()
    twice_ticks = bid_ticks + ask_ticks if bid_ticks and ask_ticks else 2 * last_ticks
    if filters.band_of_last and last_ticks:
        twice_ticks = 2 * last_ticks
    down_ppm = filters.bid_band_down_ppm if side == BUY else filters.ask_band_down_ppm
    up_ppm = filters.bid_band_up_ppm if side == BUY else filters.ask_band_up_ppm
    scaled = 2 * PPM * price_ticks
    if twice_ticks == 0 or (scaled >= down_ppm * twice_ticks and (up_ppm == 0 or scaled <= up_ppm * twice_ticks)):
        return None
    return _banded(price_ticks, twice_ticks, down_ppm, up_ppm)


def check_position_max(filters: Filters, info: InstrumentInfo, reach: PositionRange, qty_e8: int) -> Denial | None:
    """Deny a buy with which more could be held than the venue lets an account hold."""
    most_e8 = filters.max_position_lots * info.lot_e8
    if most_e8 == 0 or reach.long_e8 + qty_e8 <= most_e8:
        return None
    figures: Figures = {
        "position": text_e8(reach.net_qty_e8),
        "open_orders": text_e8(reach.buys_e8),
        "order_qty": text_e8(qty_e8),
        "venue_position_max": text_e8(most_e8),
    }
    return Denial(Reason.MAX_POSITION, figures)


def _check_notional(limits: Limits, filters: Filters, px_e8: int, qty_e8: int) -> Denial | None:
    notional_e8, notional_max_e8 = times(px_e8, qty_e8) // E8, limits.order_notional_max_e8
    if notional_e8 < filters.min_notional_e8:
        figures: Figures = {
            "order_notional": _notional(px_e8, qty_e8),
            "order_notional_min": text_e8(filters.min_notional_e8),
        }
        return Denial(Reason.NOTIONAL_BELOW_MINIMUM, figures)
    if filters.max_notional_e8 > 0 and (notional_max_e8 == 0 or filters.max_notional_e8 < notional_max_e8):
        notional_max_e8 = filters.max_notional_e8
    if notional_max_e8 > 0 and notional_e8 > notional_max_e8:
        figures = {"order_notional": _notional(px_e8, qty_e8), "order_notional_max": text_e8(notional_max_e8)}
        return Denial(Reason.NOTIONAL_ABOVE_MAXIMUM, figures)
    return None


def _unpriced(filters: Filters, price_ticks: int) -> Denial:
    figures: Figures = {"price_ticks": price_ticks, "price_ticks_min": filters.min_price_ticks}
    if filters.max_price_ticks:
        figures["price_ticks_max"] = filters.max_price_ticks
    return Denial(Reason.INVALID_PRICE, figures)


def _notional(px_e8: int, qty_e8: int) -> str:
    # Whole numbers of any size: this product may exceed 128 bits.
    return text_e8(px_e8 * qty_e8 // E8)


def _banded(price_ticks: int, twice_ticks: int, down_ppm: int, up_ppm: int) -> Denial:
    figures: Figures = {"price_ticks": price_ticks, "price_ticks_min": down_ppm * twice_ticks / (2 * PPM)}
    if up_ppm:
        figures["price_ticks_max"] = up_ppm * twice_ticks / (2 * PPM)
    return Denial(Reason.PRICE_BAND, figures | {"market_ticks": twice_ticks / 2})
