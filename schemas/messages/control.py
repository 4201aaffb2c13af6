"""What agents tell each other of themselves: beats, repair, snapshots, status."""

from typing import Annotated

from msgspec import Meta

from schemas.figures import Figures
from schemas.messages.base import Cause, Count, Message, StreamId, Text


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
    """One subscription as its subscriber sees it: what came live, what was repaired, what can never come."""

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
    """Stop opening risk (`halted`), or allow it again."""

    halted: bool
    reason: Text
