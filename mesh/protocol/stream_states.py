"""The states of a followed stream, and what leads from one to another.

Two rules. A stream is LIVE only while it is proven that nothing is missing and that what comes is fresh: whatever takes
either proof away takes it out of LIVE at once. And a stream comes back to LIVE in one way alone, by having caught up with
what its publisher is known to have reached, whichever way it left.

    DOWN ──behind──► SYNCING ──caught up──► LIVE ──behind, doubted──► GAP ──caught up──► LIVE ;  any ──silent──► DOWN

SYNCING and GAP are the same to the link, which asks for what is missing in both. To the agent they are not: before LIVE it
has no state at all, in a GAP it has one that is old. A stream that is DOWN is not made to wait by what is already missing:
when its publisher is heard again it may be LIVE at once.
"""

from enum import IntEnum
from typing import Final

from schemas.streams import StreamState


class Evidence(IntEnum):
    """What a link has learnt of one of its streams."""

    CAUGHT_UP = 1
    """Everything up to where the publisher is known to be was delivered, and its BEATs are fresh."""
    BEHIND = 2
    """Something is missing, or the state that a follower begins with."""
    DOUBTED = 3
    """What comes may be old: BEATs are late or missing, or this process stood still."""
    SILENT = 4
    """The publisher was not heard for long, or has said that it ends."""


DOWN, SYNCING, LIVE, GAP = StreamState.DOWN, StreamState.SYNCING, StreamState.LIVE, StreamState.GAP

TRANSITIONS: Final[dict[StreamState, dict[Evidence, StreamState]]] = {
    DOWN: {Evidence.CAUGHT_UP: LIVE, Evidence.BEHIND: SYNCING, Evidence.DOUBTED: DOWN, Evidence.SILENT: DOWN},
    SYNCING: {Evidence.CAUGHT_UP: LIVE, Evidence.BEHIND: SYNCING, Evidence.DOUBTED: SYNCING, Evidence.SILENT: DOWN},
    LIVE: {Evidence.CAUGHT_UP: LIVE, Evidence.BEHIND: GAP, Evidence.DOUBTED: GAP, Evidence.SILENT: DOWN},
    GAP: {Evidence.CAUGHT_UP: LIVE, Evidence.BEHIND: GAP, Evidence.DOUBTED: GAP, Evidence.SILENT: DOWN},
}
"""The state after each piece of evidence, for each state before it."""
