"""What every venue's order entry is put through: a paper venue of its kind, and one execution agent on its adapter.

The venue plays its order-flow model in this process behind a real port, so that a test can see into its books and have it
misbehave. The agent is alone: what risk would send it is made here, and what it publishes is kept.
"""

import asyncio
import time
from typing import Any, NamedTuple, Self

import msgspec

from agents.execution.agent import build as build_execution
from agents.paper.account.new_order import NewOrder
from agents.paper.agent import build as build_paper
from agents.paper.faults import Fault
from agents.paper.market.market import Match
from agents.paper.orders import VenueOrder
from agents.paper.server import PaperServer
from agents.venues.adapters import ADAPTERS
from agents.venues.credentials import Credentials
from agents.venues.http_ws import VenueShell
from mesh.context import VenueCall
from schemas.config import Config, ExecutionConfig, InstrumentConfig, PaperConfig, RiskConfig, VenueConfig
from schemas.markets import Category, VenueKind
from schemas.messages import Ack, CancelOrder, OrderFilled
from schemas.orders import OrderStatus, Side, TimeInForce
from tests.integration.live_context import LiveContext
from tests.unit.agents.submissions import approved, submission

ACCOUNT = Credentials("k" * 64, "s" * 64, "phrase")
ENVIRONMENT = {"PAPER_KEY": ACCOUNT.key, "PAPER_SECRET": ACCOUNT.secret, "PAPER_PASSPHRASE": ACCOUNT.passphrase}
BALANCES = {"BTC": "10", "USDT": "1000000"}
RECONCILE_MS, WEIGHT_PER_MINUTE_MAX = 100, 60_000
"""Each test waits for two passes over the account, some twice: ten times as often as a venue would let an agent ask."""
SETTLE_MS = 1_000
"""What has not come within so long never comes: everything is on this machine."""


class Party(NamedTuple):
    """A kind of venue with one of its instruments: how it is called, how it is counted, and how its venue is reached."""

    kind: VenueKind
    symbol: str
    category: Category
    tick_size: str
    lot_size: str
    contract_size: str = "1"
    lots: int = 1_000
    """What the tests trade at once, a small part of what stands at the best price."""
    path: str = ""
    """Behind the address of the websocket."""
    api_path: str = ""
    """Behind that of the websocket for orders, where it has an address of its own."""
    leverage_max: str = "0"

    def instrument(self) -> InstrumentConfig:
        """Return the instrument."""
        sizes = {"tick_size": self.tick_size, "lot_size": self.lot_size, "contract_size": self.contract_size}
        named: dict[str, Any] = {"venue": "paper", "symbol": self.symbol, "base": "BTC", "quote": "USDT"}
        named |= {"category": self.category, "leverage_max": self.leverage_max}
        return InstrumentConfig(id=1, min_notional="5", **named, **sizes)


PARTIES = {
    "binance": Party("binance_spot", "BTCUSDT", "spot", "0.01", "0.00001", api_path="/ws-api/v3"),
    "binance-usdm": Party("binance_usdm", "BTCUSDT", "linear", "0.1", "0.001", lots=10, api_path="/ws-fapi/v1"),
    "okx-spot": Party("okx", "BTC-USDT", "spot", "0.1", "0.00001"),
    "bybit-spot": Party("bybit", "BTCUSDT", "spot", "0.1", "0.00001"),
    "bybit-linear": Party("bybit", "BTCUSDT", "linear", "0.1", "0.001", lots=10),
    "okx-swap": Party("okx", "BTC-USDT-SWAP", "linear", "0.1", "0.01", contract_size="0.01", lots=100),
}
"""Whoever brings a dialect that takes orders adds it here."""


