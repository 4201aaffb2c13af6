"""How Binance has requests signed, REST and websocket, spot and futures; by an HMAC secret or a private key.

Signed is the text of the parameters, those of a websocket message sorted by name. A secret is hashed with it (HMAC
SHA-256); the private key of an Ed25519 or RSA pair, given in place of the secret as PEM, signs it. A websocket can be
logged in with an Ed25519 key, and its messages need no signature then.

What never changes (key, receive window, headers, the keyed hash) is made once.

Source: binance-spot-api-docs, rest-api.md and web-socket-api.md (request security, session authentication).
"""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from agents.venues.credentials import Credentials
from agents.venues.signing import SignedRequest
from mesh.context import VenueCall
from schemas.config import VenueConfig
from schemas.errors import ConfigError
from schemas.units import MS

HOSTS = {
    "/api/": "https://api.binance.com",
    "/sapi/": "https://api.binance.com",
    "/fapi/": "https://fapi.binance.com",
    "/dapi/": "https://dapi.binance.com",
}
"""Where an endpoint is, by the beginning of its path."""
KEY_ONLY = frozenset({"/fapi/v1/listenKey"})
"""What is asked for with the key alone, and takes no parameters: no time, no signature."""
PEM = "-----BEGIN"
BLOCK_BYTES = 64
"""Of SHA-256; a longer secret is hashed (RFC 2104)."""

_is_plain = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
"""Whether a text is the same when it is percent-encoded."""

Sign = Callable[[str], str]


class BinanceSigner:
    """Implements `agents.venues.signing.Signer` for one account."""

    def __init__(
        self, venue: VenueConfig, credentials: Credentials | None, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        """Take the account, and what tells our wall clock.

        Raises:
            ConfigError: If the secret begins like a private key and is none.
        """
        self.recv_window_ms = venue.recv_window_ms
        self.key = "" if credentials is None else credentials.key
        self.can_log_in = False
        """Whether a websocket can be logged in, so that its messages need no signature."""
        self._hosts = {prefix: venue.rest_url.rstrip("/") or host for prefix, host in HOSTS.items()}
        self.wall_ns = wall_ns
        self._offset_ns = 0
        self._window = f"&recvWindow={venue.recv_window_ms}"
        self._headers = {"X-MBX-APIKEY": self.key}
        self._form_headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        self.sign: Sign = _unsigned
        """Return the signature of a text."""
        if credentials is not None:
            self.sign, self.can_log_in = signing(credentials.secret, f"venues.{venue.name}.credentials")

    def request(self, call: VenueCall) -> SignedRequest | None:
        """Return a REST call as it goes out; None if the path or the credentials for it are not there."""
        path, params = call.path, call.params
        host = self._hosts.get(path[: path.find("/", 1) + 1])
        if host is None:
            return None
        values = "".join(params.values())
        if _is_plain(values):
            text = "&".join([f"{name}={value}" for name, value in params.items()])
        else:
            text = urlencode(params, quote_via=quote)
        if not call.signed:
            return SignedRequest(f"{host}{path}?{text}" if text else host + path)
        if not self.key:
            return None
        if path in KEY_ONLY:
            return SignedRequest(host + path, self._headers)
        text = f"{text}&timestamp={self.now_ms()}{self._window}" if text else f"timestamp={self.now_ms()}{self._window}"
        signature = self.sign(text)
        text = f"{text}&signature={signature if _is_plain(signature) else quote(signature, safe='')}"
        if call.method == "GET" or call.method == "DELETE":
            return SignedRequest(f"{host}{path}?{text}", self._headers)
        return SignedRequest(host + path, self._form_headers, text)

    def set_clock(self, offset_ns: int) -> None:
        """Write the venue's time."""
        self._offset_ns = offset_ns

    def now_ms(self) -> int:
        """Return the venue's time."""
        return (self.wall_ns() + self._offset_ns) // MS

    def message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the message with key, time and signature in its `params` (websocket API, signed requests)."""
        assert self.key, "an agent without credentials has nothing to sign"
        params = dict(message.get("params", {}))
        params["apiKey"] = self.key
        params["timestamp"] = self.now_ms()
        params["recvWindow"] = self.recv_window_ms
        params["signature"] = self.sign("&".join(f"{key}={params[key]}" for key in sorted(params)))
        return {**message, "params": params}


def signing(secret: str, where: str) -> tuple[Sign, bool]:
    """Return what signs with a secret or a private key, and whether it is one that a websocket can be logged in with.

    Raises:
        ConfigError: If the secret begins like a private key and is none; it names `where` and never the secret.
    """
    if not secret.startswith(PEM):
        return keyed_hash(secret.encode()), False
    # What a key pair needs is half of a large library; most accounts have a secret.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        # A line of an environment variable may have its ends of lines written out.
        key = load_pem_private_key(secret.replace("\\n", "\n").encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{where}: the private key cannot be read: {type(error).__name__}") from error
    if isinstance(key, Ed25519PrivateKey):
        return lambda text: base64.b64encode(key.sign(text.encode())).decode(), True
    if isinstance(key, RSAPrivateKey):
        padding, digest = PKCS1v15(), hashes.SHA256()
        return lambda text: base64.b64encode(key.sign(text.encode(), padding, digest)).decode(), False
    raise ConfigError(f"{where}: a private key of another kind than Ed25519 and RSA")


def keyed_hash(secret: bytes) -> Sign:
    """Return HMAC-SHA-256 with a secret (RFC 2104), whose two padded keys are hashed once and not for each text."""
    block = (hashlib.sha256(secret).digest() if len(secret) > BLOCK_BYTES else secret).ljust(BLOCK_BYTES, b"\0")
    start_inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block)).copy
    start_outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block)).copy

    def sign(text: str) -> str:
        inner, outer = start_inner(), start_outer()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()

    return sign


def _unsigned(text: str) -> str:
    raise AssertionError("an agent without credentials has nothing to sign")
