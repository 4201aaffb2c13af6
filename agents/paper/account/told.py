"""What happens to the account, as a dialect is told of it: each event once, in order, after it took effect."""

import msgspec

from agents.paper.orders import Fill, Funding, VenueOrder


class OrderTold(msgspec.Struct, frozen=True):
    """One change of an order, which is as it is afterwards.

    `change` is NEW, AMENDED, TRADE (then `fill` is the execution), CANCELED, EXPIRED or REJECTED, or FILLED if it was
    amended down to what was filled; `number` counts all changes of
    orders from 1 over all lives of the venue; `cancel_id` is the id of the request that canceled it.
    """

    order: VenueOrder
    change: str
    number: int
    wall_ns: int
    fill: Fill | None = None
    cancel_id: str = ""


class BalancesTold(msgspec.Struct, frozen=True):
    """The balances of `assets` have changed, or may have: it follows each change of orders that was asked for.

    With `symbol`, so may the position in that margined instrument; `transfer` says that it follows a transfer instead,
    `funding` that it follows a payment for holding one.
    """

    assets: tuple[str, ...]
    wall_ns: int
    symbol: str = ""
    transfer: bool = False
    funding: bool = False


class TransferTold(msgspec.Struct, frozen=True):
    """So much was paid in, or out if it is negative."""

    asset: str
    amount_e8: int
    wall_ns: int


class LeverageTold(msgspec.Struct, frozen=True):
    """Positions of a margined instrument have another leverage."""

    symbol: str
    leverage: int
    wall_ns: int


class FundingTold(msgspec.Struct, frozen=True):
    """Holding a contract was paid for; the balances follow."""

    funding: Funding


class MarginCallTold(msgspec.Struct, frozen=True):
    """The account has little more than its positions in these contracts must keep."""

    symbols: tuple[str, ...]
    wall_ns: int


AccountEvent = OrderTold | BalancesTold | TransferTold | LeverageTold | FundingTold | MarginCallTold
