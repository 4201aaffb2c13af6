"""Places in logs: where a time begins in one, where an event is.

A time is looked for among the segments first, then by steps of some thousand records, so that it costs about one segment's
reading however long the log is. An event is looked for from the newest anchor that was taken in front of it.
"""

import re
from pathlib import Path

import msgspec

from core.frame import Header, unpack
from core.log import LogReader
from mesh.anchor_store import FOLDER, decode, files
from mesh.history.journal import Journal, samples_beside
from mesh.history.moment import MomentError
from mesh.history.wall_clock import TIMED, WallClock, sample_of
from mesh.protocol.codec import decode_frame
from schemas.errors import ExitStatus, TickmeshError
from schemas.streams import stream_name

STEP_RECORDS = 4096
NAMED = re.compile(r"(?P<stream>[A-Z_]+(/\d+)*?)( (?P<epoch>\d+))?/(?P<seq>\d+)")


class NoEventError(TickmeshError):
    """The agent's log does not hold the event that was named."""

    exit_status = ExitStatus.NO_INPUT


class PlacedEvent(msgspec.Struct, frozen=True):
    """One record: where it is, when it was, and where the log goes on behind it."""

    header: Header
    wall_ns: int
    behind: int


def place_at(agent: str, folder: Path, wall_ns: int) -> int:
    """Return where in a log what came after a time begins.

    Raises:
        NoLogError: If it is not here.
    """
    journal = Journal(agent, folder)
    clock = WallClock(lambda: samples_beside(folder))
    at = _step_of(folder, journal.begin_of(wall_ns), wall_ns, clock)
    reader = LogReader(str(folder), at)
    try:
        before = reader.position
        while frames := reader.poll(1):
            if _wall_ns(clock, frames[0]) > wall_ns:
                return before
            before = reader.position
        return before
    finally:
        reader.close()


def place_of(agent: str, folder: Path, event: str) -> PlacedEvent:
    """Return where an event is that is named as STREAM/SEQ, `ORDER/1/0/77`, or as `journal` prints it, `ORDER/1/0 2/77`.

    Each start of an agent numbers anew: without its epoch it is the first of that name behind an anchor that was in front.

    Raises:
        MomentError: If that is no such name.
        NoEventError: If the log does not hold it.
        NoLogError: If the log is not here.
    """
    named = NAMED.fullmatch(event.upper())
    if named is None:
        raise MomentError(f"--event: found {event!r} (allowed: STREAM/SEQ or STREAM EPOCH/SEQ, as ORDER/1/0/77)")
    Journal(agent, folder)
    stream, epoch, seq = named["stream"], int(named["epoch"] or 0), int(named["seq"])
    clock = WallClock(lambda: samples_beside(folder))
    for begin in dict.fromkeys((_last_before(folder.parent / FOLDER, stream, epoch, seq), 0)):
        reader = LogReader(str(folder), begin)
        try:
            while frames := reader.poll(1):
                header = unpack(frames[0])
                wall_ns = _wall_ns(clock, frames[0])
                if header.seq == seq and epoch in (0, header.epoch) and stream_name(header.stream) == stream:
                    return PlacedEvent(header, wall_ns, reader.position)
        finally:
            reader.close()
    raise NoEventError(f"no {event} in the log of {agent}")


def _step_of(folder: Path, begin: int, wall_ns: int, clock: WallClock) -> int:
    """Return the beginning of the first step of records, from `begin` on, that ends after a time; or of the last."""
    reader = LogReader(str(folder), begin)
    try:
        before = reader.position
        while frames := reader.poll(STEP_RECORDS):
            if _newest_ns(clock, frames) > wall_ns:
                return before
            if len(frames) == STEP_RECORDS:
                before = reader.position
        return before
    finally:
        reader.close()


def _newest_ns(clock: WallClock, frames: list[bytes]) -> int:
    """Return the time of the last of some records, by the newest of them that tells it."""
    last = unpack(frames[-1])
    for frame in reversed(frames):
        header = unpack(frame)
        if header.epoch != last.epoch:
            break
        if header.type in TIMED and (sample := sample_of(header, decode_frame(header, frame))) is not None:
            clock.learn(header.epoch, sample)
            break
    if not clock.knows(last):
        clock.borrow(last)
    return clock.wall_ns(last)


def _last_before(folder: Path, stream: str, epoch: int, seq: int) -> int:
    """Return a place in front of an event, by the newest anchor that was taken before it; 0 if none is known to be."""
    for path in reversed(files(folder)):
        found = decode(path.read_bytes())
        if isinstance(found, str):
            continue
        lasts = {stream_name(number): last for number, (_, last) in found.streams.items()}
        last_epoch, last_seq = lasts.get(stream, (0, 0))
        if last_seq < seq if not epoch else (last_epoch, last_seq) < (epoch, seq):
            return found.last_position
    return 0


def _wall_ns(clock: WallClock, frame: bytes) -> int:
    header = unpack(frame)
    sample = sample_of(header, decode_frame(header, frame)) if header.type in TIMED else None
    if sample is not None:
        clock.learn(header.epoch, sample)
    elif not clock.knows(header):
        clock.borrow(header)
    return clock.wall_ns(header)
