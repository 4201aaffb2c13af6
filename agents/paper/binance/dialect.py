"""Binance's spot as a dialect; and the market side of its futures in coins, which nobody trades here."""

from typing import Any

from agents.paper.account.told import (
    AccountEvent,
    BalancesTold,
    FundingTold,
    LeverageTold,
    MarginCallTold,
    OrderTold,
    TransferTold,
)
from agents.paper.binance import reports
from agents.paper.binance.order_api import SPOT_CALLS, OrderApi
from agents.paper.binance.private_rest import PrivateRest
from agents.paper.binance.protocol import BinanceProtocol
from agents.paper.binance.public_rest import PublicRest
from agents.paper.binance.rate_limits import RateLimiter
from agents.paper.binance.refusals import TIMED_OUT, UNKNOWN_ORDER, Refusal, spoken
from agents.paper.binance.stream_hub import market_path
from agents.paper.binance.time_units import in_unit
from agents.paper.binance.user_stream import LISTEN_KEY_PATH, UserStream
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.refusals import Refused
from agents.paper.subscribers import MARKET

WS_API_PATH = "/ws-api/v3"


class BinanceDialect(BinanceProtocol):
    """The spot protocol over one floor."""

    create = ("POST", "/api/v3/order")
    order_routes = "/api/v3/order"
    counted = frozenset({create, ("POST", "/api/v3/order/cancelReplace")})

    def __init__(self, floor: Floor, *, futures: bool) -> None:
        """Answer out of `floor`; with `futures`, list its instruments as perpetuals too."""
        self._spot = not futures
        super().__init__(floor, RateLimiter(), micros=self._spot and floor.market.kind == "model")
        self._users = UserStream(self._authenticator, self.hub, self.limiter, floor.send, self._end)
        self._users.orders = self._orders = OrderApi(
            self._authenticator, self.limiter, floor.faults, floor.answer, floor.send, self._end, SPOT_CALLS
        )
        self._public = PublicRest(floor.listings, floor.market, futures=futures).routes
        self._private = PrivateRest(floor.listings, floor.trading).routes
        self._keyed = {
            (method, LISTEN_KEY_PATH): (self._users.listen_key_call, lambda _: 2)
            for method in ("POST", "PUT", "DELETE")
        }

    def spoken(self, refused: Refused) -> Refusal:
        """Return the refusal in spot's code and words."""
        return spoken(refused)

    def in_unit(self, call: Call, answer: Any) -> Any:
        """Return an answer in milliseconds or, on spot, in microseconds."""
        return in_unit(call, answer) if self._spot else answer

    def broken(self, *, executed: bool) -> tuple[int, str]:
        """Return what leaves open what became of a request."""
        return TIMED_OUT if executed else UNKNOWN_ORDER

    def ws_open(self, conn_id: int, path_and_query: str, wall_ns: int) -> bool:
        """Take on a market, account or API connection; the first of a market starts the clock."""
        path, _ = market_path(path_and_query)
        name = path.removeprefix("/ws/")
        if path.startswith(WS_API_PATH):
            self.hub.open_account(conn_id)
        elif name != path and self._users.knows(name, wall_ns):
            self.hub.open_account(conn_id, name)
        elif path.split("/")[1] in ("ws", "stream"):
            self.hub.open_market(conn_id, path_and_query)
            self.floor.market.start(wall_ns)
        else:
            return False
        return True

    def ws_message(self, conn_id: int, text: str, wall_ns: int) -> None:
        """Take a subscription, or a request of the websocket API."""
        connection = self.hub.connections.get(conn_id)
        if connection is None:
            return
        if connection.role == MARKET:
            self.hub.market_message(connection, text)
        elif not connection.listen_key:
            self._users.api_message(connection, text, wall_ns)

    def account_event(self, event: AccountEvent) -> None:
        """Tell it on the user data stream, which knows of no contracts."""
        if not isinstance(event, LeverageTold | FundingTold | MarginCallTold):
            self.hub.account_event(self._event(event))

    def advance(self, wall_ns: int) -> int | None:
        """End a listen key whose time is over, send the answers that were held back until now, and tell bars."""
        self._users.expire(wall_ns)
        due = (self._users.expires_ns, self._orders.advance(wall_ns), self.bars.advance(wall_ns))
        return min((ns for ns in due if ns is not None), default=None)

    def _event(self, event: OrderTold | BalancesTold | TransferTold) -> reports.Json:
        if isinstance(event, OrderTold):
            return reports.execution_report(
                event.order, event.change, event.number, event.wall_ns, fill=event.fill, cancel_id=event.cancel_id
            )
        if isinstance(event, TransferTold):
            return reports.balance_update(event.asset, event.amount_e8, event.wall_ns)
        return reports.account_position(self.floor.trading.account, event.assets, event.wall_ns)
