"""Whose recorded frames the paper venue can read."""

from agents.paper.binance.recorded_frames import BinanceFrames
from agents.paper.bybit.recorded_frames import BybitFrames
from agents.paper.market.recorded_venue import RecordedVenue
from agents.paper.okx.recorded_frames import OkxFrames

VENUES: tuple[RecordedVenue, ...] = (BinanceFrames(), BybitFrames(), OkxFrames())
"""Each knows its frames by their shape; the first that knows one is taken."""


def venue_of(frame: bytes, address: str) -> RecordedVenue | None:
    """Return whose frame it is, None if it is of no stream of any."""
    return next((venue for venue in VENUES if venue.stream_name(frame, address)), None)
