"""A whole trading desk in virtual time: every role but the archive, against the paper venue, and what must hold."""

import hmac
import json
import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from agents.paper.agent import market_source
from agents.paper.exchange import PaperExchange
from agents.paper.simulated import SimulatedVenue
from core.frame import Header
from mesh.agent import Agent
from mesh.config import parse
from mesh.embedded import default_tree
from mesh.roles import build_agent
from mesh.simulator import Network, Simulator
from schemas.config import Config, PaperConfig
from schemas.messages import Message
from schemas.orders import Side
from schemas.streams import StreamClass, stream_class

MS = 1_000_000
SECOND = 1000 * MS
AGENTS = ("execution", "portfolio", "risk", "signal", "md")
POSITION_MAX = "0.05"
"""Tight, so that risk has something to hold back: the shipped strategies want several times as much."""

LIMIT_E8 = 5_000_000
KEY, SECRET = "simulated-key", "simulated-secret"


class Desk:
    """The mesh of the embedded configuration in the simulator."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        network: Network | None = None,
        captures: Sequence[str] = (),
        found: dict[str, Any] | None = None,
        speed: float = 1.0,
        market_log_bytes: int = 0,
    ) -> None:
        tree = default_tree(folder, 1, captures=captures, speed=speed, found=found)
        tree["agents"]["paper"]["seed"] = seed
        tree["agents"]["risk"]["limits"] = {"position_max": POSITION_MAX, "open_orders_max": 2}
        if market_log_bytes:
            tree["mesh"]["log_segment_bytes"] = market_log_bytes // 4
            tree["agents"]["md"]["log_retention_bytes"] = market_log_bytes
        del tree["agents"]["archive"]
        self.config = parse(tree)
        self.violations: list[str] = []
        self._applied: dict[tuple[str, int, str, int], tuple[int, int]] = {}
        self._lives: dict[str, int] = {}
        self.simulator = Simulator(
            self.config, seed=seed, state_dir=folder, network=network or Network(), build=self._build
        )
        paper = self.config.agents["paper"]
        assert isinstance(paper, PaperConfig)
        exchange = PaperExchange(
            paper, self.config.venues[0], self.config.instruments, market_source(paper), (KEY, SECRET)
        )
        self.venue = SimulatedVenue(self.simulator, exchange, KEY, SECRET)
        self._subscriptions_refused = 0
        self._manual_orders = 0
        self._take_message = exchange.ws_message
        exchange.ws_message = self._ws_message  # type: ignore[method-assign]
        for name in ("md", "execution"):
            self.simulator.shells[name] = self.venue.shell()

    def start(self) -> None:
        for name in AGENTS:
            self.simulator.start(name)

    def run(self, seconds: float) -> None:
        """Run, and look at the venue's own books every 50 ms."""
        end = self.simulator.now_ns + int(seconds * SECOND)
        while self.simulator.now_ns < end:
            self.simulator.run(min(50 * MS, end - self.simulator.now_ns))
            self._check_venue()

    def figures(self, name: str) -> dict[str, Any]:
        return self.simulator.nodes[name].agent.figures()

    def lost(self) -> int:
        return sum(s.lost for n in self.simulator.nodes.values() for s in n.engine.status().links)

    def torment(self, rng: random.Random, steps: int) -> None:
        """Kill, cut off, lose, limit, refuse and interfere, at random, for about `steps` times half a second."""
        for _ in range(steps):
            self.run(rng.uniform(0.1, 1.0))
            match rng.randrange(9):
                case 0:
                    name = rng.choice(AGENTS)
                    self.simulator.crash(name)
                    self.run(rng.uniform(0.05, 1.5))
                    self.simulator.start(name)
                case 1:
                    one, other = rng.sample(AGENTS, 2)
                    self.simulator.partition(one, other, int(rng.uniform(0.05, 2.0) * SECOND))
                case 2:
                    self.venue.request_loss = rng.choice([0.0, 0.1, 0.3])
                case 3:
                    rng.choice([self._close_user, self._close_market])()
                case 4:
                    self._fault(fault="rate_limit", count=rng.randint(1, 5), retry_after=rng.randint(1, 4))
                case 5:
                    self._fault(fault="mute_user", count=rng.randint(1, 10))
                case 6:
                    self._subscriptions_refused = rng.randint(1, 2)
                    self._close_user()
                case 7:
                    for _ in range(rng.randint(3, 10)):
                        self._close_user()
                        self.run(rng.uniform(0.05, 0.3))
                case 8:
                    self.sell_by_hand(rng)

    def heal(self) -> None:
        """Let every fault end; what they did stays."""
        self.venue.request_loss = 0.0
        self.simulator.network = Network()
        self._subscriptions_refused = 0
        self._fault(fault="clear")

    def sell_by_hand(self, rng: random.Random) -> bool:
        """Sell something that the account holds, past risk and execution: at once, or far above the market."""
        trading, wall_ns = self.venue.exchange.trading, self.simulator.wall_ns
        held = {symbol: e8 for symbol, e8 in trading.positions(self.venue.exchange.listings).items() if e8 > 0}
        if not held:
            return False
        symbol = rng.choice(list(held))
        listing = self.venue.exchange.listings[symbol]
        lots = max(1, held[symbol] // listing.lot_e8 // 2)
        book = self.venue.exchange.market.depth(symbol, 1)
        price = Decimal(book.bids[0][0]) * (1 if rng.random() < 0.7 else Decimal("1.04"))
        self._manual_orders += 1
        params = {
            "symbol": symbol,
            "side": "SELL",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": listing.qty.format(lots),
            "price": str(price.quantize(Decimal("0.01"))),
            "newClientOrderId": f"manual-{self._manual_orders}",
            "timestamp": str(wall_ns // MS),
        }
        query = urlencode(params)
        query += f"&signature={hmac.new(SECRET.encode(), query.encode(), 'sha256').hexdigest()}"
        answer = self.venue.exchange.http("POST", "/api/v3/order", query, {"X-MBX-APIKEY": KEY}, b"", wall_ns)
        self.venue.advance()
        return answer.status == 200

    def _check_venue(self) -> None:
        """O1 and O4, by the venue's own account: one create for each id; held plus ordered never over the limit."""
        trading = self.venue.exchange.trading
        if any(n > 1 for n in trading.creates.values()):
            self.violations.append(f"O1: {trading.creates}")
        held = trading.positions(self.venue.exchange.listings)
        ordered: dict[str, int] = {}
        for order in trading.open_orders(None, 1 << 62):
            if order.side == Side.BUY:
                symbol = order.listing.symbol
                ordered[symbol] = ordered.get(symbol, 0) + order.leaves_qty_lots * order.listing.lot_e8
        for symbol, qty_e8 in held.items():
            if qty_e8 + ordered.get(symbol, 0) > LIMIT_E8:
                self.violations.append(f"O4 {symbol}: {qty_e8} + {ordered.get(symbol, 0)} > {LIMIT_E8}")

    def _close_user(self) -> None:
        self._fault(fault="close_user")

    def _close_market(self) -> None:
        self._fault(fault="close_market")

    def _fault(self, **fault: str | int) -> None:
        body = json.dumps(fault).encode()
        self.venue.exchange.http("POST", "/paper/fault", "", {}, body, self.simulator.wall_ns)

    def _ws_message(self, number: int, text: str, wall_ns: int) -> None:
        """Hand on a request; spoil its signature, so that the venue refuses it, if a subscription is to be refused."""
        request = json.loads(text)
        if self._subscriptions_refused and "subscribe" in request["method"]:
            self._subscriptions_refused -= 1
            request["params"]["signature"] = "00"
        self._take_message(number, json.dumps(request), wall_ns)

    def _build(self, name: str, config: Config) -> Agent:
        agent = build_agent(name, config)
        life = self._lives[name] = self._lives.get(name, 0) + 1
        take = agent.on_message

        def checked(publisher: str, header: Header, message: Message) -> None:
            self._check(name, life, publisher, header)
            take(publisher, header, message)

        agent.on_message = checked  # type: ignore[method-assign]
        return agent

    def _check(self, name: str, life: int, publisher: str, header: Header) -> None:
        """S1 to S4: no silent gap, no doubles, in order, epochs never back, for each life of a subscriber."""
        where = (header.epoch, header.seq)
        key = (name, life, publisher, header.stream)
        last = self._applied.get(key)
        self._applied[key] = where
        if last is None:
            return
        event = stream_class(header.stream) is StreamClass.EVENT
        if where[0] < last[0]:
            self.violations.append(f"S4 {key}: epoch {last} -> {where}")
        elif event and where[1] != last[1] + 1:
            self.violations.append(f"S1 {key}: {last} -> {where}")
        elif not event and where <= last:
            self.violations.append(f"S2 {key}: {last} -> {where}")
        elif not event and where[0] == last[0] and where[1] != last[1] + 1 and not header.flags & 1:
            self.violations.append(f"S1 {key}: {last} -> {where}")
