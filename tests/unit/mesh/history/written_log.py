"""Logs with known times, written for tests."""

from pathlib import Path

from core.frame import pack
from core.log import LogWriter
from mesh.protocol.codec import encode, type_number
from schemas.messages import Equity, Message, OrderUpdated, Released
from schemas.streams import AGENT_STREAM, Kind, stream_id

SEGMENT = 4096
ORDERS = stream_id(Kind.ORDER, 1)
EQUITY = stream_id(Kind.EQUITY)
WALL_NS = 1_769_860_800_000_000_000
"""The wall time at the monotonic time 0."""
S = 1_000_000_000


def frame_of(message: Message, stream: int, seq: int, at_ns: int, epoch: int = 1) -> bytes:
    """Return a frame that was published on what came at a monotonic time."""
    number = type_number(message)
    return pack(
        stream=stream,
        type=number,
        sender=4,
        epoch=epoch,
        seq=seq,
        recv_ns=at_ns,
        send_ns=at_ns,
        payload=encode(message),
    )


def equity(at_ns: int, wall_ns: int = WALL_NS) -> Equity:
    """Return a message that carries the wall time of a monotonic time."""
    return Equity(wall_ns + at_ns, 1, 0, 0, 0, 0, 0)


def updated(order_id: str, at_ns: int) -> OrderUpdated:
    """Return another one, of an order."""
    return OrderUpdated(order_id, 1, 3, "77", 0, 0, WALL_NS + at_ns)


def untimed(order_id: str) -> Released:
    """Return a message without a time of its own."""
    return Released(order_id, 1)


def write(folder: Path, frames: list[bytes]) -> None:
    """Write a log of these frames."""
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    for frame in frames:
        log.append(frame)
    log.close()


def seconds(count: int) -> list[bytes]:
    """Return frames with a message each second from the first on, every other one without a time of its own."""
    return [
        frame_of(untimed(f"T{n}"), AGENT_STREAM, n, n * S) if n % 2 else frame_of(equity(n * S), EQUITY, n, n * S)
        for n in range(1, count + 1)
    ]
