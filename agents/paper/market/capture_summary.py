"""What captures hold, told before anything is played: market, instruments with their sizes and feeds, ticks, duration.

Instruments are those of which something can be subscribed. What is not known of one (the size of its contracts, where no
listing was recorded) is left out.
"""

from collections.abc import Sequence
from typing import Any

from agents.paper.market.capture import Capture


def describe(captures: Sequence[str]) -> dict[str, Any]:
    """Return what the files `captures`, played together, hold.

    Raises:
        CaptureError: If a file is missing, damaged or in no known format.
    """
    capture = Capture.open(captures)
    instruments = _named_apart([_instrument(capture, symbol) for symbol in capture.symbols])
    silent = [each["symbol"] for each in instruments if not each["feeds"]]
    notes = [f"{', '.join(silent)}: nothing that can be subscribed; left out"] if silent else []
    return {
        "market": capture.market,
        "instruments": [each for each in instruments if each["feeds"]],
        "ticks": capture.tick_count,
        "duration_s": capture.duration_ns / 1e9,
        "notes": [*capture.notes, *notes],
    }


def _named_apart(instruments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Call each instrument as the venue does; of several with one name there, all but the first say their category."""
    names: set[str] = set()
    for each in instruments:
        name = each.get("venue_symbol", each["symbol"])
        each["symbol"] = f"{name}-{each['category'].upper()}" if name in names else name
        if each["symbol"] == name:
            each.pop("venue_symbol", None)
        names.add(name)
    return instruments


def _instrument(capture: Capture, symbol: str) -> dict[str, Any]:
    sizes = capture.sizes[symbol]
    streams = [stream for stream in capture.stream_table if stream.symbol == symbol and stream.feed]
    return {
        "symbol": symbol,
        **capture.venue.instrument(symbol),
        **capture.stated.get(symbol, {}),
        "tick_size": sizes.tick_size,
        "lot_size": sizes.lot_size,
        "feeds": list(dict.fromkeys(stream.feed for stream in streams)),
    }
