"""An agent's state as it was: at a time, or right after an event of its own, out of logs and anchors alone.

The places in the agent's log and in those of its publishers that the moment stands for are looked for first. The agent is
then folded up to there, from the newest anchor that knows nothing later, and asked for what it tells of itself.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.frame import unpack
from core.log import LogReader
from mesh.anchor import NotAnchoredError
from mesh.anchor_store import FOLDER, decode, files
from mesh.endpoints import agent_dir
from mesh.history.anchoring import Folding
from mesh.history.journal import Journal, samples_beside
from mesh.history.moment import MomentError
from mesh.history.wall_clock import TIMED, WallClock, sample_of
from mesh.protocol.codec import decode_frame
from schemas.config import Config
from schemas.errors import ExitStatus, TickmeshError
from schemas.streams import stream_name


class NoEventError(TickmeshError):
    """The agent's log does not hold the event that was named."""

    exit_status = ExitStatus.NO_INPUT


class PastState(msgspec.Struct, frozen=True):
    """What an agent knew, as it tells it in its status; `places` is where each log was read to."""

    agent: str
    wall_ns: int
    places: dict[str, int]
    records: int
    figures: Any


def state_at(name: str, config: Config, wall_ns: int) -> PastState:
    """Return the state of an agent when everything that was logged up to a time had reached it.

    Raises:
        NotAnchoredError: If its role has no state that logs are folded into.
        NoLogError: If its log is not here, or that of a publisher.
    """
    places = {each: place_at(each, _log_of(each, config), wall_ns) for each in _publishers(name, config)}
    places[name] = place_at(name, _log_of(name, config), wall_ns)
    return _folded(name, config, wall_ns, places)


def state_after(name: str, config: Config, event: str) -> PastState:
    """Return the state of an agent right after it published an event, named as STREAM/SEQ: `ORDER/1/0/77`.

    Raises:
        NoEventError: If its log does not hold it.
    """
    stream, _, seq = event.rpartition("/")
    if not (seq.isascii() and seq.isdecimal() and stream):
        raise MomentError(f"--event: found {event!r} (allowed: STREAM/SEQ, such as ORDER/1/0/77)")
    behind, wall_ns = _place_of(name, _log_of(name, config), stream.upper(), int(seq))
    places = {each: place_at(each, _log_of(each, config), wall_ns) for each in _publishers(name, config)}
    return _folded(name, config, wall_ns, places | {name: behind})


def place_at(agent: str, folder: Path, wall_ns: int) -> int:
    """Return where in a log what came after a time begins.

    Raises:
        NoLogError: If it is not here.
    """
    clock = WallClock(lambda: samples_beside(folder))
    reader = LogReader(str(folder), Journal(agent, folder).begin_of(wall_ns))
    try:
        before = reader.position
        while frames := reader.poll(1):
            if _wall_ns(clock, frames[0]) > wall_ns:
                return before
            before = reader.position
        return before
    finally:
        reader.close()


def _place_of(agent: str, folder: Path, stream: str, seq: int) -> tuple[int, int]:
    """Return where what follows an event begins, and the event's time."""
    Journal(agent, folder)
    clock = WallClock(lambda: samples_beside(folder))
    reader = LogReader(str(folder), _last_before(folder.parent / FOLDER, stream, seq))
    try:
        while frames := reader.poll(1):
            header = unpack(frames[0])
            wall_ns = _wall_ns(clock, frames[0])
            if header.seq == seq and stream_name(header.stream) == stream:
                return reader.position, wall_ns
    finally:
        reader.close()
    raise NoEventError(f"no {stream}/{seq} in the log of {agent}")


def _last_before(folder: Path, stream: str, seq: int) -> int:
    """Return a place in front of an event, by the newest anchor that was taken before it; 0 if none is known to be."""
    for path in reversed(files(folder)):
        found = decode(path.read_bytes())
        if isinstance(found, str):
            continue
        lasts = {stream_name(number): last for number, (_, last) in found.streams.items()}
        if lasts.get(stream, (0, 0))[1] < seq:
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


def _publishers(name: str, config: Config) -> set[str]:
    return set(Folding(name, config).wanted())


def _log_of(name: str, config: Config) -> Path:
    if name not in config.agents:
        raise NotAnchoredError(f"agents.{name}: there is no such agent (allowed: {', '.join(config.agents)})")
    return agent_dir(config, name) / "log"


def _folded(name: str, config: Config, wall_ns: int, places: Mapping[str, int]) -> PastState:
    folding = Folding(name, config, until=places)
    anchor = folding.run()
    figures = folding.agent.figures()
    told = None if figures is None else msgspec.to_builtins(figures)
    return PastState(name, wall_ns, dict(sorted(places.items())), anchor.records, told)
