"""Making anchors: the state of an agent as of now, folded from the logs beside its process and never by it.

An agent of the same configuration is built, folds its own log and then what it follows from the first message, as a start
does, from the newest anchor on; it is never started and does nothing. So an anchor costs the live agent nothing, whatever
its size, and is by construction what the full fold comes to.

What is followed is read up to a place that was noted before the own log was: the own log then holds everything that the
followed events rest on, as it did when they came. Streams of publishers whose logs are not on this host cannot be read;
an agent that follows one has no anchor.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import msgspec

from core.frame import Header, unpack
from core.log import LogReader
from core.log.moved import absent_in, lies_at
from core.log.tail import LogTail
from mesh.agent import Agent, Start, Subscription
from mesh.anchor import FORMAT, Anchor, Followed, NotAnchoredError
from mesh.anchor_store import AnchorStore, world_of
from mesh.context import Context
from mesh.endpoints import agent_dir
from mesh.history.journal import segment_name, segments_in
from mesh.protocol.codec import decode_frame
from mesh.protocol.log_fold import LogFold
from mesh.roles import FOLDED, build_agent, role_of
from schemas.config import Config
from schemas.counters import Counter
from schemas.streams import StreamState

NO_KEYS = "TICKMESH_FOLDING"
"""Where credentials are looked for that are none."""


class FoldContext(Context):
    """The context of an agent that folds and does nothing else: no stream is live, timers never come."""

    def set_timer(self, name: str, at_ns: int) -> None:
        """Never call `on_timer`."""

    def cancel_timer(self, name: str) -> None:
        """Forget nothing."""

    def stream_state(self, publisher: str, stream: int) -> StreamState:
        """Return SYNCING: what comes is of the past."""
        return StreamState.SYNCING

    def record_latency(self, hop: str, latency_ns: int) -> None:
        """Measure nothing."""

    def count(self, counter: Counter, n: int = 1) -> None:
        """Count nothing."""

    def request(self, peer: str, message: object, ttl_ms: int, corr: int = 0) -> int:
        """Ask nobody."""
        return 0

    def publish(self, stream: int, message: object, corr: int = 0, flags: int = 0, origin_ns: int = 0) -> NoReturn:
        """Refuse: an agent that only folds has nothing to say."""
        raise NotAnchoredError(f"{self.name} publishes a {type(message).__name__} while it folds")


class Folding:
    """One agent, folded from its logs up to where they end now, or up to a place in each."""

    def __init__(
        self, name: str, config: Config, *, from_anchor: bool = True, until: Mapping[str, int] | None = None
    ) -> None:
        """Build the agent `name`; without `from_anchor` everything is folded.

        `until`, if given, is where to end in its log and in those of its publishers, by name.

        Raises:
            NotAnchoredError: If its role has no state to anchor.
        """
        if role_of(name, config) not in FOLDED:
            raise NotAnchoredError(f"agent {name}: a {role_of(name, config)} has no state that logs alone come to")
        self.name = name
        self.agent: Agent = build_agent(name, _without_keys(config))
        self._config = config
        self._folder = agent_dir(config, name)
        self._store = AnchorStore(self._folder, name, self.agent.anchored, config, self.agent.counted_by)
        self._from_anchor = from_anchor
        self._until = until
        self._followed: dict[tuple[str, int], Followed] = {}
        self._at: dict[str, int] = {}
        self._read: dict[Path, tuple[int, int]] = {}

    def newest_anchor(self) -> Anchor | None:
        """Return the newest anchor that fits the agent and its log."""
        return self._store.newest()

    def fold(self) -> LogFold:
        """Fold, and return how far the own log was; the agent has what that came to.

        Raises:
            NotAnchoredError: If a log that it follows is not here, or segments of one.
            LogDamagedError: If a log cannot be read.
        """
        self.agent.bind(FoldContext(self.name, self._config.agents[self.name].id, 0))
        found = self._store.newest(self._until) if self._from_anchor else None
        folded = LogFold(self.agent, self.agent.looked_back)
        if found is not None:
            folded.resume(found)
            self._followed = {(each.publisher, each.stream): each for each in found.followed}
            self._at = {each.publisher: each.at for each in found.followed}
        wanted = self.wanted()
        if self._until is None:
            ends = {publisher: end_of(self._log_of(publisher)) for publisher in wanted}
        else:
            ends = {publisher: self._until[publisher] for publisher in wanted}
        begun = folded.position
        for publisher in wanted:
            _check_here(self._log_of(publisher), self._at.get(publisher, 0))
        _check_here(self._folder / "log", begun)
        self._fold_own(folded)
        self._read = {self._log_of(publisher): (self._at.get(publisher, 0), end) for publisher, end in ends.items()}
        self._read[self._folder / "log"] = (begun, folded.position)
        for publisher, streams in wanted.items():
            self._follow(publisher, streams, ends[publisher])
        return folded

    def run(self) -> Anchor:
        """Fold, have what was read on disk, and return the anchor of what that came to.

        Raises:
            AnchorTooLargeError: If it is too much for one.
            NotAnchoredError: If a log that it follows is not here, or the role has no anchors.
            LogDamagedError: If a log cannot be read.
        """
        if not self.agent.anchored:
            raise NotAnchoredError(f"agent {self.name}: a {role_of(self.name, self._config)} has no anchors")
        folded = self.fold()
        for folder, (begin, end) in self._read.items():
            _sync(folder, begin, end)
        return Anchor(
            format=FORMAT,
            agent=self.name,
            version=self.agent.anchored,
            world=world_of(self._config, self.agent.counted_by),
            position=folded.position,
            last_position=folded.last_position,
            last_crc=folded.crc(),
            epoch=folded.epoch,
            records=folded.records,
            last=[(number, stream, frame) for (number, stream), frame in folded.last.items()],
            passed_over=folded.passed_over,
            oldest=self._oldest,
            streams=folded.streams,
            followed=list(self._followed.values()),
            state=self.agent.anchor(),
            looked_back=b"" if self.agent.looked_back is None else self.agent.looked_back.anchor(),
        )

    def _fold_own(self, folded: LogFold) -> None:
        self._oldest = segments_in(self._folder / "log")[0]
        reader = LogReader(str(self._folder / "log"), folded.last_position)
        folded.take_rest(reader, None if self._until is None else self._until[self.name])
        reader.close()

    def wanted(self) -> dict[str, set[int]]:
        """Return what the agent follows from the first message on, by publisher."""
        found: dict[str, set[int]] = {}
        for each in self.agent.subscriptions():
            if _is_folded(each):
                found.setdefault(each.publisher, set()).add(each.stream)
        return found

    def _follow(self, publisher: str, streams: set[int], end: int) -> None:
        """Hand over what a publisher's log has of these streams up to `end`, in the order of that log."""
        handler = self.agent.handlers().message
        reader = LogReader(str(self._log_of(publisher)), self._at.get(publisher, 0))
        last: dict[int, Header] = {}
        while reader.position < end and (frames := reader.poll(1)):
            header = unpack(frames[0])
            known = self._followed.get((publisher, header.stream))
            if header.stream in streams and (known is None or (header.epoch, header.seq) > (known.epoch, known.seq)):
                handler.on_message(publisher, header, decode_frame(header, frames[0]))
                last[header.stream] = header
        at = reader.position
        reader.close()
        for stream in streams:
            header_of, known = last.get(stream), self._followed.get((publisher, stream))
            epoch, seq = (known.epoch, known.seq) if known else (0, 0)
            if header_of is not None:
                epoch, seq = header_of.epoch, header_of.seq
            self._followed[publisher, stream] = Followed(publisher, stream, epoch, seq, at)

    def _log_of(self, publisher: str) -> Path:
        folder = agent_dir(self._config, publisher) / "log"
        if not folder.is_dir():
            raise NotAnchoredError(f"agent {self.name} follows {publisher}, whose log is not here: {folder}")
        return folder


