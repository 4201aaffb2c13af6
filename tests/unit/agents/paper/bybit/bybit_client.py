"""A client of Bybit's dialect in memory: it signs its requests, and listens to the account."""

import json
from typing import Any

from agents.paper.bybit.authenticator import BybitAuthenticator
from agents.venues.credentials import Credentials
from tests.unit.agents.paper.bybit.test_market_writer import LINEAR, SPOT
from tests.unit.agents.paper.model_kit import CREDENTIALS, Venue

TOPICS = ("order", "execution", "wallet", "position")
PRIVATE, ORDERS = 900, 901


class BybitClient(Venue):
    """A venue with spot and linear instruments, whose market runs, and its client."""

    def __init__(self, **config: Any) -> None:
        super().__init__("bybit", [SPOT, LINEAR], **config)
        self.signer = BybitAuthenticator(Credentials(*CREDENTIALS))
        self.open("/v5/public/linear")
        self.say({"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})
        self.run(1)

    @property
    def now_ms(self) -> int:
        return self.wall_ns // 10**6

    def call(self, method: str, path: str, query: str = "", **headers: str) -> Any:
        """Make one signed call; return the whole reply."""
        body, query = (query, "") if method == "POST" else ("", query)
        signed = self.signer.headers(str(self.now_ms), "5000", body or query) | headers
        reply = self.exchange.http(method, path, query, signed, body.encode(), self.wall_ns)
        self.exchange.advance(self.wall_ns)
        return reply

    def ask(self, path: str, query: str) -> Any:
        """Return the result of a query."""
        answer = json.loads(self.call("GET", path, query).body)
        assert answer["retCode"] == 0, answer
        return answer["result"]

    def post(self, path: str, **fields: Any) -> Any:
        """Return the answer to a request that changes something."""
        return json.loads(self.call("POST", path, json.dumps(fields)).body)

    def order(self, side: str, qty: str, price: str, category: str = "linear", /, **fields: Any) -> Any:
        """Send a limit order; return the answer."""
        terms = {
            "category": category,
            "symbol": "BTCUSDT",
            "side": side,
            "orderType": "Limit",
            "qty": qty,
            "price": price,
        }
        return self.post("/v5/order/create", **(terms | fields))

    def login(self, path: str, number: int) -> Any:
        """Open a connection of the account, and log in; return the answer."""
        self.open(path, number)
        expires = self.now_ms + 10_000
        args = [CREDENTIALS[0], expires, self.signer.sign(f"GET/realtime{expires}")]
        return self.say({"op": "auth", "args": args}, number)[0]

    def listen(self, *topics: str) -> None:
        """Subscribe topics of the account."""
        assert self.login("/v5/private", PRIVATE)["success"]
        (answer,) = self.say({"op": "subscribe", "req_id": "s", "args": list(topics or TOPICS)}, PRIVATE)
        assert answer["success"], answer

    def told(self, topic: str) -> list[Any]:
        """Return the rows that were told of a topic."""
        frames = [frame for frame in self.frames(PRIVATE) if frame.get("topic") == topic]
        return [row for frame in frames for row in frame["data"]]

    def best(self, side: str) -> float:
        """Return the best bid ("b") or ask ("a") of the contract."""
        book = self.get("/v5/market/orderbook", "category=linear&symbol=BTCUSDT&limit=1")[1]["result"]
        return float(book[side][0][0])
