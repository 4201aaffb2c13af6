"""The first thing that an agent made otherwise: both sides decoded, what caused it, and the inputs around."""

from typing import Any

import msgspec

from core.frame import unpack
from mesh.history.input_reader import KINDS, Input
from mesh.protocol.codec import decode_frame
from mesh.protocol.input_log import BATCH, DELIVERED, PUBLICATION, REPLY, REQUEST
from mesh.trace.message_text import fields_of, short
from schemas.errors import FrameError
from schemas.streams import stream_name

NOTHING = "nothing"
FIELDS_OF_HEADER = ("flags", "type", "sender", "ttl_ms", "origin_ns", "recv_ns", "corr")
IDENTITY = ("stream", "epoch", "seq")


class Difference(msgspec.Struct, frozen=True):
    """The input whose handling differs, and how.

    `what` is "publication", "request", "venue call" or "error"; `fields` names each field that differs with what was
    recorded and what is made now; `around` are the inputs round it.
    """

    input: Input
    what: str
    recorded: str = NOTHING
    made: str = NOTHING
    fields: dict[str, tuple[Any, Any]] = {}
    around: tuple[Input, ...] = ()


def frame_difference(each: Input, recorded: bytes | None, made: bytes | None) -> Difference:
    """Return how a publication differs from the log's; None stands for none at all."""
    before, now = _fields(recorded), _fields(made)
    return Difference(each, "publication", frame_text(recorded), frame_text(made), _differing(before, now))


def request_difference(
    each: Input, recorded: tuple[str, bytes] | None, made: tuple[str, bytes] | None
) -> Difference | None:
    """Return how a request differs from that which was sent, None if it does not but for when it left."""
    before, now = _asked_fields(recorded), _asked_fields(made)
    if before == now:
        return None
    return Difference(each, "request", _asked_text(recorded), _asked_text(made), _differing(before, now))


def call_difference(
    each: Input, recorded: tuple[str, bytes] | None, made: tuple[str, bytes] | None
) -> Difference | None:
    """Return how what the venue is asked differs from what it was asked, None if it does not."""
    if recorded == made:
        return None
    before, now = _called_fields(recorded), _called_fields(made)
    return Difference(each, "venue call", _called_text(before), _called_text(now), _differing(before, now))


def frame_text(frame: bytes | None) -> str:
    """Return a frame in one line: its place, its type and its fields."""
    if frame is None:
        return NOTHING
    header = unpack(frame)
    place = f"{stream_name(header.stream)} {header.epoch}/{header.seq}"
    try:
        message = decode_frame(header, frame)
    except FrameError as error:
        return f"{place} {error}"
    fields = " ".join(f"{name}={short(value)}" for name, value in fields_of(message).items())
    return f"{place} {type(message).__name__} {fields}"


def input_text(each: Input) -> str:
    """Return an input in one line: its number, its time, and what it is."""
    begin = f"#{each.number} {each.now_ns} {KINDS[each.kind]}"
    if each.kind == DELIVERED:
        return f"{begin} {stream_name(each.stream)} {each.epoch}/{each.seq} of agent {each.sender}"
    if each.kind == BATCH:
        return f"{begin} {stream_name(each.stream)} {each.epoch}/{each.first} to {each.seq} of agent {each.sender}"
    if each.kind == REQUEST:
        return f"{begin} {_whole_text(each.data)}"
    if each.kind in (PUBLICATION, REPLY):
        return f"{begin} of {each.name}: {_whole_text(each.data)}"
    return f"{begin} {each.tag.decode(errors='replace')} {short(each.data.decode(errors='replace'))}".rstrip(" '\"")


def lines(found: Difference) -> list[str]:
    """Return a difference for people."""
    told = [
        f"first difference at input {input_text(found.input)}",
        f"  recorded {found.what}: {found.recorded}",
        f"  made now:   {' ' * (len(found.what) - 3)}{found.made}",
    ]
    told += [f"  {name}: {short(before)} then, {short(now)} now" for name, (before, now) in found.fields.items()]
    told.append("  inputs around it:")
    told += [f"  {'>' if each.number == found.input.number else ' '} {input_text(each)}" for each in found.around]
    return told


def as_json(found: Difference) -> dict[str, Any]:
    """Return a difference with stable keys."""
    return {
        "input": found.input.number,
        "cause": input_text(found.input),
        "what": found.what,
        "recorded": found.recorded,
        "made": found.made,
        "fields": {name: {"recorded": before, "made": now} for name, (before, now) in found.fields.items()},
        "around": [input_text(each) for each in found.around],
    }


def _whole_text(frame: bytes) -> str:
    try:
        return frame_text(frame)
    except FrameError:
        return f"{len(frame)} bytes that are no frame"


def _asked_text(asked: tuple[str, bytes] | None) -> str:
    return NOTHING if asked is None else f"to {asked[0]}: {frame_text(asked[1])}"


def _called_fields(called: tuple[str, bytes] | None) -> dict[str, Any]:
    if called is None:
        return {}
    fields: dict[str, Any] = msgspec.msgpack.decode(called[1])
    return {"connection": called[0]} | fields


def _called_text(fields: dict[str, Any]) -> str:
    return " ".join(f"{name}={short(value)}" for name, value in fields.items() if value) or NOTHING


def _asked_fields(asked: tuple[str, bytes] | None) -> dict[str, Any]:
    return {} if asked is None else {"peer": asked[0]} | _fields(asked[1])


def _fields(frame: bytes | None) -> dict[str, Any]:
    """Return everything of a frame that follows from the inputs, by name."""
    if frame is None:
        return {}
    header = unpack(frame)
    found: dict[str, Any] = {name: getattr(header, name) for name in IDENTITY}
    try:
        message = decode_frame(header, frame)
    except FrameError:
        return found | {"payload": frame}
    own = fields_of(message) | {"message": type(message).__name__}
    return found | own | {f"header.{name}": getattr(header, name) for name in FIELDS_OF_HEADER}


def _differing(before: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    if not before or not now:
        return {}
    names = dict.fromkeys((*before, *now))
    return {name: (before.get(name), now.get(name)) for name in names if before.get(name) != now.get(name)}
