"""Where two runs part: the first signal, decision or order event that one of them has otherwise, or has not at all."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import msgspec

from agents.backtest.fork.rest import COMPARED, Event, RestOfRun
from schemas.messages import Message
from schemas.orders import OrderStatus, Reason, Side
from schemas.streams import stream_name

NAMES = frozenset(
    {"signal_id", "signal_epoch", "client_order_id", "venue_order_id", "trade_id", "replaces", "parent", "causes"}
)
"""Fields that name things: they are numbered by starts, of which one side may have had more."""
FIGURES = frozenset({"figures", "text"})
"""What is told beside a decision for people."""
WORDS = {"side": Side, "reason": Reason, "status": OrderStatus}
"""Fields that are codes, where they are."""


class EventTold(msgspec.Struct, frozen=True):
    """One event by names: its type, its place in its stream, when it was made, and its fields."""

    type: str
    epoch: int
    seq: int
    wall_ns: int
    fields: dict[str, Any]


class Parting(msgspec.Struct, frozen=True):
    """The first difference: when, in whose log and which stream, and what each side has there, None if nothing more."""

    wall_ns: int
    agent: str
    stream: str
    fields: tuple[str, ...]
    """Which fields differ; none if one side has nothing there, or something of another type. `time` is when it was made."""
    one: EventTold | None
    other: EventTold | None


def first_difference(one: RestOfRun, other: RestOfRun, *, timed: bool) -> Parting | None:
    """Return the first difference between the rests of two runs, None if all is equal.

    Of the first that differ in each stream it is the earliest; what comes of another is after it. Unless `timed`, it makes
    no difference when something was, but only whether, in its place.
    """
    found: list[tuple[int, int, Parting]] = []
    for rank, kind in enumerate(COMPARED):
        for agent, stream in dict.fromkeys([*one.streams(kind), *other.streams(kind)]):
            parting = _of_stream(agent, stream, _told(one, agent, stream), _told(other, agent, stream), timed)
            if parting is not None:
                found.append((parting.wall_ns, rank, parting))
    return min(found, key=lambda each: each[:2])[2] if found else None


def _told(rest: RestOfRun, agent: str, stream: int) -> Iterator[Event]:
    return rest.events(agent, stream) if (agent, stream) in rest.streams(stream >> 24) else iter(())


def _of_stream(agent: str, stream: int, one: Iterator[Event], other: Iterator[Event], timed: bool) -> Parting | None:
    for left, right in zip_longest(one, other):
        fields = () if left is None or right is None else _differing(left, right, timed)
        if fields is not None:
            wall_ns = min(each.wall_ns for each in (left, right) if each is not None)
            return Parting(wall_ns, agent, stream_name(stream), fields, _by_names(left), _by_names(right))
    return None


def _differing(left: Event, right: Event, timed: bool) -> tuple[str, ...] | None:
    """Return the fields in which two events differ, none if they are of two types; None if they are equal."""
    if type(left.message) is not type(right.message):
        return ()
    before, now = _compared(left.message, timed), _compared(right.message, timed)
    fields = tuple(name for name in before if before[name] != now[name])
    if timed and left.wall_ns != right.wall_ns:
        fields = (*fields, "time")
    return fields or None


def _compared(message: Message, timed: bool) -> dict[str, Any]:
    left_out = NAMES | FIGURES
    return {
        name: value
        for name, value in msgspec.structs.asdict(message).items()
        if name not in left_out and (timed or not name.endswith("_ns"))
    }


def _by_names(event: Event | None) -> EventTold | None:
    if event is None:
        return None
    fields = msgspec.to_builtins(msgspec.structs.asdict(event.message))
    for name, words in WORDS.items():
        if isinstance(fields.get(name), int):
            fields[name] = words(fields[name]).name
    header = event.header
    return EventTold(type(event.message).__name__, header.epoch, header.seq, event.wall_ns, fields)
