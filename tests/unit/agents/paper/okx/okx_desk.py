"""An OKX paper venue in memory, and a client that signs, logs in and trades on it."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from schemas.config import InstrumentConfig
from tests.unit.agents.paper.model_kit import CREDENTIALS, Venue, decoded, instrument

KEY, SECRET, PASSPHRASE = CREDENTIALS
SPOT = instrument(1, "BTC-USDT", "spot", lot_size="0.00001", min_notional="5")
SWAP = instrument(2, "BTC-USDT-SWAP", "linear", lot_size="0.01", contract_size="0.01")
PRIVATE = 7


def signed(payload: str, secret: str = SECRET) -> str:
    """Return the signature of `payload`."""
    return base64.b64encode(hmac.new(secret.encode(), payload.encode(), "sha256").digest()).decode()


class OkxDesk(Venue):
    """The venue, with both instruments, and its client."""

    def __init__(self, instruments: list[InstrumentConfig] | None = None, **config: Any) -> None:
        super().__init__("okx", instruments or [SPOT, SWAP], **config)

    def headers(self, method: str, path: str, body: str = "", **changed: str) -> dict[str, str]:
        """Return the headers of a signed request, or others where `changed` says so."""
        moment = datetime.fromtimestamp(self.wall_ns // 1_000_000_000, tz=UTC)
        time = changed.get("time", f"{moment:%Y-%m-%dT%H:%M:%S}.{self.wall_ns // 1_000_000 % 1000:03d}Z")
        return {
            "OK-ACCESS-KEY": changed.get("key", KEY),
            "OK-ACCESS-SIGN": signed(time + method + path + body, changed.get("secret", SECRET)),
            "OK-ACCESS-TIMESTAMP": time,
            "OK-ACCESS-PASSPHRASE": changed.get("passphrase", PASSPHRASE),
        }

    def query(self, path: str, /, **params: Any) -> Any:
        """Make a signed query; return the rows of its answer, or its code if that is not 0."""
        query = urlencode(params)
        headers = self.headers("GET", f"{path}?{query}" if query else path)
        reply = self.exchange.http("GET", path, query, headers, b"", self.wall_ns)
        answer = decoded(reply.body)
        return answer["data"] if answer["code"] == "0" else answer["code"]

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Make a signed request; return its answer."""
        text = json.dumps(body)
        all_headers = self.headers("POST", path, text) | headers
        reply = self.exchange.http("POST", path, "", all_headers, text.encode(), self.wall_ns)
        self.status = reply.status
        return decoded(reply.body)

    def order(self, side: str, size: str, price: str = "", kind: str = "limit", /, **fields: Any) -> Any:
        """Ask for an order of the spot instrument, or of the one that `fields` name; return what is answered of it."""
        answer = self.post("/api/v5/trade/order", self.terms(side, size, price, kind, **fields))
        return answer["data"][0] if answer["data"] else answer

    def terms(self, side: str, size: str, price: str = "", kind: str = "limit", /, **fields: Any) -> dict[str, Any]:
        """Return the fields of an order."""
        symbol = fields.get("instId", "BTC-USDT")
        terms = {"instId": symbol, "tdMode": "cross" if symbol.endswith("SWAP") else "cash"}
        terms |= {"side": side, "ordType": kind, "sz": size} | ({"px": price} if price else {})
        return terms | fields

    def login(self, number: int = PRIVATE, **changed: str) -> Any:
        """Open a private connection and log in; return what is answered."""
        self.open("/ws/v5/private", number)
        time = changed.get("time", str(self.wall_ns // 1_000_000_000))
        sign = signed(time + "GET/users/self/verify", changed.get("secret", SECRET))
        asked = {"apiKey": changed.get("key", KEY), "passphrase": changed.get("passphrase", PASSPHRASE)}
        return self.say({"op": "login", "args": [asked | {"timestamp": time, "sign": sign}]}, number)[0]

    def subscribe(self, *channels: str, number: int = PRIVATE, **arg: str) -> list[Any]:
        """Subscribe channels of a connection that is logged in."""
        args = [
            {"channel": each} | ({"instType": "ANY"} if each in ("orders", "positions") else {}) | arg
            for each in channels
        ]
        return self.say({"op": "subscribe", "args": args}, number)

    def pushed(self, channel: str, number: int = PRIVATE) -> list[Any]:
        """Return the rows that a channel has told."""
        return [
            row
            for frame in self.frames(number)
            if isinstance(frame, dict) and "data" in frame and frame.get("arg", {}).get("channel") == channel
            for row in frame["data"]
        ]

    def op(self, name: str, *args: dict[str, Any], number: int = PRIVATE, **head: Any) -> list[Any]:
        """Ask for a change of orders over the connection; return all that is sent at once."""
        return self.say({"id": "1512", "op": name, "args": list(args)} | head, number)

    def fault(self, **fault: Any) -> None:
        """Tell the venue to misbehave."""
        reply = self.exchange.http("POST", "/paper/fault", "", {}, json.dumps(fault).encode(), self.wall_ns)
        assert reply.status == 200, reply.body

    def best(self, symbol: str = "BTC-USDT") -> tuple[float, float]:
        """Return the best bid and ask."""
        _, answer = self.get("/api/v5/market/books", f"instId={symbol}&sz=1")
        row = answer["data"][0]
        return float(row["bids"][0][0]), float(row["asks"][0][0])

    def balances(self) -> dict[str, tuple[int, int]]:
        """Return (free, locked) by asset, times 10**8."""
        held = self.exchange.account.balances
        return {asset: (balance.free_e8, balance.locked_e8) for asset, balance in held.items()}