class Rig:
    """The venue and the agent; a context manager of one running loop. Orders go `over` socket or rest."""

    def __init__(self, party: Party, over: str = "rest", **paper: Any) -> None:
        """Have the venue of `party`, configured with `paper` beside what all have."""
        self.party = party
        self.over = over
        self._paper = {"speed": 10.0, "balances": BALANCES} | paper

    async def __aenter__(self) -> Self:
        self.server = PaperServer(build_paper("venue", self._config(0)).exchange, "127.0.0.1:0")
        await self.server.start()
        self.config = self._config(self.server.port)
        self.exchange = self.server.exchange
        self.exchange.market.start(time.time_ns())
        self.execution: Any = await self.run_execution()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.execution.shell.stop()
        await self.server.stop()

    async def run_execution(self, log: Any = ()) -> Any:
        """Start an execution agent that has already published `log`."""
        venue = self.config.venues[0]
        adapter = ADAPTERS[venue.kind]
        signer = adapter.signer(venue, ACCOUNT)
        order_wire = adapter.order_wire(venue, signer) if adapter.order_wire and self.over == "socket" else None
        agent = build_execution("execution", self.config)
        shell = VenueShell(venue.name, signer, None, order_wire)
        ctx = LiveContext(agent, shell)
        await shell.start(ctx)
        agent.bind(ctx)
        for item in log:
            agent.restore(item.header, item.message)
        agent.start()
        return ctx

    async def ready(self) -> None:
        """Wait until the agent takes orders, the way that it is to send them is open, and there is a market."""
        way = "socket" if self.over == "socket" else "REST"
        await self.until(lambda: self.figures().reconciled and self.figures().orders_over == way)
        await self.until(lambda: all(self.best(side) for side in (Side.BUY, Side.SELL)))

    async def until(self, condition: Any) -> None:
        """Let time pass until `condition` holds."""
        await self.execution.until(condition)

    def figures(self) -> Any:
        """Return the agent's figures."""
        return self.execution.agent.figures()

    def fault(self, name: str, **terms: Any) -> None:
        """Have the venue misbehave."""
        fault = Fault(name, **terms)
        if name.startswith("close_"):
            self.close_user()
        else:
            self.exchange.faults.tell(fault)

    def close_user(self) -> None:
        """Close every connection of the account."""
        for number in self.exchange.dialect.hub.of_role("account"):
            self.exchange.dialect.ws_close(number)
            self.server._close(number)

    def best(self, side: Side) -> int:
        """Return the best price that an order of `side` can take, 0 if there is none."""
        return next((price for price, _ in self.exchange.market.liquidity(self.party.symbol, side)), 0)

    def taking(self) -> int:
        """Return a price at which a buy fills wholly at once."""
        return self.best(Side.BUY) * 101 // 100

    def resting(self) -> int:
        """Return a price at which a buy rests and is not reached."""
        return self.best(Side.SELL) * 9 // 10

    def submit(
        self, name: str, price: int, terms: TimeInForce = TimeInForce.GTC, lots: int = 0, side: Side = Side.BUY
    ) -> None:
        """Have the agent create an order, which it must take on."""
        order = approved(name, lots or self.party.lots, price, side, terms)
        assert self.execution.ask(self.execution.agent, submission(order)) == Ack(True)

    def replace(self, old: str, name: str, price: int, lots: int) -> Any:
        """Have the agent make an order in place of another; return its answer, None while there is none."""
        order = msgspec.structs.replace(approved(name, lots, price, Side.BUY, TimeInForce.GTC), replaces=old)
        return self.execution.ask(self.execution.agent, submission(order))

    def trade_by_hand(self, order: VenueOrder, lots: int) -> None:
        """Have a resting order of the agent filled in part."""
        match = Match(order.price_ticks, lots, 1 << 40)
        self.exchange.trading.maker_fill(order, match, self.execution.wall_ns)
        self.exchange.market.reduce(order)

    def amends(self) -> list[VenueCall]:
        """Return the calls by which the agent had orders amended."""
        return [call for call in self.execution.made if call.method == "PUT" or "amend" in call.path]

    def cancel(self, name: str) -> None:
        """Have it canceled."""
        assert self.execution.ask(self.execution.agent, CancelOrder(name, 61)) == Ack(True)

    def place_by_hand(self, name: str, price: int, lots: int = 0) -> VenueOrder:
        """Let the owner of the account place a buy order at the venue, beside the agent."""
        listing = self.exchange.listings[self.party.symbol]
        new = NewOrder(listing, Side.BUY, "LIMIT", "GTC", price, lots or self.party.lots, 0, name)
        return self.exchange.trading.create(new, self.execution.wall_ns)

    def at_venue(self, name: str) -> VenueOrder | None:
        """Return an order out of the venue's own books."""
        return self.exchange.trading.ledger.by_client_id.get((self.party.symbol, name))

    def status_at_venue(self, name: str) -> str:
        """Return its status there, "" if the venue never had it."""
        order = self.at_venue(name)
        return order.status if order is not None else ""

    def statuses(self, name: str) -> list[OrderStatus]:
        """Return the states of an order as the agent published them."""
        return [
            OrderStatus(message.status)
            for message in self.execution.messages()
            if getattr(message, "client_order_id", "") == name and hasattr(message, "status")
        ]

    async def ends(self, name: str, *states: OrderStatus) -> OrderStatus:
        """Wait until the agent has an order in one of `states`; return which one."""
        await self.until(lambda: any(state in states for state in self.statuses(name)[-1:]))
        return self.statuses(name)[-1]

    def told(self, kind: type[Any]) -> list[Any]:
        """Return the messages of a type that the agent published."""
        return [message for message in self.execution.messages() if isinstance(message, kind)]

    def held(self) -> int:
        """Return the position in the instrument at the venue, in lots."""
        return int(self.exchange.account.position(self.party.symbol).qty_lots)

    def fills(self) -> list[OrderFilled]:
        """Return the executions that the agent published."""
        return [message for message in self.execution.messages() if isinstance(message, OrderFilled)]

    def names_at_venue(self) -> dict[str, str]:
        """Return by which name the venue knows each order: one that was amended keeps its first."""
        orders = self.execution.agent._desk.table.orders.values()
        return {order.client_order_id: order.venue_name for order in orders}

    async def settled(self) -> None:
        """Wait for two more passes over the account, and assert that both sides have the same orders and executions."""
        passes = self.figures().passes
        await self.until(lambda: self.figures().passes >= passes + 2 and not self.figures().orders.unknown)
        told = [(each.client_order_id, each.trade_id) for each in self.fills()]
        assert len(set(told)) == len(told), "no execution twice"
        named = self.names_at_venue()
        assert sorted(
            (named[each.client_order_id], each.last_px_ticks, each.last_qty_lots) for each in self.fills()
        ) == sorted(
            (order.client_order_id, fill.price_ticks, fill.qty_lots)
            for order in self.exchange.trading.orders.values()
            for fill in order.fills
        )
        still_open = {order.client_order_id for order in self.exchange.trading.open_orders(None, 1 << 62)}
        assert {named[order.client_order_id] for order in self.figures().open} == still_open
        assert max(self.exchange.trading.creates.values(), default=0) <= 1, "no order twice"

    def _config(self, port: int) -> Config:
        base = f"127.0.0.1:{port}"
        party = self.party
        api: dict[str, Any] = {"ws_api_url": f"ws://{base}{party.api_path}"} if party.api_path else {}
        return Config(
            venues=(
                VenueConfig(
                    id=1,
                    name="paper",
                    kind=party.kind,
                    rest_url=f"http://{base}",
                    ws_url=f"ws://{base}{party.path}",
                    credentials="PAPER",
                    recv_window_ms=1_000,
                    settle_ms=SETTLE_MS,
                    weight_per_minute_max=WEIGHT_PER_MINUTE_MAX,
                    **api,
                ),
            ),
            instruments=(party.instrument(),),
            agents={
                "venue": PaperConfig(id=9, venue="paper", **self._paper),
                "execution": ExecutionConfig(
                    id=2, venue="paper", reconcile_interval_ms=RECONCILE_MS, orders_over=self.over
                ),
                "risk": RiskConfig(id=3, market_data=(), execution=("execution",), portfolio="portfolio"),
            },
        )


def run(test: Any) -> None:
    """Run a test's coroutine for as long as one may take."""
    asyncio.run(asyncio.wait_for(test, 90))
