"""Binance USDT-M, as it is on the wire: fills, balances, positions and the private stream, in the venue's own words.

An order is written as on spot (`spot_data`). Orders that the venue makes itself to close a position tell so by the
beginning of their client order id, and by states of their own.

Source: Binance derivatives docs, USDS-margined futures: trade, account, and user data streams.
"""

import msgspec
from msgspec import field

from agents.amounts import parse_amount_e8, rounded_amount_e8
from agents.venues.binance.history import Millis, UpdateId
from agents.venues.binance.spot_data import TIMES_IN_FORCE, SideName
from agents.venues.reports import MarginReport
from schemas.messages import E8, ClientOrderId

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
"""Why the venue made an order, by the beginning of its client order id.

(USDS-margined futures, user data streams, event order update: the first three; coin-margined has the last for the third.)
"""
BY_TRADES = "ORDER"
"""Why balances or positions changed, if an order of the account did it."""
TRANSFERS = frozenset(
    {
        *("DEPOSIT", "WITHDRAW", "WITHDRAW_REJECT", "ADMIN_DEPOSIT", "ADMIN_WITHDRAW", "ASSET_TRANSFER"),
        *("COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW"),
    }
)
"""Reasons for which money came in or went out."""
FUNDING = "FUNDING_FEE"
"""Why balances changed when funding was settled, and the kind of income that it is."""
ISOLATED = "isolated"
SETTLES = "USDT"
"""The currency of an account's margin, where each asset margins its own contracts."""
SETTLES_ALL = "USD"
"""The same where all assets margin all contracts together (multi-assets mode)."""


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
    """One asset, in the only answer that tells whose account it is."""

    asset: str
    account: str = field(name="accountAlias", default="")


class UsdmAssetData(msgspec.Struct):
    """One asset of the account: what is in the wallet, without what positions would gain or lose."""

    asset: str
    wallet: str = field(name="walletBalance")


class UsdmAccountData(msgspec.Struct):
    """The account: its assets, and what margins its positions."""

    assets: list[UsdmAssetData]
    equity: str = field(name="totalMarginBalance")
    available: str = field(name="availableBalance")
    initial: str = field(name="totalInitialMargin")
    maintenance: str = field(name="totalMaintMargin")

    def margin(self, *, joined: bool) -> MarginReport:
        """Return what the account has and needs; `joined` if all its assets margin all its contracts."""
        return MarginReport(
            SETTLES_ALL if joined else SETTLES,
            parse_amount_e8(self.equity),
            parse_amount_e8(self.available),
            parse_amount_e8(self.initial),
            parse_amount_e8(self.maintenance),
        )


class UsdmPositionData(msgspec.Struct):
    """One position of the account."""

    symbol: str
    qty: str = field(name="positionAmt")
    entry: str = field(name="entryPrice")
    side: str = field(name="positionSide", default=ONE_WAY)
    update_ms: Millis = field(name="updateTime", default=0)
    mark: str = field(name="markPrice", default="")
    liquidation: str = field(name="liquidationPrice", default="")
    leverage: str = ""
    margin_mode: str = field(name="marginType", default="")
    isolated_wallet: str = field(name="isolatedWallet", default="")

    @property
    def isolated(self) -> bool:
        """Whether it has a margin of its own; the newest endpoint tells that by its wallet alone."""
        return self.margin_mode == ISOLATED or rounded_amount_e8(self.isolated_wallet) != 0


class AccountConfigData(msgspec.Struct):
    """How the account trades."""

    hedges: bool = field(name="dualSidePosition")
    joins_assets: bool = field(name="multiAssetsMargin", default=False)


class SymbolConfigData(msgspec.Struct):
    """On which terms new positions in a contract would be."""

    symbol: str
    margin_mode: str = field(name="marginType")
    leverage: int

    @property
    def isolated(self) -> bool:
        """Whether a position has a margin of its own."""
        return self.margin_mode.lower() == ISOLATED


class IncomeData(msgspec.Struct):
    """One entry of the account's income; its id is unique among those of a symbol and kind."""

    symbol: str
    amount: str = field(name="income")
    asset: str
    time_ms: Millis = field(name="time")
    number: int = field(name="tranId")


class ListenKeyData(msgspec.Struct):
    """The name of the private stream."""

    key: str = field(name="listenKey")


class UsdmReportData(msgspec.Struct):
    """The order of an `ORDER_TRADE_UPDATE`, with the field names of spot's `ReportData`."""

    symbol: str = field(name="s")
    client_order_id: ClientOrderId = field(name="c")
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
    def forced(self) -> str:
        """By what the venue made the order itself, empty if it did not."""
        return next((why for head, why in FORCED.items() if self.client_order_id.startswith(head)), "")

    @property
    def refusal(self) -> str:
        """What there is to read about the order beside its state, "NONE" if nothing is."""
        return self.forced or "NONE"

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
    margin_mode: str = field(name="mt", default="")


class ChangeData(msgspec.Struct):
    """What an `ACCOUNT_UPDATE` says has changed, and why."""

    reason: str = field(name="m")
    balances: list[ChangedBalanceData] = field(name="B", default=[])
    positions: list[ChangedPositionData] = field(name="P", default=[])


class CalledPositionData(msgspec.Struct):
    """One position that a `MARGIN_CALL` is about."""

    symbol: str = field(name="s")
    qty: str = field(name="pa")
    margin_mode: str = field(name="mt", default="")
    gain: str = field(name="up", default="")
    needed: str = field(name="mm", default="")


class LeverageData(msgspec.Struct):
    """The leverage of a contract, as somebody has set it."""

    symbol: str = field(name="s")
    leverage: int = field(name="l")

    @property
    def leverage_e8(self) -> int:
        """The leverage times 10**8."""
        return self.leverage * E8


class UsdmEventData(msgspec.Struct):
    """One event of the private stream; one of a combined stream is the `data` of its frame."""

    name: str = field(name="e", default="")
    order: msgspec.Raw = field(name="o", default=msgspec.Raw())
    change: msgspec.Raw = field(name="a", default=msgspec.Raw())
    leverage: msgspec.Raw = field(name="ac", default=msgspec.Raw())
    positions: msgspec.Raw = field(name="p", default=msgspec.Raw())
    transact_ms: Millis = field(name="T", default=0)
    data: msgspec.Raw = msgspec.Raw()
