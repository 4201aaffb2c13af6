"""An anchor: what an agent's state was at a place in its log, so that a start folds only what came after.

It is what the fold of the log, and of the streams that the agent follows from their first message, comes to up to
there, and nothing else: it can be made of the logs alone, at any time and by another process, and is worth no more
than they are.
"""

import msgspec

from schemas.errors import TickmeshError

FORMAT = 1
"""Of the struct below."""


class NotAnchoredError(TickmeshError):
    """An agent's state cannot be made of the logs that are here."""


class AnchorTooLargeError(NotAnchoredError):
    """An agent's state has grown beyond what an anchor is to hold: its older anchors are begun from as before."""


class Followed(msgspec.Struct, frozen=True, array_like=True):
    """How far a stream of a publisher is in the state: `at` is where that publisher's log goes on."""

    publisher: str
    stream: int
    epoch: int
    seq: int
    at: int


class Anchor(msgspec.Struct, frozen=True, array_like=True):
    """The state of an agent as of all records of its log before `position`."""

    format: int
    agent: str
    version: int
    """Of the role's own state."""
    world: int
    """Checksum of what in the configuration amounts and numbers are counted by."""
    position: int
    last_position: int
    last_crc: int
    """Where the last of those records is, and the checksum of its frame: so an anchor of another log is noticed."""
    epoch: int
    records: int
    """How many records that are."""
    last: list[tuple[int, int, bytes]]
    """Of messages of which only the newest counts: type, stream, frame."""
    passed_over: dict[int, int]
    oldest: int
    """Where the log began."""
    streams: dict[int, tuple[tuple[int, int], tuple[int, int]]]
    """Of each stream in those records the first and the last (epoch, seq)."""
    followed: list[Followed]
    state: bytes
    looked_back: bytes = b""
    """What no start needs, but who looks back (`mesh.agent.LookedBack`)."""
