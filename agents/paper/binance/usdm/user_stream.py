"""USDT-M's user data stream: listen keys, and what their connections are told.

(Derivatives documentation, USDT-M, user data streams.) An execution is told three times: in short (TRADE_LITE), then what
it changed in the account (ACCOUNT_UPDATE), then the order (ORDER_TRADE_UPDATE). An order that is only taken on, amended or
canceled moves no money, and so no ACCOUNT_UPDATE comes. A key whose time is over, or that was deleted, leaves its
connections open and silent. A listen key has no signature, only the API key.
"""

from typing import Any

from agents.paper.account.told import AccountEvent, FundingTold, LeverageTold, MarginCallTold, OrderTold, TransferTold
from agents.paper.binance.authenticator import Authenticator, api_key_of
from agents.paper.binance.listen_key import ListenKey
from agents.paper.binance.protocol import Routes
from agents.paper.binance.stream_hub import StreamHub
from agents.paper.binance.usdm import order_rows
from agents.paper.binance.usdm.account_rows import UsdmAccountRows
from agents.paper.binance.usdm.order_rows import Json
from agents.paper.call import Call
from agents.paper.dialect import Floor
from schemas.units import MS

LISTEN_KEY_PATH = "/fapi/v1/listenKey"


class UsdmUserStream:
    """The listen key, and the events of the account for those who listen."""

    def __init__(
        self,
        floor: Floor,
        hub: StreamHub,
        authenticator: Authenticator,
        rows: UsdmAccountRows,
        modify_ids: dict[int, str],
    ) -> None:
        """Tell of `floor` by `hub`; `modify_ids` has, by order, the number of an amendment that is being carried out."""
        self._floor = floor
        self._hub = hub
        self._authenticator = authenticator
        self._rows = rows
        self._modify_ids = modify_ids
        self.key = ListenKey(authenticator, hub, self._fall_silent)
        self.routes: Routes = {
            (method, LISTEN_KEY_PATH): (self._call, lambda _: 1) for method in ("POST", "PUT", "DELETE")
        }

    def request(self, method: str, params: dict[str, Any], wall_ns: int) -> Json:
        """Answer a request for the listen key over the websocket API: start, ping or stop."""
        self._authenticator.check_key(params.get("apiKey"))
        verbs = {"userDataStream.start": "POST", "userDataStream.ping": "PUT", "userDataStream.stop": "DELETE"}
        return self._act(verbs[method], wall_ns)

    def account_event(self, event: AccountEvent) -> None:
        """Tell what happened to the account, in as many events as the venue makes of it."""
        if isinstance(event, OrderTold):
            self._tell_order(event)
        elif isinstance(event, TransferTold):
            self._tell_transfer(event)
        elif isinstance(event, MarginCallTold):
            called = [self._rows.called_position(self._floor.listings[each]) for each in event.symbols]
            self._hub.account_event({"e": "MARGIN_CALL", "E": event.wall_ns // MS, "cw": "0", "p": called})
        elif isinstance(event, FundingTold):
            self._tell_funding(event)
        elif isinstance(event, LeverageTold):
            now_ms, symbol = event.wall_ns // MS, self._floor.listings[event.symbol].venue_symbol
            changed = {"s": symbol, "l": event.leverage}
            self._hub.account_event({"e": "ACCOUNT_CONFIG_UPDATE", "E": now_ms, "T": now_ms, "ac": changed})

    def _tell_order(self, event: OrderTold) -> None:
        fill, listing = event.fill, event.order.listing
        if fill is not None:
            self._hub.account_event(order_rows.trade_lite(event, fill))
            self._tell_account("ORDER", (listing.quote,), [self._rows.changed_position(listing)], event.wall_ns)
        modify_id = self._modify_ids.get(event.order.order_id, "") if event.change == "AMENDED" else ""
        told = order_rows.order_trade_update(event, modify_id)
        self._hub.account_event(told)
        if self._floor.faults.use("repeat_user") is not None:
            self._hub.account_event(told)

    def _tell_transfer(self, event: TransferTold) -> None:
        now_ms, balance = event.wall_ns // MS, self._rows.changed_asset(event.asset, event.amount_e8)
        changed = {"m": "DEPOSIT" if event.amount_e8 > 0 else "WITHDRAW", "B": [balance], "P": []}
        self._hub.account_event({"e": "ACCOUNT_UPDATE", "T": now_ms, "E": now_ms, "a": changed})

    def _tell_funding(self, event: FundingTold) -> None:
        """Tell that holding a contract was paid for: in brief, the balance alone."""
        paid = event.funding
        now_ms, balance = paid.ts_ns // MS, self._rows.changed_asset(paid.listing.quote, paid.amount_e8)
        changed = {"m": "FUNDING_FEE", "B": [balance], "S": paid.listing.venue_symbol}
        self._hub.account_event({"e": "ACCOUNT_UPDATE", "T": now_ms, "E": now_ms, "a": changed})

    def _tell_account(self, reason: str, assets: tuple[str, ...], positions: list[Json], wall_ns: int) -> None:
        now_ms = wall_ns // MS
        changed = {"m": reason, "B": [self._rows.changed_asset(asset) for asset in assets], "P": positions}
        self._hub.account_event({"e": "ACCOUNT_UPDATE", "T": now_ms, "E": now_ms, "a": changed})

    def _call(self, call: Call) -> Json:
        self._authenticator.check_key(api_key_of(call))
        return self._act(call.method, call.wall_ns)

    def _act(self, method: str, wall_ns: int) -> Json:
        if method == "POST":
            return {"listenKey": self.key.open(wall_ns)}
        if method == "PUT":
            self.key.keep(self.key.key, wall_ns)
            return {"listenKey": self.key.key}
        self.key.delete(self.key.key, wall_ns)
        return {}

    def _fall_silent(self, conn_id: int) -> None:
        self._hub.connections[conn_id].listen_key = ""
