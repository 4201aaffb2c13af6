"""What agents tell each other of themselves, and what operators ask of them: beats, repair, status, halts, breakers."""

from typing import Annotated

from msgspec import Meta

from schemas.figures import Figures
from schemas.messages.base import Cause, ClientOrderId, Count, Message, StreamId, Text, Time


class Beat(Message, frozen=True):
    """The publisher's main loop is alive, and the last sequence of its streams (all of them if `full`)."""

    full: bool
    table: tuple[Cause, ...]
    ending: bool = False


class ReplayRequest(Message, frozen=True):
    """Send me what `stream` holds strictly after (`epoch`, `seq`), oldest first."""

    stream: StreamId
    epoch: Count
    seq: Count
    count_max: Annotated[int, Meta(ge=1, le=65536)] = 2048


class ReplayAnswer(Message, frozen=True):
    """Frames of `stream` in log order. `last` is where the stream stands, `oldest` what the log still holds."""

    stream: StreamId
    frames: tuple[bytes, ...]
    oldest: tuple[Count, Count]
    last: tuple[Count, Count]


class SnapshotRequest(Message, frozen=True):
    """Send me the state of `stream` and the sequence that it is as of."""

    stream: StreamId


class SnapshotAnswer(Message, frozen=True):
    """One frame flagged SNAPSHOT, as of `last` (epoch, seq); the frame is empty if the stream has no state yet."""

    stream: StreamId
    frame: bytes
    last: tuple[Count, Count] = (0, 0)


class StatusRequest(Message, frozen=True):
    """Tell how you are."""


class LinkStatus(Message, frozen=True):
    """One subscription as its subscriber sees it: what came live, what was repaired, what can never come.

    Of that, `skipped` is what the publisher did not keep any more when it was asked for, and `lost` all else.
    """

    publisher: str
    stream: StreamId
    state: int
    epoch: Count
    seq: Count
    received: Count
    repaired: Count
    lost: Count
    gaps: Count
    duplicates: Count
    skipped: Count = 0


class AgentStatus(Message, frozen=True):
    """An agent's state at a moment: links, published sequences, counters, histograms (packed) and its role's figures."""

    name: str
    role: str
    state: str
    epoch: Count
    uptime_ns: Count
    rss_bytes: Count
    published: dict[StreamId, Count]
    links: tuple[LinkStatus, ...]
    counters: dict[str, int]
    latency: dict[str, bytes]
    figures: Figures | None = None


class HaltRequest(Message, frozen=True):
    """Stop the market of a paper venue (`halted`), or let it go on."""

    halted: bool
    reason: Text


class SetTradingMode(Message, frozen=True):
    """An operator sets the mode of a scope, as in `TradingState`; from HALTED it goes back one step at a time.

    Answered with an Ack.
    """

    mode: int
    text: Text
    strategy: str = ""
    instrument_id: Count = 0
    venue_id: Count = 0


class Flatten(Message, frozen=True):
    """Close the positions of a scope in steps, at bounded prices, until the venue's account is flat; stop it if `ended`.

    Answered with an Ack, as soon as it has begun.
    """

    text: Text
    strategy: str = ""
    instrument_id: Count = 0
    ended: bool = False
    venue_id: Count = 0


class ResetRequest(Message, frozen=True):
    """An operator has peak or day's start begin anew, a difference of balances booked as a transfer, or one of positions.

    Positions in contracts are execution's, all else the portfolio's. Answered with an Ack.
    """

    text: Text
    peak: bool = False
    day_start: bool = False
    balances: bool = False
    positions: bool = False


class OpenOrdersRequest(Message, frozen=True):
    """Which orders of a scope may still trade, and what is held?"""

    strategy: str = ""
    instrument_id: Count = 0


class OpenOrdersAnswer(Message, frozen=True):
    """The open orders of a scope, those of them that are UNKNOWN, and the account's positions (decimals, by symbol).

    `positions` are those of the venue's account; what is less than can be ordered is left out. `trouble` says why they are
    not known, empty if they are. `canceling` are the open orders that are being canceled.
    """

    open: tuple[ClientOrderId, ...]
    unknown: tuple[ClientOrderId, ...]
    positions: dict[str, str]
    trouble: Text = ""
    canceling: tuple[ClientOrderId, ...] = ()


class BreakerChanged(Message, frozen=True):
    """A circuit breaker of the publisher changed its state; `wait_ns` is how long it stays OPEN at least."""

    breaker: str
    state: int
    text: Text
    ts_ns: Time
    wait_ns: Count = 0


class OrdersReaped(Message, frozen=True):
    """The reaper canceled an account's orders: how many are proven gone, how many are left, and what is still held."""

    canceled: Count
    left: Count
    positions: dict[str, str]
    text: Text
    ts_ns: Time