def _without_keys(config: Config) -> Config:
    """Return the configuration with keys that open nothing: what only folds asks no venue, and need not have any."""
    for part in ("KEY", "SECRET", "PASSPHRASE"):
        os.environ.setdefault(f"{NO_KEYS}_{part}", "none")
    venues = [
        msgspec.structs.replace(venue, credentials=NO_KEYS) if venue.credentials else venue for venue in config.venues
    ]
    return msgspec.structs.replace(config, venues=type(config.venues)(venues))


def _is_folded(subscription: Subscription) -> bool:
    return subscription.start is Start.FIRST and subscription.position is None


def _check_here(folder: Path, position: int) -> None:
    """Refuse to fold a log of which segments are away from a position on: what that comes to is not its state.

    Raises:
        NotAnchoredError: If one was moved to where it is not found.
    """
    bases = segments_in(folder)
    for path in absent_in(folder):
        if next((base for base in bases if base > int(path.stem)), position + 1) > position:
            raise NotAnchoredError(f"{path}: moved to {path.readlink()}, which is not there")


def _sync(folder: Path, begin: int, end: int) -> None:
    """Have what was read of a log on disk, from a position to another: no power loss may leave an anchor that knows more.

    Raises:
        OSError: If it cannot be made durable.
    """
    bases = segments_in(folder)
    first = max((base for base in bases if base <= begin), default=0)
    for path in (*(folder / segment_name(base) for base in bases if first <= base < end), folder):
        try:
            descriptor = os.open(lies_at(str(path)), os.O_RDONLY)
        except FileNotFoundError:
            continue  # retention has removed it
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def end_of(folder: Path) -> int:
    """Return where a log ends now."""
    tail = LogTail(str(folder))
    end = tail.position
    tail.close()
    return end
