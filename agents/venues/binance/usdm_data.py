"""Binance USDT-M, as it is on the wire: fills, balances, positions and the private stream, in the venue's own words.

An order is written as on spot (`spot_data`). Orders that the venue makes itself to close a position tell so by the
beginning of their client order id, and by states of their own.

Source: Binance derivatives docs, USDS-margined futures: trade, account, and user data streams.
"""

import msgspec
from msgspec import field

from agents.venues.binance.history import Millis, UpdateId
from agents.venues.binance.spot_data import TIMES_IN_FORCE, SideName

CREATE_TERMS = {
    time_in_force: {"type": "LIMIT", "timeInForce": word, "newOrderRespType": "RESULT"}
    for word, time_in_force in TIMES_IN_FORCE.items()
}
"""What a create says of how long its order rests, and of the answer that is wanted."""
ONE_WAY = "BOTH"
"""The side of a position where an instrument has only one; LONG and SHORT stand apart in hedge mode."""
FORCED_STATES = frozenset({"NEW_INSURANCE", "NEW_ADL"})
"""States of an order with which the venue closes a position, for the insurance fund or against another account's."""
FORCED = {
    "autoclose-": "liquidation",
    "adl_autoclose": "auto-deleveraging",
    "settlement_autoclose-": "settlement",
    "delivery_autoclose-": "delivery",
}
"""Why the venue made an order, by the beginning of its client order id."""
BY_TRADES = "ORDER"
"""Why balances or positions changed, if an order of the account did it."""
TRANSFERS = frozenset(
    {
        *("DEPOSIT", "WITHDRAW", "WITHDRAW_REJECT", "ADMIN_DEPOSIT", "ADMIN_WITHDRAW", "ASSET_TRANSFER"),
        *("COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW", "FUNDING_FEE"),
    }
)
"""Reasons for which money came in or went out, funding among them."""


class UsdmTradeData(msgspec.Struct):
    """One fill in the answer of `userTrades`."""

    trade_id: UpdateId = field(name="id")
    venue_order_id: int = field(name="orderId")
    price: str
    qty: str
    commission: str
    commission_asset: str = field(name="commissionAsset")
    trade_ms: Millis = field(name="time")
    is_buyer: bool = field(name="buyer")
    is_maker: bool = field(name="maker")


class UsdmBalanceData(msgspec.Struct):
    """One asset of the account: what is in the wallet, without what positions would gain or lose."""

    asset: str
    wallet: str = field(name="balance")
    account: str = field(name="accountAlias", default="")


class UsdmPositionData(msgspec.Struct):
    """One position of the account."""

    symbol: str
    qty: str = field(name="positionAmt")
    entry: str = field(name="entryPrice")
    side: str = field(name="positionSide", default=ONE_WAY)
    update_ms: Millis = field(name="updateTime", default=0)


class AccountConfigData(msgspec.Struct):
    """How the account trades."""

    hedges: bool = field(name="dualSidePosition")


class ListenKeyData(msgspec.Struct):
    """The name of the private stream."""

    key: str = field(name="listenKey")


class UsdmReportData(msgspec.Struct):
    """The order of an `ORDER_TRADE_UPDATE`, with the field names of spot's `ReportData`."""

    symbol: str = field(name="s")
    client_order_id: str = field(name="c")
    side: SideName = field(name="S")
    type: str = field(name="o")
    time_in_force: str = field(name="f")
    qty: str = field(name="q")
    price: str = field(name="p")
    execution: str = field(name="x")
    state: str = field(name="X")
    venue_order_id: int = field(name="i")
    last_qty: str = field(name="l")
    cum_qty: str = field(name="z")
    last_price: str = field(name="L")
    transact_ms: Millis = field(name="T")
    trade_id: int = field(name="t")
    is_maker: bool = field(name="m")
    commission: str = field(name="n", default="")
    commission_asset: str | None = field(name="N", default=None)

    @property
    def status(self) -> str:
        """The state, where it is of no special kind; one of those follows from the order's fills."""
        return "PARTIALLY_FILLED" if self.state in FORCED_STATES else self.state

    @property
    def refusal(self) -> str:
        """Why the venue made the order, "NONE" if it did not."""
        return next((why for head, why in FORCED.items() if self.client_order_id.startswith(head)), "NONE")

    @property
    def original_client_order_id(self) -> str:
        """Empty: a cancel has no id of its own here."""
        return ""


class ChangedBalanceData(msgspec.Struct):
    """One asset of an `ACCOUNT_UPDATE`: what is in the wallet, and how much of the change is no trade's."""

    asset: str = field(name="a")
    wallet: str = field(name="wb")
    change: str = field(name="bc", default="0")


class ChangedPositionData(msgspec.Struct):
    """One position of an `ACCOUNT_UPDATE`."""

    symbol: str = field(name="s")
    qty: str = field(name="pa")
    entry: str = field(name="ep")
    side: str = field(name="ps", default=ONE_WAY)


class ChangeData(msgspec.Struct):
    """What an `ACCOUNT_UPDATE` says has changed, and why."""

    reason: str = field(name="m")
    balances: list[ChangedBalanceData] = field(name="B", default=[])
    positions: list[ChangedPositionData] = field(name="P", default=[])


class UsdmEventData(msgspec.Struct):
    """One event of the private stream; one of a combined stream is the `data` of its frame."""

    name: str = field(name="e", default="")
    order: msgspec.Raw = field(name="o", default=msgspec.Raw())
    change: msgspec.Raw = field(name="a", default=msgspec.Raw())
    transact_ms: Millis = field(name="T", default=0)
    data: msgspec.Raw = msgspec.Raw()
