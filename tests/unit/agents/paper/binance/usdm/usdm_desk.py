"""A USDT-M paper venue in memory, and a client that signs, listens and trades on it."""

import hmac
import json
from typing import Any
from urllib.parse import urlencode

from schemas.config import InstrumentConfig
from tests.unit.agents.paper.model_kit import CREDENTIALS, Venue, decoded, instrument

KEY, SECRET, _ = CREDENTIALS
BTC = instrument(1, "BTCUSDT", "", min_notional="5")
ETH = instrument(2, "ETHUSDT", "", base="ETH", tick_size="0.01", min_notional="5")
STREAM, API = 7, 8


def signature(payload: str) -> str:
    """Return the signature of `payload`."""
    return hmac.new(SECRET.encode(), payload.encode(), "sha256").hexdigest()


class UsdmDesk(Venue):
    """The venue, with two contracts, and its client."""

    def __init__(self, instruments: list[InstrumentConfig] | None = None, **config: Any) -> None:
        config.setdefault("balances", {"USDT": "100000"})
        super().__init__("binance_usdm", instruments or [BTC, ETH], **config)
        self.headers: dict[str, str] = {}
        self.status = 0

    def call(self, method: str, path: str, /, **params: Any) -> Any:
        """Make one signed call; return the answer."""
        fields = {name: str(value) for name, value in params.items()}
        fields.setdefault("timestamp", str(self.wall_ns // 1_000_000))
        query = urlencode(fields)
        return self.raw(method, path, f"{query}&signature={signature(query)}")

    def raw(self, method: str, path: str, query: str = "", key: str = KEY) -> Any:
        """Make one call as given; return the answer."""
        reply = self.exchange.http(method, path, query, {"X-MBX-APIKEY": key}, b"", self.wall_ns)
        self.status, self.headers = reply.status, reply.headers
        return decoded(reply.body)

    def order(self, side: str, qty: str, price: str = "", /, **params: Any) -> Any:
        """Send a new order: LIMIT GTC at `price`, or MARKET without one."""
        fields = {"symbol": "BTCUSDT", "side": side, "quantity": qty}
        fields |= {"type": "LIMIT", "timeInForce": "GTC", "price": price} if price else {"type": "MARKET"}
        fields |= params
        return self.call("POST", "/fapi/v1/order", **{name: value for name, value in fields.items() if value})

    def listen(self, number: int = STREAM) -> str:
        """Open a connection that hears the account; return the listen key."""
        key = str(self.raw("POST", "/fapi/v1/listenKey")["listenKey"])
        self.open(f"/private/ws?listenKey={key}", number)
        return key

    def told(self, kind: str = "", number: int = STREAM) -> list[Any]:
        """Return the events of a kind, or all, that were told so far."""
        return [frame for frame in self.frames(number) if kind in ("", frame.get("e"))]

    def request(self, method: str, number: int = API, /, **params: Any) -> Any:
        """Make one signed request over the websocket API; return the answer."""
        params |= {"apiKey": KEY, "timestamp": self.wall_ns // 1_000_000}
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
        frames = self.say({"id": "q1", "method": method, "params": params | {"signature": signature(payload)}}, number)
        return next(frame for frame in frames if frame.get("id") == "q1")

    def fault(self, **fault: Any) -> None:
        """Tell the venue to misbehave."""
        reply = self.exchange.http("POST", "/paper/fault", "", {}, json.dumps(fault).encode(), self.wall_ns)
        assert reply.status == 200, reply.body

    def best(self, symbol: str = "BTCUSDT") -> tuple[float, float]:
        """Return the best bid and ask."""
        _, answer = self.get("/fapi/v1/depth", f"symbol={symbol}&limit=5")
        return float(answer["bids"][0][0]), float(answer["asks"][0][0])

    def position(self, symbol: str = "BTCUSDT") -> Any:
        """Return what the venue tells of a position."""
        return self.call("GET", "/fapi/v3/positionRisk", symbol=symbol)[0]

    def limits(self) -> dict[str, str]:
        """Return what a request tells of limits."""
        self.raw("GET", "/fapi/v1/time")
        return self.headers
