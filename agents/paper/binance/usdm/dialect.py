"""USDT-M as a dialect: its REST, its streams by path, and its websocket API."""

from agents.paper.account.told import AccountEvent
from agents.paper.binance.order_api import OrderApi
from agents.paper.binance.protocol import BinanceProtocol
from agents.paper.binance.public_rest import PublicRest
from agents.paper.binance.rate_limits import USDM_LIMITS, RateLimiter
from agents.paper.binance.refusals import TIMED_OUT, Refusal
from agents.paper.binance.stream_hub import market_path
from agents.paper.binance.usdm.account_rest import UsdmAccountRest
from agents.paper.binance.usdm.account_rows import UsdmAccountRows
from agents.paper.binance.usdm.marks_rest import UsdmMarksRest
from agents.paper.binance.usdm.modes import UsdmModes
from agents.paper.binance.usdm.order_api import CALLS, PATH, UsdmApi
from agents.paper.binance.usdm.refusals import UNKNOWN_ERROR, spoken
from agents.paper.binance.usdm.routes import PRIVATE, UsdmStreams
from agents.paper.binance.usdm.trade_rest import UsdmTradeRest
from agents.paper.binance.usdm.user_stream import UsdmUserStream
from agents.paper.dialect import Floor
from agents.paper.refusals import Refused
from agents.paper.subscribers import MARKET
from schemas.units import DAY

KNOWN_NS = 3 * DAY
"""How long an order is known that ended without a fill."""


class UsdmDialect(BinanceProtocol):
    """The protocol of USDT-M over one floor."""

    create = ("POST", "/fapi/v1/order")
    order_routes = "/fapi/v1/order"
    counted = frozenset({create, ("PUT", "/fapi/v1/order")})

    def __init__(self, floor: Floor) -> None:
        """Answer out of `floor`."""
        super().__init__(floor, RateLimiter(USDM_LIMITS))
        floor.trading.forget_ns = floor.forget_ns or KNOWN_NS
        rows, self._trades = UsdmAccountRows(floor), UsdmTradeRest(floor)
        self._users = UsdmUserStream(floor, self.hub, self._authenticator, rows, self._trades.modify_ids)
        self._streams = UsdmStreams(floor, self.hub, self._users.key)
        self._public = PublicRest(floor.listings, floor.market, futures=True).routes | UsdmMarksRest(floor).routes
        self._keyed = self._users.routes
        self._private = self._trades.routes | UsdmAccountRest(floor, rows).routes | UsdmModes(floor).routes
        self._orders = OrderApi(
            self._authenticator, self.limiter, floor.faults, floor.answer, floor.send, self._end, CALLS
        )
        self._api = UsdmApi(floor, self._orders, self._users, self._public, self.limiter)

    def spoken(self, refused: Refused) -> Refusal:
        """Return the refusal in the code and words of futures."""
        return spoken(refused)

    def broken(self, *, executed: bool) -> tuple[int, str]:
        """Return what leaves open what became of a request."""
        return TIMED_OUT if executed else UNKNOWN_ERROR

    def ws_open(self, conn_id: int, path_and_query: str, wall_ns: int) -> bool:
        """Take on a market, account or API connection; the first of a market starts the clock."""
        if market_path(path_and_query)[0] == PATH:
            self.hub.open_account(conn_id)
            return True
        return self._streams.open(conn_id, path_and_query, wall_ns)

    def ws_message(self, conn_id: int, text: str, wall_ns: int) -> None:
        """Take a subscription, or a request of the websocket API."""
        connection = self.hub.connections.get(conn_id)
        if connection is None:
            return
        if connection.role == MARKET or connection.route == PRIVATE:
            self._streams.message(connection, text, wall_ns)
        else:
            self._api.message(connection, text, wall_ns)

    def account_event(self, event: AccountEvent) -> None:
        """Tell it on the user data stream."""
        self._users.account_event(event)

    def advance(self, wall_ns: int) -> int | None:
        """End a listen key and countdowns whose time is over, send the answers that were held back, and tell bars."""
        self._users.key.expire(wall_ns)
        due = [self._users.key.expires_ns, self._trades.advance(wall_ns), self._orders.advance(wall_ns)]
        due.append(self.bars.advance(wall_ns))
        return min((ns for ns in due if ns is not None), default=None)
