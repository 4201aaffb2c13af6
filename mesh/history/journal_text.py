"""Records of a log as text: one line for people, or one JSON object, for each."""

from typing import Any

import msgspec

from mesh.history.journal import Entry
from mesh.history.moment import clock_text
from mesh.trace.message_text import fields_of, short
from schemas.messages import MESSAGE_TYPES
from schemas.streams import stream_name


def facts(entry: Entry) -> dict[str, Any]:
    """Return what there is to tell of a record: plain values, by name, in the order in which people read them."""
    header = entry.header
    return {
        "wall_ns": entry.wall_ns,
        "agent": entry.agent,
        "type": type_name(header.type),
        "stream": stream_name(header.stream),
        "sender": header.sender,
        "epoch": header.epoch,
        "seq": header.seq,
        "flags": header.flags,
        "corr": header.corr,
        "origin_ns": header.origin_ns,
        "recv_ns": header.recv_ns,
        "decided_ns": header.decided_ns,
        "send_ns": header.send_ns,
        "message": None if entry.message is None else fields_of(entry.message),
    }


def json(entry: Entry) -> bytes:
    """Return a record as one JSON object."""
    return msgspec.json.encode(facts(entry))


def line(entry: Entry) -> str:
    """Return a record as one line."""
    header = entry.header
    where = f"{stream_name(header.stream)} {header.epoch}/{header.seq}"
    fields = "does not decode"
    if entry.message is not None:
        fields = " ".join(f"{name}={short(value)}" for name, value in fields_of(entry.message).items())
    return f"{clock_text(entry.wall_ns):26} {where:20} {type_name(header.type):16} {fields}"


def type_name(number: int) -> str:
    """Return the name of a type of message, its number if this version does not know it."""
    kind = MESSAGE_TYPES.get(number)
    return kind.__name__ if kind else str(number)
