"""What only the holder of a venue account's key can write: the way in which each kind of venue has its requests signed.

Signing needs the key and the time of day, so it is done in the shell, just before a request leaves; agents and adapters
see neither. The time is the venue's: whoever has asked for it tells how far our clock is from it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from mesh.context import VenueCall

WallClock = Callable[[], int]
"""Tells the time of day, Unix nanoseconds."""


class SignedRequest(msgspec.Struct, frozen=True):
    """One HTTP request as it goes out: the whole URL with its query, headers, and the body if there is one."""

    url: str
    headers: Mapping[str, str] = {}
    body: str | None = None


class Signer(Protocol):
    """Completes what one venue account sends; without credentials it serves what needs no signature."""

    wall_ns: WallClock
    """Our wall clock; a simulation puts its own in its place."""

    def request(self, call: VenueCall) -> SignedRequest | None:
        """Return a REST call as it goes out; None if this account cannot make it."""
        ...

    def set_clock(self, offset_ns: int) -> None:
        """Write the venue's time from now on: our wall clock and `offset_ns`, 0 until it is told."""
        ...

    def message(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a websocket message with all that proves whose it is."""
        ...
