"""What the paper venue logs of its account."""

from schemas.messages.base import Count, Message, Money, PriceTicks, QtyLots, SideValue, Time


class PaperOpened(Message, frozen=True):
    """The paper venue's account began with these balances; an asset is told of once."""

    initial_e8: dict[str, Money]


class PaperOrder(Message, frozen=True):
    """The paper venue took an order on and locked `locked_e8` of what it pays with; texts are Binance's.

    `origin` says who had it made, "" the account's owner.
    """

    order_id: Count
    client_order_id: str
    symbol: str
    side: SideValue
    type: str
    time_in_force: str
    price_ticks: PriceTicks
    qty_lots: QtyLots
    quote_order_e8: Money
    locked_e8: Money
    ts_ns: Time
    reduce_only: bool = False
    tag: str = ""
    origin: str = ""


class PaperAmended(Message, frozen=True):
    """An open order at the paper venue has another price or quantity; `locked_e8` is what is locked for it from now on.

    With a `client_order_id` that is its name from now on.
    """

    order_id: Count
    price_ticks: PriceTicks
    qty_lots: QtyLots
    locked_e8: Money
    ts_ns: Time
    client_order_id: str = ""


class PaperFill(Message, frozen=True):
    """One execution of an order at the paper venue; the commission is in the received asset."""

    order_id: Count
    trade_id: Count
    price_ticks: PriceTicks
    qty_lots: QtyLots
    commission_e8: Money
    maker: bool
    ts_ns: Time


class PaperEnded(Message, frozen=True):
    """An order at the paper venue ended before it was filled: `status` is CANCELED, EXPIRED or REJECTED.

    It is FILLED if the order was amended down to what was filled. `cause` says who ended it, "" its owner or its terms.
    """

    order_id: Count
    status: str
    ts_ns: Time
    cause: str = ""


class PaperFunding(Message, frozen=True):
    """Holding a contract was paid for at the paper venue: `amount_e8` in its quote, below zero if the account paid.

    It is of `rate_e8` of the worth at `mark_e8` of what was held then, both times 10**8.
    """

    symbol: str
    amount_e8: Money
    rate_e8: Money
    mark_e8: Money
    qty_lots: Money
    ts_ns: Time


class PaperLeverage(Message, frozen=True):
    """Positions of a contract at the paper venue hold 1/`leverage` of what they cost from now on."""

    symbol: str
    leverage: Count
    ts_ns: Time


class PaperTransfer(Message, frozen=True):
    """Something was paid into the paper venue's account, or out of it (negative); `amount` is a decimal."""

    asset: str
    amount: str
    ts_ns: Time
