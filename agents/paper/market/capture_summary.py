"""What captures hold, told before anything is played: market, instruments with their sizes and feeds, ticks, duration.

A capture names symbols only. Base and quote are told apart by the quote assets that Binance has; the longest that fits.
"""

from collections.abc import Sequence
from typing import Any

from agents.paper.market.capture import TICK_KINDS, Capture

QUOTES = (
    *("FDUSD", "USDT", "BUSD", "USDC", "TUSD", "USDP", "USDS", "BIDR", "IDRT", "BVND", "BKRW"),
    *("DAI", "PAX", "UST", "VAI", "BTC", "ETH", "BNB", "TRX", "XRP", "DOT", "DOGE"),
    *("AUD", "BRL", "EUR", "GBP", "NGN", "RUB", "TRY", "UAH", "ZAR", "PLN", "RON", "ARS", "JPY", "MXN", "CZK", "COP"),
)
QUOTE_LETTERS = 3
"""Letters of the quote asset where none of `QUOTES` fits."""


def describe(captures: Sequence[str]) -> dict[str, Any]:
    """Return what the files `captures`, played together, hold.

    Raises:
        CaptureError: If a file is missing, damaged or in no known format.
    """
    capture = Capture.open(captures)
    return {
        "market": capture.market,
        "instruments": [_instrument(capture, symbol) for symbol in capture.symbols],
        "ticks": capture.tick_count,
        "duration_s": capture.duration_ns / 1e9,
        "notes": list(capture.notes),
    }


def base_and_quote(symbol: str) -> tuple[str, str]:
    """Return the assets of a symbol: BTCUSDT is BTC and USDT."""
    fitting = [quote for quote in QUOTES if symbol.endswith(quote) and symbol != quote]
    quote = max(fitting, key=len, default=symbol[-QUOTE_LETTERS:])
    return symbol.removesuffix(quote), quote


def _instrument(capture: Capture, symbol: str) -> dict[str, Any]:
    base, quote = base_and_quote(symbol)
    sizes = capture.sizes[symbol]
    streams = [s for s in capture.stream_table if s.symbol == symbol and s.kind in TICK_KINDS]
    return {
        "symbol": symbol,
        "base": base,
        "quote": quote,
        "tick_size": sizes.tick_size,
        "lot_size": sizes.lot_size,
        "feeds": [stream.name.partition("@")[2] for stream in streams],
    }
