"""A whole trading desk in virtual time: every role but the archive, against the paper venue, and what must hold."""

import hmac
import json
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from agents.paper.account.account_log import PaperEvent
from agents.paper.agent import market_source
from agents.paper.call import HttpReply
from agents.paper.exchange import PaperExchange
from agents.paper.simulated import SimulatedVenue
from core.frame import Header
from mesh.agent import Agent, Subscription
from mesh.anchor_store import AnchorStore
from mesh.config import parse
from mesh.context import VenueCall
from mesh.endpoints import agent_dir
from mesh.message_handler import MessageHandler
from mesh.protocol.log_fold import resumed
from mesh.roles import build_agent
from mesh.run.default_config import default_tree
from mesh.sim.simulator import Network, SimulatedShell, Simulator
from schemas.config import Config, PaperConfig
from schemas.messages import Message
from tests.sim.oracles import MANUAL, OrderOracle, StreamOracle

MS = 1_000_000
SECOND = 1000 * MS
AGENTS = ("reaper", "execution", "portfolio", "risk", "signal", "md")
POSITION_MAX = "0.05"
"""Tight, so that risk has something to hold back: the shipped strategies want several times as much."""

CREATE = ("POST", "/api/v3/order")
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
        open_orders_max: int = 2,
        execution: dict[str, Any] | None = None,
        hold_ms: int = 1000,
        bracketed: bool = False,
        shrinking: bool = False,
        telling: bool = False,
        segment_bytes: int = 0,
    ) -> None:
        tree = default_tree(folder, 1, captures=captures, speed=speed, found=found)
        tree["agents"]["paper"]["seed"] = seed
        tree["agents"]["risk"]["limits"] = {"position_max": POSITION_MAX, "open_orders_max": open_orders_max}
        tree["agents"]["signal"]["strategies"] += _eager([each["symbol"] for each in tree["instruments"]], hold_ms)
        if bracketed:
            tree["agents"]["signal"]["strategies"].append(_bracketed(tree["instruments"]))
        if shrinking:
            tree["agents"]["signal"]["strategies"].append(_shrinking(tree["instruments"]))
        if telling:
            tree["agents"]["signal"]["strategies"].append(_telling(tree["instruments"]))
        tree["agents"]["execution"] |= {"orders_over": "rest" if seed % 3 == 0 else "socket"} | (execution or {})
        if segment_bytes:
            tree["mesh"]["log_segment_bytes"] = segment_bytes
            tree["agents"]["md"]["log_retention_bytes"] = 0
        if market_log_bytes:
            tree["mesh"]["log_segment_bytes"] = market_log_bytes // 4
            tree["agents"]["md"]["log_retention_bytes"] = market_log_bytes
        del tree["agents"]["archive"]
        self.config = parse(tree)
        self.violations: list[str] = []
        self.subscriptions_refused = 0
        self._orders = OrderOracle(self.config, self.violations)
        self._manual_orders = 0
        self.venue_log: list[PaperEvent] = []
        self._venue_lives = 0
        self.simulator = Simulator(
            self.config, seed=seed, state_dir=folder, network=network or Network(), build=self._build
        )
        paper = self.config.agents["paper"]
        assert isinstance(paper, PaperConfig)
        self._paper = paper
        self._watch_publications()
        self.venue = SimulatedVenue(self.simulator, self._open_exchange())
        for name in ("md", "execution", "reaper"):
            self.simulator.shells[name] = self.venue.shell(orders=name == "execution")
        self._watch_creates(self.simulator.shells["execution"])

    def start(self) -> None:
        for name in AGENTS:
            self.simulator.start(name)

    def run(self, seconds: float) -> None:
        """Run, and look at the venue's own books every 50 ms."""
        end = self.simulator.now_ns + int(seconds * SECOND)
        while self.simulator.now_ns < end:
            self.simulator.run(min(50 * MS, end - self.simulator.now_ns))
            self._check_venue()

    def figures(self, name: str) -> Any:
        return self.simulator.nodes[name].agent.figures()

    def lost(self) -> int:
        return sum(s.lost for n in self.simulator.nodes.values() for s in n.engine.status().links)

    def heal(self) -> None:
        """Let every fault end; what they did stays."""
        self.venue.request_loss = 0.0
        self.simulator.network = Network()
        self.subscriptions_refused = 0
        self.fault(fault="clear")

    def crash_venue(self) -> None:
        """Kill the paper venue: what its log holds is all that remains."""
        self.venue.crash()

    def restart_venue(self) -> None:
        """Start the paper venue again on its log."""
        self.venue.restart(self._open_exchange())

    def sell_by_hand(self, rng: random.Random) -> bool:
        """Sell something that the account holds, past risk and execution: at once, or far above the market.

        The account may trade with itself then: the venue matches what is sold with what the desk buys.
        """
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
            "newClientOrderId": f"{MANUAL}{self._manual_orders}",
            "timestamp": str(wall_ns // MS),
        }
        query = urlencode(params)
        query += f"&signature={hmac.new(SECRET.encode(), query.encode(), 'sha256').hexdigest()}"
        answer = self.venue.exchange.http("POST", "/api/v3/order", query, {"X-MBX-APIKEY": KEY}, b"", wall_ns)
        self.venue.advance()
        return answer.status == 200

    def fault(self, **fault: str | float) -> None:
        """Tell the venue to misbehave (`agents.paper.faults`)."""
        body = json.dumps(fault).encode()
        self.venue.exchange.http("POST", "/paper/fault", "", {}, body, self.simulator.wall_ns)

    def _check_venue(self) -> None:
        if self.venue.up:
            self._orders.check(self.venue.exchange, self.simulator.now_ns)

    def _open_exchange(self) -> PaperExchange:
        """Start the paper venue, for the first time or again, as its agent does: on the events of its earlier lives."""
        exchange = PaperExchange(
            self._paper, self.config.venues[0], self.config.instruments, market_source(self._paper), (KEY, SECRET)
        )
        before = list(self.venue_log)
        self._venue_lives += 1
        exchange.attach_log(self.venue_log.append, self._venue_lives)
        for event in before:
            exchange.restore(event)
        exchange.begin(self.simulator.wall_ns)
        take = exchange.ws_message

        def spoiled(number: int, text: str, wall_ns: int) -> None:
            take(number, self._spoiled(text), wall_ns)
            asked = json.loads(text)
            if asked["method"] == "order.place":
                self._orders.arrived(asked["params"]["newClientOrderId"])

        exchange.ws_message = spoiled  # type: ignore[method-assign]
        carry_out = exchange.http

        def seen(
            method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, wall_ns: int
        ) -> HttpReply:
            answer = carry_out(method, path, query, headers, body, wall_ns)
            if (method, path) == CREATE:
                self._orders.arrived(parse_qs(query or body.decode()).get("newClientOrderId", [""])[0])
            return answer

        exchange.http = seen  # type: ignore[method-assign]
        return exchange

    def _watch_creates(self, shell: SimulatedShell) -> None:
        carry = shell.call

        def seen(call_id: int, call: VenueCall) -> None:
            if (call.method, call.path) == CREATE:
                client_order_id = str(dict(call.params)["newClientOrderId"])
                self._orders.sent(client_order_id, self.simulator.now_ns, up=self.venue.up)
            carry(call_id, call)

        shell.call = seen  # type: ignore[method-assign]

    def _spoiled(self, text: str) -> str:
        """Return a request with a wrong signature, so that the venue refuses it, if a subscription is to be refused."""
        request = json.loads(text)
        if self.subscriptions_refused and "subscribe" in request["method"]:
            self.subscriptions_refused -= 1
            request["params"]["signature"] = "00"
        return json.dumps(request)

    def _watch_publications(self) -> None:
        carry = self.simulator.carry_publication

        def watched(publisher: str, frame: bytes) -> None:
            self._orders.published(frame, self.simulator.now_ns)
            carry(publisher, frame)

        self.simulator.carry_publication = watched  # type: ignore[method-assign]

    def _build(self, name: str, config: Config) -> Agent:
        agent = build_agent(name, config)
        subscriptions, handlers = agent.subscriptions, agent.handlers()
        checked = _Checked(handlers.message)
        handlers.message = checked

        def noted() -> Sequence[Subscription]:
            found = subscriptions()
            folder = agent_dir(config, name)
            anchor = AnchorStore(folder, name, agent.anchored, config, agent.counted_by).newest()
            checked.oracle = StreamOracle(name, resumed(found, anchor), self.violations)
            return found

        agent.subscriptions = noted  # type: ignore[method-assign]
        agent.handlers = lambda: handlers  # type: ignore[method-assign]
        return agent


