"""How OKX has requests signed: key, passphrase, time and signature in headers, and the same four in a login.

The signature is HMAC-SHA256 in base64 over time, method, path with query, and body. REST writes the time in ISO 8601
with milliseconds, a login in whole seconds. A request that is older than 30 s is refused.

Source: OKX v5 docs, REST authentication, websocket login, and demo trading.
"""

import hmac
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from agents.venues.credentials import Credentials
from agents.venues.okx.paths import EXPIRING, REST_URL
from agents.venues.signing import SignedRequest, WallClock
from mesh.context import VenueCall
from schemas.config import VenueConfig
from schemas.units import MS, SECOND

DEMO_HOST = "//wspap."
"""What the address of every demo websocket begins with, behind its scheme."""
LOGIN_PATH = "/users/self/verify"
EXPIRES_MS = 2_000
"""How long a create or an amend may be on its way; after that the venue does not process it."""
FLAGS = frozenset({"reduceOnly"})
"""What a request says as true or false; all else is text."""
SOCKET_ONLY = "instIdCode"
"""What a call names an instrument by on the websocket; REST takes its name, which is there too."""
_encode = msgspec.json.Encoder().encode


class OkxSigner:
    """Implements `agents.venues.signing.Signer` for one account."""

    def __init__(self, venue: VenueConfig, credentials: Credentials | None) -> None:
        """Take the account."""
        self._base = (venue.rest_url or REST_URL).rstrip("/")
        self._world = {"x-simulated-trading": "1"} if DEMO_HOST in venue.ws_url else {}
        self._constant = {"Content-Type": "application/json", **self._world}
        self._credentials = credentials
        self.wall_ns: WallClock = time.time_ns
        self._offset_ns = 0
        self._second, self._second_text = -1, ""

    def request(self, call: VenueCall) -> SignedRequest | None:
        """Return a REST call as it goes out; None if it wants a signature and there are no credentials."""
        path = call.path
        body = None
        if call.method == "GET":
            path += f"?{urlencode(call.params)}" if call.params else ""
        else:
            body = _encode({name: value for name, value in arguments_of(call).items() if name != SOCKET_ONLY}).decode()
        if not call.signed:
            return SignedRequest(self._base + path, self._world, body)
        if self._credentials is None:
            return None
        now_ns = self.now_ns()
        at = self._written(now_ns)
        headers = {
            "OK-ACCESS-KEY": self._credentials.key,
            "OK-ACCESS-PASSPHRASE": self._credentials.passphrase,
            "OK-ACCESS-TIMESTAMP": at,
            "OK-ACCESS-SIGN": self._signature(at + call.method + path + (body or "")),
            **self._constant,
        }
        if body is not None and call.path in EXPIRING:
            headers["expTime"] = str(now_ns // MS + EXPIRES_MS)
        return SignedRequest(self._base + path, headers, body)

    def set_clock(self, offset_ns: int) -> None:
        """Write the venue's time from now on."""
        self._offset_ns = offset_ns

    def message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return a login with key, passphrase, time and signature as its arguments."""
        assert self._credentials is not None, "an agent without credentials has nothing to sign"
        at = str(self.now_ns() // SECOND)
        proof = {
            "apiKey": self._credentials.key,
            "passphrase": self._credentials.passphrase,
            "timestamp": at,
            "sign": self._signature(f"{at}GET{LOGIN_PATH}"),
        }
        return {**message, "args": [proof]}

    def now_ns(self) -> int:
        """Return the venue's time (Unix)."""
        return self.wall_ns() + self._offset_ns

    def _written(self, now_ns: int) -> str:
        """Return a time as REST writes it; the part that stays for a second is made once."""
        second = now_ns // SECOND
        if second != self._second:
            self._second = second
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._second_text}.{now_ns % SECOND // MS:03}Z"

    def _signature(self, text: str) -> str:
        assert self._credentials is not None, "only what has credentials is signed"
        return b64encode(hmac.digest(self._credentials.secret.encode(), text.encode(), "sha256")).decode()


def arguments_of(call: VenueCall) -> dict[str, str | bool]:
    """Return what a request that posts says: all of it text but for flags."""
    return {name: text == "true" if name in FLAGS else text for name, text in call.params.items()}
