"""How Binance has requests signed, spot and USDT-M: REST by ccxt, which knows the venue's rules for that.

ccxt's blocking client is taken: it costs half as much to import, and signing needs no I/O.

Source: binance-spot-api-docs, rest-api.md and web-socket-api.md (signed requests).
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from agents.venues.credentials import Credentials
from agents.venues.signing import SignedRequest
from mesh.context import VenueCall
from schemas.config import VenueConfig
from schemas.units import MS

_APIS = {
    "/api/v3/": ("public", "private"),
    "/fapi/v1/": ("fapiPublic", "fapiPrivate"),
    "/fapi/v2/": ("fapiPublicV2", "fapiPrivateV2"),
    "/fapi/v3/": ("fapiPublicV3", "fapiPrivateV3"),
    "/dapi/v1/": ("dapiPublic", "dapiPrivate"),
}
"""Path in front of an endpoint -> ccxt's name for its public and its signed part."""


class BinanceSigner:
    """Implements `agents.venues.signing.Signer` for one account."""

    def __init__(self, venue: VenueConfig, credentials: Credentials | None) -> None:
        """Take the account; only the signing of ccxt's client is used."""
        from ccxt.binance import binance

        settings: dict[str, Any] = {"options": {"recvWindow": venue.recv_window_ms, "timeDifference": 0}}
        if credentials is not None:
            settings |= {"apiKey": credentials.key, "secret": credentials.secret}
        self._credentials = credentials
        self._recv_window_ms = venue.recv_window_ms
        self._client = binance(settings)
        if venue.rest_url:
            base = venue.rest_url.rstrip("/")
            self._client.urls["api"] |= {
                api: base + prefix.rstrip("/") for prefix, apis in _APIS.items() for api in apis
            }

    def request(self, call: VenueCall) -> SignedRequest | None:
        """Return a REST call as it goes out; None if the path or the credentials for it are not there."""
        for prefix, (public, private) in _APIS.items():
            if call.path.startswith(prefix) and (self._credentials or not call.signed):
                api = private if call.signed else public
                path = call.path.removeprefix(prefix)
                signed: dict[str, Any] = self._client.sign(path, [api], call.method, dict(call.params))
                return SignedRequest(signed["url"], signed["headers"] or {}, signed["body"])
        return None

    def set_clock(self, offset_ns: int) -> None:
        """Write the venue's time: what ccxt takes off our clock is how far that is ahead."""
        self._client.options["timeDifference"] = -offset_ns // MS

    def message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the message with key, time and signature in its `params` (websocket API, signed requests)."""
        assert self._credentials is not None, "an agent without credentials has nothing to sign"
        params = dict(message.get("params", {}))
        params["apiKey"] = self._credentials.key
        params["timestamp"] = int(self._client.nonce())
        params["recvWindow"] = self._recv_window_ms
        text = "&".join(f"{key}={params[key]}" for key in sorted(params))
        params["signature"] = hmac.new(self._credentials.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return {**message, "params": params}
