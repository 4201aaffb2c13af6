"""Who is asking, and when, as Bybit checks it: the headers of a REST request and the login of a websocket.

Signed is the time, the key, the window and the query or body, by HMAC-SHA256 in hexadecimal (Bybit API v5 documentation,
integration guidance; websocket connect).
"""

import hmac
from collections.abc import Sequence
from typing import Any

from agents.paper.bybit.answers import BybitRefusal
from agents.paper.call import Call
from agents.venues.credentials import Credentials

RECV_WINDOW_MS = 5_000
AHEAD_MS_MAX = 1_000


class BybitAuthenticator:
    """The credentials of the venue's one account."""

    def __init__(self, credentials: Credentials) -> None:
        """Let in who knows the key, and signs with the secret."""
        self._key = credentials.key
        self._secret = credentials.secret.encode()

    def check_request(self, call: Call) -> None:
        """Refuse a REST request with a wrong key, time or signature."""
        key, at, window, sign = (
            call.headers.get(f"x-bapi-{name}", "") for name in ("api-key", "timestamp", "recv-window", "sign")
        )
        if not hmac.compare_digest(key.encode(), self._key.encode()):
            raise BybitRefusal(10003, "API key is invalid.")
        self._check_time(at, window, call.wall_ms)
        signed = at + key + window + (call.body if call.method == "POST" else call.query)
        if not hmac.compare_digest(sign.lower().encode(), self.sign(signed).encode()):
            raise BybitRefusal(10004, "error sign! please check your signature generation algorithm.")

    def check_login(self, args: Sequence[Any], wall_ms: int) -> None:
        """Refuse the login of a websocket with a wrong key, signature, or a time that is over."""
        key, expires, sign = (str(each) for each in (*args[:3], "", "", "")[:3])
        if not hmac.compare_digest(key.encode(), self._key.encode()):
            raise BybitRefusal(10003, "Invalid apikey")
        if not (expires.isascii() and expires.isdigit() and int(expires[:18]) > wall_ms):
            raise BybitRefusal(10004, "Params Error: expires")
        if not hmac.compare_digest(sign.lower().encode(), self.sign(f"GET/realtime{expires}").encode()):
            raise BybitRefusal(10004, "Invalid sign")

    def headers(self, at: str, window: str, body: str) -> dict[str, str]:
        """Return the headers of a request that a connection which is logged in makes."""
        sign = self.sign(at + self._key + window + body)
        names = ("x-bapi-api-key", "x-bapi-timestamp", "x-bapi-recv-window", "x-bapi-sign")
        return dict(zip(names, (self._key, at, window, sign), strict=True))

    def sign(self, payload: str) -> str:
        """Return the signature of `payload`."""
        return hmac.new(self._secret, payload.encode(), "sha256").hexdigest()

    def _check_time(self, at: str, window: str, now_ms: int) -> None:
        window = window or str(RECV_WINDOW_MS)
        plain = all(each.isascii() and each.isdigit() and len(each) < 18 for each in (at, window))
        if not plain or not now_ms - int(window) <= int(at) < now_ms + AHEAD_MS_MAX:
            said = "invalid request, please check your server timestamp or recv_window param."
            raise BybitRefusal(
                10002, f"{said} req_timestamp[{at[:20]}],server_timestamp[{now_ms}],recv_window[{window[:20]}]"
            )
