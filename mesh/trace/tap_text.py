"""Tap records as text: one line for people, or one JSON object, for each frame that passed an agent.

A frame carries the monotonic time of its sending and a tap record the wall time of its passing, so the latency between
them is told only where both clocks are this host's.
"""

import time
from typing import Any

import msgspec

from mesh.trace.message_text import fields_of, short
from mesh.trace.stream_filter import StreamFilter
from mesh.transport.tap import TapRecord
from schemas.messages import MESSAGE_TYPES
from schemas.streams import CONTROL_STREAM, REPLY_STREAM, REQUEST_STREAM, stream_name

DIRECTIONS = {"I": "in", "O": "out"}
NAMES = {CONTROL_STREAM: "CONTROL", REQUEST_STREAM: "REQUEST", REPLY_STREAM: "REPLY"}


class TapLines:
    """Turns records into text, those that `stream` lets pass."""

    def __init__(self, stream: str = "", *, same_host: bool = True) -> None:
        """Let records pass whose stream's name is `stream` or begins with it at a part: BOOK, TRADE/1, TRADE/1/2."""
        self._streams = StreamFilter(stream)
        self._offset_ns = time.time_ns() - time.monotonic_ns() if same_host else None

    def passes(self, record: TapRecord) -> bool:
        """Return whether a record is of the stream asked for."""
        return self._streams.passes(_stream(record))

    def facts(self, record: TapRecord) -> dict[str, Any]:
        """Return what there is to tell of a record: plain values, by name, in the order in which people read them."""
        header = record.header
        facts: dict[str, Any] = {
            "wall_ns": record.wall_ns,
            "direction": DIRECTIONS.get(record.direction, record.direction),
            "peer": record.peer,
            "bytes": len(record.frame),
        }
        if header is None:
            return facts
        kind = MESSAGE_TYPES.get(header.type)
        facts |= {
            "type": kind.__name__ if kind else str(header.type),
            "stream": _stream(record),
            "sender": header.sender,
            "epoch": header.epoch,
            "seq": header.seq,
            "flags": header.flags,
            "corr": header.corr,
            "origin_ns": header.origin_ns,
            "recv_ns": header.recv_ns,
            "decided_ns": header.decided_ns,
            "send_ns": header.send_ns,
            "latency_ns": self._latency_ns(record),
            "message": fields_of(record.message) if record.message is not None else None,
        }
        return facts

    def json(self, record: TapRecord) -> bytes:
        """Return a record as one JSON object."""
        return msgspec.json.encode(self.facts(record))

    def line(self, record: TapRecord) -> str:
        """Return a record as one line."""
        facts = self.facts(record)
        seconds, ns = divmod(record.wall_ns, 10**9)
        clock = f"{time.strftime('%H:%M:%S', time.gmtime(seconds))}.{ns // 1000:06d}"
        head = f"{clock} {facts['direction']:3} {record.peer or '*':10}"
        if record.header is None:
            return f"{head} {facts['bytes']} bytes that are no frame"
        latency = f"{facts['latency_ns'] / 1000:.0f}us" if facts["latency_ns"] is not None else "-"
        where = f"{facts['stream']} {facts['epoch']}/{facts['seq']}"
        message = facts["message"]
        fields = " ".join(f"{k}={short(v)}" for k, v in message.items()) if message is not None else "does not decode"
        return f"{head} {facts['type']:14} {where:20} {latency:>8} {fields}"

    def _latency_ns(self, record: TapRecord) -> int | None:
        if self._offset_ns is None or record.header is None or not record.header.send_ns:
            return None
        return max(0, record.wall_ns - self._offset_ns - record.header.send_ns)


def _stream(record: TapRecord) -> str:
    if record.header is None:
        return ""
    return NAMES.get(record.header.stream) or stream_name(record.header.stream)
