"""What strategies want and what risk decides."""

from schemas.messages.base import Cause, ClientOrderId, Confidence, Count, Message, PriceTicks, QtyLots, SideValue, Text


class Signal(Message, frozen=True):
    """What a strategy wants: buy or sell up to `qty_lots` at `price_ticks` or better. Asked of risk as a request."""

    signal_id: Count
    strategy: str
    instrument_id: Count
    side: SideValue
    qty_lots: QtyLots
    price_ticks: PriceTicks
    time_in_force: int
    confidence: Confidence
    reason: Text = ""
    causes: tuple[Cause, ...] = ()


class Approved(Message, frozen=True):
    """Risk lets the signal through; the order that may be sent, under an id that is used once."""

    signal_id: Count
    client_order_id: ClientOrderId
    strategy: str
    instrument_id: Count
    side: SideValue
    qty_lots: QtyLots
    price_ticks: PriceTicks
    time_in_force: int
    causes: tuple[Cause, ...] = ()
    signal_sender: Count = 0
    signal_epoch: Count = 0


class Denied(Message, frozen=True):
    """Risk refuses the signal: a Reason code and the figures that were compared, by name."""

    signal_id: Count
    strategy: str
    instrument_id: Count
    reason: int
    figures: dict[str, float | int | str]
    causes: tuple[Cause, ...] = ()
    signal_sender: Count = 0
    signal_epoch: Count = 0


class Released(Message, frozen=True):
    """Risk gives back what an approved order held: it is proven that the order never reached execution."""

    client_order_id: ClientOrderId
    reason: int


class TradingState(Message, frozen=True):
    """Risk's trading state changed: `halted` or not, why, and by whom."""

    halted: bool
    reason: Text