class _Checked(MessageHandler):
    """Shows an oracle what an agent applies, and has it applied."""

    oracle: StreamOracle

    def __init__(self, handler: MessageHandler) -> None:
        self._handler = handler

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        self.oracle.applied(publisher, header)
        self._handler.on_message(publisher, header, message)

    def on_messages(self, publisher: str, headers: list[Header], messages: list[Message]) -> None:
        for header in headers:
            self.oracle.applied(publisher, header)
        self._handler.on_messages(publisher, headers, messages)


def _bracketed(instruments: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a strategy whose orders have brackets, and which replaces them."""
    symbols = [each["symbol"] for each in instruments]
    return {"name": "bracketed", "path": "tests.sim.bracketed:Bracketed", "instruments": symbols}


def _shrinking(instruments: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a strategy whose orders become smaller where they stand."""
    symbols = [each["symbol"] for each in instruments]
    return {"name": "shrinking", "path": "tests.sim.shrinking:Shrinking", "instruments": symbols}


def _telling(instruments: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a strategy that saves what it sees, on bars of a fifth of a second."""
    symbols = [each["symbol"] for each in instruments]
    return {"name": "telling", "path": "tests.sim.telling:Telling", "instruments": symbols, "bar_ms": 200}


def _eager(symbols: list[str], hold_ms: int) -> list[dict[str, Any]]:
    """Return strategies that take, and that make and cancel, so often that orders stand open most of the time."""
    path = "agents.strategies.book_imbalance:BookImbalance"
    lean = {"threshold": 0.05, "cooldown_ms": 250, "order_notional": 100.0}
    return [
        {"name": "taker", "path": path, "instruments": symbols, "params": lean},
        {"name": "maker", "path": path, "instruments": symbols, "params": lean | {"maker": True, "hold_ms": hold_ms}},
    ]
