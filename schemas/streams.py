"""Stream ids: what a publication is about, in four bytes.

A stream id is `kind` (1 byte), `venue` (1 byte), `instrument` (2 bytes), sent big-endian at the head of every frame, so
that a prefix of 1, 2 or 4 bytes subscribes to a kind, a kind at a venue, or one instrument. Streams that are not about
an instrument (positions of an account, control) use 0 for what does not apply.

The class of a kind says how a subscriber makes good what it missed:

- STATE (A): sequence restarts with the publisher's epoch; a short gap is replayed, a long one replaced by a snapshot.
- EVENT (B): sequence never restarts; every event is replayed from the publisher's log.
- LATEST (C): only the newest message counts; nothing is repaired.
"""

from enum import IntEnum, IntFlag


class Kind(IntEnum):
    """First byte of a stream id."""

    TRADE = 0x10
    BOOK = 0x11
    QUOTE = 0x12
    MARK = 0x13
    INSTRUMENT = 0x14
    CLOCK = 0x15
    BAR = 0x16
    SIGNAL = 0x20
    DECISION = 0x21
    ORDER = 0x30
    POSITION = 0x40
    EQUITY = 0x41
    ACCOUNT = 0x50
    AGENT = 0x60
    REQUEST = 0xF0
    REPLY = 0xF1
    CONTROL = 0xFF


class StreamClass(IntEnum):
    """How a gap in a stream is made good."""

    STATE = 1
    EVENT = 2
    LATEST = 3


STREAM_CLASS: dict[int, StreamClass] = {
    Kind.TRADE: StreamClass.EVENT,
    Kind.BOOK: StreamClass.STATE,
    Kind.QUOTE: StreamClass.STATE,
    Kind.MARK: StreamClass.STATE,
    Kind.INSTRUMENT: StreamClass.STATE,
    Kind.CLOCK: StreamClass.STATE,
    Kind.BAR: StreamClass.EVENT,
    Kind.SIGNAL: StreamClass.EVENT,
    Kind.DECISION: StreamClass.EVENT,
    Kind.ORDER: StreamClass.EVENT,
    Kind.POSITION: StreamClass.STATE,
    Kind.EQUITY: StreamClass.EVENT,
    Kind.ACCOUNT: StreamClass.EVENT,
    Kind.AGENT: StreamClass.EVENT,
    Kind.CONTROL: StreamClass.LATEST,
}
"""Kinds that are published; REQUEST and REPLY travel point to point."""

CONTROL_STREAM = 0xFFFFFFFF
AGENT_STREAM = Kind.AGENT << 24
"""What an agent tells of itself: trading modes, breakers, approvals that risk gives back. Seldom anything: who follows it
knows that the agent lives, and is not woken by what it does all the time."""
STATES_STREAM = Kind.SIGNAL << 24
"""What strategies save, of no instrument."""
REQUEST_STREAM = Kind.REQUEST << 24
REPLY_STREAM = Kind.REPLY << 24
INPUTS_STREAM = 0xFE000000
"""What an agent records of its own inputs (`mesh.protocol.input_log`): a file of its own, never sent."""


class StreamState(IntEnum):
    """What a subscriber knows of a stream; only LIVE may be traded on."""

    DOWN = 0
    SYNCING = 1
    GAP = 2
    LIVE = 3


class Weakness(IntFlag):
    """What a stream does not promise that those of Tickmesh's own adapters do; none of it stops trading by itself."""

    GAPS_NOT_FOUND = 1
    """Nothing in what comes tells that a message before it is missing."""
    BOOKS_COMPARED = 2
    """Updates are the differences between whole books as they were looked at, not messages of the venue."""
    TIME_OF_RECEIPT = 4
    """Where a message has no time of the venue, its time is that of receipt."""
    DOUBLES_BY_ID = 8
    """A trade that comes twice is known by its id alone, for as long as the id is remembered, if it has one."""


def weakness_words(weaker: int) -> str:
    """Return flags of `Weakness` for people."""
    return ", ".join(flag.name.lower().replace("_", " ") for flag in Weakness if flag.name and weaker & flag)


def stream_id(kind: int, venue: int = 0, instrument: int = 0) -> int:
    """Return the 32-bit stream id of `kind` (u8), `venue` (u8) and `instrument` (u16)."""
    return kind << 24 | venue << 16 | instrument


def stream_kind(stream: int) -> int:
    """Return the kind byte of a stream id."""
    return stream >> 24


def stream_venue(stream: int) -> int:
    """Return the venue number of a stream id, 0 where it has none."""
    return stream >> 16 & 0xFF


def stream_instrument(stream: int) -> int:
    """Return the instrument number of a stream id, 0 where it has none."""
    return stream & 0xFFFF


def stream_class(stream: int) -> StreamClass:
    """Return how a gap in `stream` is made good."""
    return STREAM_CLASS[stream >> 24]


def stream_name(stream: int) -> str:
    """Return a stream id for people: `BOOK/1/7` is kind, venue number, instrument number."""
    kind = stream >> 24
    name = Kind(kind).name if kind in Kind._value2member_map_ else f"{kind:#04x}"
    return f"{name}/{stream >> 16 & 0xFF}/{stream & 0xFFFF}"
