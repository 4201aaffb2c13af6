"""Prices, quantities and sizes as a strategy may say them, in whole ticks and lots: exactly, or not at all.

A whole number is ticks or lots. Text and Decimal are the venue's own figures, `"60000.5"`, and must be whole steps of
what the venue takes: nothing that was written out is rounded. A size in the quote currency buys as many whole steps as
it pays for.
"""

from decimal import Decimal
from operator import index

from agents.instruments import InstrumentInfo
from core.decimals import Scale
from schemas.errors import DecimalError, TermsError
from schemas.messages import E8

Amount = int | str | Decimal
"""Whole ticks or lots, or a decimal in the venue's units."""


def price_ticks(info: InstrumentInfo, price: Amount, step_ticks: int, what: str = "price") -> int:
    """Return a price in ticks; text and Decimal must be whole steps.

    Raises:
        TermsError: If it is not, naming the step.
    """
    return _count(info.symbol, what, info.price, price, step_ticks)


def qty_lots(info: InstrumentInfo, qty: Amount, step_lots: int) -> int:
    """Return a quantity in lots, as `price_ticks` does a price."""
    return _count(info.symbol, "quantity", info.qty, qty, step_lots)


def lots_for(info: InstrumentInfo, notional: Amount, at_ticks: int, step_lots: int) -> int:
    """Return how many lots `notional` of the quote currency pays for at a price: whole steps, rounded down.

    A whole number is whole units of the quote currency.

    Raises:
        TermsError: If the size is no decimal with at most eight digits behind the point, or there is no price.
    """
    text = str(notional) if isinstance(notional, int) else notional
    size_e8 = _count(info.symbol, "notional", _MONEY, text, 1)
    if at_ticks <= 0:
        raise TermsError(f"{info.symbol}: notional {notional}: a price over 0 is needed to know the quantity")
    lots = size_e8 * E8 // (at_ticks * info.tick_e8 * info.lot_e8)
    return lots - lots % step_lots


def check_exits(info: InstrumentInfo, side: int, at_ticks: int, take_profit_ticks: int, stop_ticks: int) -> None:
    """Refuse a take-profit or a stop that is on the wrong side of the price; 0 is none.

    Raises:
        TermsError: Naming it and the price.
    """
    for name, exit_ticks, way in (("take_profit", take_profit_ticks, side), ("stop", stop_ticks, -side)):
        if exit_ticks and (exit_ticks - at_ticks) * way <= 0:
            found, price = info.price.format(exit_ticks), info.price.format(at_ticks)
            verb, where = "buy" if side > 0 else "sell", "above" if way > 0 else "below"
            raise TermsError(f"{info.symbol}: {name} {found} of a {verb} at {price}: it must be {where} that")


_MONEY = Scale("0.00000001")


def _count(symbol: str, what: str, scale: Scale, value: Amount, step: int) -> int:
    if not isinstance(value, str | Decimal):
        try:
            return index(value)
        except TypeError:
            raise TermsError(
                f"{symbol}: {what} {value!r}: allowed are whole numbers of {scale.unit}, text and Decimal"
            ) from None
    text = value if isinstance(value, str) else format(value, "f")
    try:
        count = scale.parse(text)
    except DecimalError as error:
        raise TermsError(f"{symbol}: {what} {text}: not a whole number of steps of {scale.format(step)}") from error
    if count % step:
        raise TermsError(f"{symbol}: {what} {text}: not a whole number of steps of {scale.format(step)}")
    return count
