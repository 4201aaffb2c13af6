"""What strategies want and what risk decides."""

from schemas.messages.base import (
    Cause,
    ClientOrderId,
    Confidence,
    Count,
    Message,
    PriceTicks,
    QtyLots,
    SideValue,
    Text,
    Time,
)


class Signal(Message, frozen=True):
    """What a strategy wants: buy or sell up to `qty_lots` at `price_ticks` or better. Asked of risk as a request.

    `exec_inst` are flags of ExecInst. Execution cancels the order when it has rested for `lifetime_ms` (0: as the
    configuration says). With `take_profit_ticks` or `stop_ticks` what the order trades is closed again at these prices, by
    execution (0: not). `replaces` is an own order that is canceled first, or amended.
    """

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
    exec_inst: Count = 0
    lifetime_ms: Count = 0
    take_profit_ticks: PriceTicks = 0
    stop_ticks: PriceTicks = 0
    replaces: ClientOrderId = ""


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
    exec_inst: Count = 0
    lifetime_ms: Count = 0
    take_profit_ticks: PriceTicks = 0
    stop_ticks: PriceTicks = 0
    replaces: ClientOrderId = ""


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
    """The trading mode of a scope changed: `mode` is a TradingMode, `reason` what set it (NONE: an operator).

    The scope is an account (`venue_id`), a strategy, an instrument, or what is of all that are named; nothing named is
    everything. Of one scope each reason has a mode of its own, and the strictest that fits an order holds for it.
    """

    mode: int
    text: Text
    reason: int = 0
    strategy: str = ""
    instrument_id: Count = 0
    venue_id: Count = 0
    ts_ns: Time = 0


class StrategyState(Message, frozen=True):
    """What a strategy keeps over a restart, as it wrote it; the newest counts."""

    strategy: str
    state: bytes
