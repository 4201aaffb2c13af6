"""How the venue of `tests.venues.harbor` has requests signed: key, passphrase and time in headers, or in a login."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from agents.venues.credentials import Credentials
from agents.venues.signing import SignedRequest, WallClock
from mesh.agent import VenueCall
from schemas.config import VenueConfig
from schemas.units import MS


class HarborSigner:
    """Signs with key, secret and passphrase: headers of REST calls, and the fields of a login."""

    def __init__(self, venue: VenueConfig, credentials: Credentials | None) -> None:
        """Take the account."""
        self._base = venue.rest_url
        self._credentials = credentials
        self.wall_ns: WallClock = time.time_ns
        self._offset_ns = 0

    def set_clock(self, offset_ns: int) -> None:
        """Sign by the venue's time."""
        self._offset_ns = offset_ns

    def request(self, call: VenueCall) -> SignedRequest | None:
        """Return the request with its signature in the headers."""
        text = json.dumps(dict(call.params))
        query = "" if call.method == "POST" else "?" + "&".join(f"{key}={value}" for key, value in call.params.items())
        body = text if call.method == "POST" else None
        if not call.signed:
            return SignedRequest(f"{self._base}{call.path}{query}")
        proof = self._proof(call.method + call.path + (body or query))
        headers = {f"Harbor-{name.title()}": value for name, value in proof.items()}
        return SignedRequest(f"{self._base}{call.path}{query}", headers, body)

    def message(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a login with the proof in it."""
        return {**message, **self._proof("login")}

    def _proof(self, what: str) -> dict[str, str]:
        assert self._credentials is not None, "a call that is signed"
        at = str((self.wall_ns() + self._offset_ns) // MS)
        return {"key": self._credentials.key, "phrase": self._credentials.passphrase, "at": at} | {
            "sign": signature(self._credentials.secret, at + what)
        }


def signature(secret: str, text: str) -> str:
    """Return how the venue has a text signed."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
