"""The account at a paper venue as its owner sees it with his own key: open orders by REST, beside all agents."""

import json
import urllib.request
from typing import Any

from agents.venues.binance.signer import BinanceSigner
from agents.venues.credentials import load_credentials
from mesh.context import VenueCall
from schemas.config import Config


class VenueAccount:
    """One account; key and secret are where the configuration says."""

    def __init__(self, config: Config) -> None:
        """Take the first venue."""
        venue = config.venues[0]
        self._signer = BinanceSigner(venue, load_credentials(venue))
        self._symbols = [each.symbol for each in config.instruments if each.venue == venue.name]

    def open_orders(self) -> list[str]:
        """Return the client order ids of all open orders; asked by symbol, which weighs a tenth."""
        return [
            order["clientOrderId"]
            for symbol in self._symbols
            for order in self._call("GET", "/api/v3/openOrders", {"symbol": symbol})
        ]

    def rest(self, symbol: str, qty: str, price: str) -> str:
        """Place a buy order by hand; return its client order id."""
        terms = {
            "symbol": symbol,
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": qty,
            "price": price,
        }
        placed: dict[str, str] = self._call("POST", "/api/v3/order", terms)
        return placed["clientOrderId"]

    def _call(self, method: str, path: str, params: dict[str, str]) -> Any:
        signed = self._signer.request(VenueCall(method, path, params, signed=True))
        assert signed is not None
        body = signed.body.encode() if signed.body else None
        request = urllib.request.Request(signed.url, body, dict(signed.headers), method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)
