"""How Bybit has requests signed: REST by headers, and the login of a websocket by an expiry.

Nothing of ccxt is needed for that: it is one HMAC-SHA256 of the time, the key, the window and the query or body, as they
are sent.

Source: Bybit API v5 documentation, integration guidance (authentication), and websocket connect.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from agents.venues.credentials import Credentials
from agents.venues.signing import SignedRequest, WallClock
from mesh.context import VenueCall
from schemas.config import VenueConfig
from schemas.units import MS

REST_URL = "https://api.bybit.com"
NUMBERS = frozenset({"timeWindow"})
"""What a body says in numbers."""
FLAGS = frozenset({"reduceOnly"})
"""What a body says as true or false; all else is text."""
LOGIN_MS = 10_000
"""For how long a login is good."""


class BybitSigner:
    """Implements `agents.venues.signing.Signer` for one account."""

    def __init__(self, venue: VenueConfig, credentials: Credentials | None) -> None:
        """Take the account; without credentials only what is public can be asked for."""
        self._base = (venue.rest_url or REST_URL).rstrip("/")
        self._credentials = credentials
        self._recv_window = str(venue.recv_window_ms)
        self.wall_ns: WallClock = time.time_ns
        self._offset_ns = 0

    def request(self, call: VenueCall) -> SignedRequest | None:
        """Return a REST call as it goes out; None if it needs credentials that are not there."""
        posts = call.method == "POST"
        text = body_of(call) if posts else query_of(call)
        url = f"{self._base}{call.path}{'?' if text and not posts else ''}{'' if posts else text}"
        headers = {"Content-Type": "application/json"} if posts else {}
        if call.signed:
            if self._credentials is None:
                return None
            headers |= self.headers(text)
        return SignedRequest(url, headers, text if posts else None)

    def set_clock(self, offset_ns: int) -> None:
        """Write the venue's time."""
        self._offset_ns = offset_ns

    def message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return a login with key, expiry and signature in its `args`."""
        assert self._credentials is not None, "an agent without credentials has nothing to sign"
        expires_ms = self.now_ms() + LOGIN_MS
        return {**message, "args": [self._credentials.key, expires_ms, self._sign(f"GET/realtime{expires_ms}")]}

    def headers(self, text: str) -> dict[str, str]:
        """Return the headers that sign a query or a body."""
        assert self._credentials is not None, "an agent without credentials has nothing to sign"
        at = str(self.now_ms())
        return {
            "X-BAPI-API-KEY": self._credentials.key,
            "X-BAPI-TIMESTAMP": at,
            "X-BAPI-RECV-WINDOW": self._recv_window,
            "X-BAPI-SIGN": self._sign(at + self._credentials.key + self._recv_window + text),
        }

    @property
    def recv_window(self) -> str:
        """For how many milliseconds a request is good."""
        return self._recv_window

    def now_ms(self) -> int:
        """Return the venue's time, as far as it is known."""
        return (self.wall_ns() + self._offset_ns) // MS

    def _sign(self, text: str) -> str:
        assert self._credentials is not None, "an agent without credentials has nothing to sign"
        return hmac.new(self._credentials.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def body_of(call: VenueCall) -> str:
    """Return the body of a call that posts, as it is signed and sent."""
    return msgspec.json.encode(arguments_of(call)).decode()


def arguments_of(call: VenueCall) -> dict[str, str | int]:
    """Return what a request that posts says: all of it text but for a few numbers and flags."""
    return {
        name: int(text) if name in NUMBERS else text == "true" if name in FLAGS else text
        for name, text in call.params.items()
    }


def query_of(call: VenueCall) -> str:
    """Return the query of a call as it is signed and sent: the venue's names of pages are encoded already."""
    return "&".join([f"{name}={text}" for name, text in call.params.items()])
