"""Who is asking, and when, as OKX checks it: the headers of a REST request and the login of a private connection.

Signed is the time, the method, the path with its query and the body, by HMAC-SHA256 in Base64 (OKX v5 documentation, REST
authentication; websocket, login). Whether a client says that it trades in the demo world makes no difference: this is both.
"""

import base64
import calendar
import hmac
import re
from collections.abc import Mapping
from typing import Any

from agents.paper.call import Call
from agents.paper.okx.answers import OkxRefusal
from agents.venues.credentials import Credentials
from schemas.units import MS, SECOND

EXPIRES_NS = 30 * SECOND
LOGIN_PATH = "/users/self/verify"
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_CONNECTION = "connection-sign"
_HEADERS = {
    "ok-access-key": 50103,
    "ok-access-passphrase": 50104,
    "ok-access-sign": 50106,
    "ok-access-timestamp": 50107,
}


class OkxAuthenticator:
    """The credentials of the venue's one account."""

    def __init__(self, credentials: Credentials) -> None:
        """Let in who knows the key and the passphrase, and signs with the secret."""
        self._key = credentials.key
        self._passphrase = credentials.passphrase
        self._secret = credentials.secret.encode()

    def check_request(self, call: Call) -> None:
        """Refuse a REST request with a wrong key, passphrase, time or signature."""
        if _same(call.headers.get(_CONNECTION, ""), self.sign(_CONNECTION + call.body)):
            return
        key, phrase, sign, time = (self._header(call, name, code) for name, code in _HEADERS.items())
        if not _same(key, self._key):
            raise OkxRefusal(50111, "Invalid OK-ACCESS-KEY", 401)
        if _ISO.fullmatch(time) is None or (asked_ns := _time_ns(time)) is None:
            raise OkxRefusal(50112, "Invalid OK-ACCESS-TIMESTAMP", 401)
        if abs(call.wall_ns - asked_ns) > EXPIRES_NS:
            raise OkxRefusal(50102, "Timestamp request expired", 401)
        if not _same(phrase, self._passphrase):
            raise OkxRefusal(50105, "Request header OK-ACCESS-PASSPHRASE incorrect.", 401)
        path = f"{call.path}?{call.query}" if call.query else call.path
        if not _same(sign, self.sign(time + call.method + path + call.body)):
            raise OkxRefusal(50113, "Invalid Sign", 401)

    def check_login(self, asked: Mapping[str, Any], wall_ns: int) -> None:
        """Refuse the login of a connection with a wrong key, passphrase, time or signature."""
        key, phrase, time, sign = (str(asked.get(name, "")) for name in ("apiKey", "passphrase", "timestamp", "sign"))
        if not _same(key, self._key):
            raise OkxRefusal(60005, "Invalid apiKey")
        if _SECONDS.fullmatch(time) is None:
            raise OkxRefusal(60004, "Invalid timestamp")
        if abs(wall_ns - int(float(time) * SECOND)) > EXPIRES_NS:
            raise OkxRefusal(60006, "Timestamp request expired")
        if not _same(phrase, self._passphrase):
            raise OkxRefusal(60024, "Wrong passphrase")
        if not _same(sign, self.sign(time + "GET" + LOGIN_PATH)):
            raise OkxRefusal(60007, "Invalid sign")

    def headers(self, body: str) -> dict[str, str]:
        """Return the header of a request of a connection that is logged in: it has no time, and needs no other."""
        return {_CONNECTION: self.sign(_CONNECTION + body)}

    def sign(self, payload: str) -> str:
        """Return the signature of `payload`."""
        return base64.b64encode(hmac.new(self._secret, payload.encode(), "sha256").digest()).decode()

    def _header(self, call: Call, name: str, code: int) -> str:
        value = call.headers.get(name, "")
        if not value:
            raise OkxRefusal(code, f'Request header "{name.upper()}" can\'t be empty.', 401)
        return value


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(), known.encode())


def _time_ns(text: str) -> int | None:
    """Return an ISO time in nanoseconds, None for a day that there is not."""
    whole, _, milliseconds = text.rstrip("Z").partition(".")
    try:
        seconds = calendar.timegm(tuple(map(int, re.split("[-T:]", whole))))
    except ValueError:
        return None
    return seconds * SECOND + int(milliseconds) * MS
