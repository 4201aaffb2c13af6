"""One agent's log, read record by record: by time, by stream, by order; with what is damaged in it.

Only the folder is needed. A live log is read up to what is appended at that moment. What is damaged is named with file and
byte, and reading goes on with the next segment, so that nothing that can be read is lost for one bad byte; what a writer
left half written when it died is told and is no damage. A time is looked for among the segments first, so that an hour of a
long log costs an hour's reading.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from core.frame import Header, unpack
from core.log import LogReader
from core.log.moved import absent_in, lies_at
from mesh.history.wall_clock import SET_BACK_NS, TIMED, ClockSample, WallClock, mono_ns, sample_of
from mesh.protocol.codec import decode_frame
from mesh.trace.stream_filter import StreamFilter
from schemas.errors import ExitStatus, FrameError, LogDamagedError, TickmeshError
from schemas.messages import Message
from schemas.streams import stream_name

CHUNK_RECORDS = 4096
AHEAD_RECORDS = 4096
"""So many records of an epoch wait for one that tells its wall time."""
LOOK_RECORDS = 512
"""So many records of a segment are looked at for its time."""
SEGMENTS_WHOLE = 4
"""Of a log of more segments not everything is read to know the clocks."""
SEGMENT_HEADER = 64
BOOT = slice(48, 64)
EPOCHS_MAX = 10_000
WALL_NS_MAX = 2**63 - 1


class NoLogError(TickmeshError):
    """There is no log where one was named."""

    exit_status = ExitStatus.NO_INPUT


class Entry(msgspec.Struct, frozen=True):
    """One record; `wall_ns` is 0 if nothing tells its wall time, `message` None if this version cannot read it."""

    agent: str
    wall_ns: int
    header: Header
    message: Message | None


class Selection(msgspec.Struct, frozen=True):
    """Which records are wanted: from a time to before another, of these streams, about an order."""

    from_ns: int = 0
    to_ns: int = WALL_NS_MAX
    stream: str = ""
    order_id: str = ""


class Journal:
    """The log in one folder. What reading it brought to light besides the records is kept in `damage` and so on."""

    def __init__(self, agent: str, folder: Path) -> None:
        """Read the log of `agent` whose segments lie in `folder`.

        Raises:
            NoLogError: If there is none.
        """
        self.agent = agent
        self.folder = folder
        self.damage: list[str] = []
        """Each damaged place: its file, the byte, what was found."""
        self.torn_bytes = 0
        """What lies behind the last whole record: a writer that died was writing it."""
        self.unread = 0
        """Records that are not messages that this version knows."""
        self.absent: list[Path] = []
        """Segments that were to be read and were moved to where they are not found."""
        self.skipped_bytes = 0
        """What retention took away while this was reading."""
        self._at: int | None = None
        """Where the next reading goes on."""
        self._clock = WallClock(lambda: samples_beside(folder))
        if not folder.is_dir() or not segments_in(folder):
            raise NoLogError(f"no log of agent {agent} in {folder} (its folder in the state folder holds log/*.log)")

    def entries(self, wanted: Selection) -> Iterator[Entry]:
        """Yield the records that are wanted, oldest first; asked again, those that were appended since."""
        passes = _Passes(wanted)
        for header, frame in self._timed(wanted):
            wall_ns = self._clock.wall_ns(header)
            if wall_ns >= wanted.to_ns:
                return
            if wall_ns < wanted.from_ns or not passes.header(header, frame):
                continue
            message = self._decoded(header, frame)
            if passes.message(message):
                yield Entry(self.agent, wall_ns, header, message)

    def _timed(self, wanted: Selection) -> Iterator[tuple[Header, bytes]]:
        """Yield records, each when the clock can tell its time or is known not to."""
        waiting: list[tuple[Header, bytes]] = []
        for frame in self._frames(self.begin_of(wanted.from_ns) if self._at is None else self._at):
            header = unpack(frame)
            sample = self._sample(header, frame)
            if waiting and header.epoch != waiting[0][0].epoch:
                yield from self._let_go(waiting)
            if sample is not None:
                self._clock.learn(header.epoch, sample)
                yield from waiting
                waiting.clear()
            elif not self._clock.knows(header):
                waiting.append((header, frame))
                if len(waiting) == AHEAD_RECORDS:
                    yield from self._let_go(waiting)
                continue
            yield header, frame
        yield from self._let_go(waiting)

    def _let_go(self, waiting: list[tuple[Header, bytes]]) -> Iterator[tuple[Header, bytes]]:
        if waiting:
            self._clock.borrow(waiting[0][0])
        yield from waiting
        waiting.clear()

    def _sample(self, header: Header, frame: bytes) -> ClockSample | None:
        if header.type not in TIMED:
            return None
        try:
            return sample_of(header, decode_frame(header, frame))
        except FrameError:
            return None

    def _decoded(self, header: Header, frame: bytes) -> Message | None:
        try:
            return decode_frame(header, frame)
        except FrameError:
            self.unread += 1
            return None

    def _frames(self, begin: int) -> Iterator[bytes]:
        """Yield the frames of every segment from the one at `begin` on, past what is damaged."""
        self.absent = self._absent_from(begin)
        at: int | None = begin
        while at is not None:
            reader = LogReader(str(self.folder), at)
            try:
                while frames := reader.poll(CHUNK_RECORDS):
                    yield from frames
                at = self._after_end(reader)
            except LogDamagedError as error:
                at = self._after_damage(error)
            finally:
                self.skipped_bytes += reader.skipped_bytes
                self._at = reader.position
                reader.close()

    def _after_end(self, reader: LogReader) -> int | None:
        """Take note of what lies behind the last record; return where to go on if that is not the log's end."""
        behind = [base for base in segments_in(self.folder) if base > reader.position]
        if not behind:
            self.torn_bytes = reader.torn_bytes()
            return None
        if len(behind) == 1 and not _has_records(self.folder, behind[0]):
            self.torn_bytes = (self.folder / segment_name(behind[0])).stat().st_size
            return None
        self.damage.append(f"{self.folder / segment_name(behind[0])}: damaged at byte 0: no intact segment header")
        return behind[1] if len(behind) > 1 else None

    def _after_damage(self, error: LogDamagedError) -> int | None:
        self.damage.append(f"{error.path}: damaged at byte {error.offset}: {error.found}")
        here = int(Path(error.path).stem)
        absent = {int(path.stem) for path in absent_in(self.folder)}
        return next((base for base in segments_in(self.folder) if base > here and base not in absent), None)

    def _absent_from(self, position: int) -> list[Path]:
        """Return what of the log cannot be found from a position on."""
        bases = segments_in(self.folder)
        first = max((base for base in bases if base <= position), default=0)
        return [path for path in absent_in(self.folder) if int(path.stem) >= first]

    def begin_of(self, from_ns: int) -> int:
        """Return the last segment that begins before a time."""
        bases = segments_in(self.folder)
        low, high = 0, len(bases)
        beside: list[ClockSample] | None = None
        while from_ns and high - low > 1:
            middle = (low + high) // 2
            begun_ns = _begun_ns(self.folder, bases[middle])
            if not begun_ns:
                beside = samples_beside(self.folder) if beside is None else beside
                begun_ns = _borrowed_ns(self.folder, bases[middle], beside)
            if begun_ns and begun_ns <= from_ns:
                low = middle
            else:
                high = middle
        return bases[low]


class _Passes:
    """What of the records is wanted, told first by what costs least."""

    def __init__(self, wanted: Selection) -> None:
        self._streams = StreamFilter(wanted.stream)
        self._by_stream: dict[int, bool] = {}
        self._order_id = wanted.order_id
        self._text = wanted.order_id.encode()

    def header(self, header: Header, frame: bytes) -> bool:
        """Return whether a record may be wanted."""
        found = self._by_stream.get(header.stream)
        if found is None:
            found = self._by_stream[header.stream] = self._streams.passes(stream_name(header.stream))
        return found and self._text in frame

    def message(self, message: Message | None) -> bool:
        """Return whether a message names the order that is asked for, if one is."""
        return not self._order_id or (message is not None and _names(message, self._order_id))


def _names(message: Message, order_id: str) -> bool:
    return any(_holds(value, order_id) for value in msgspec.structs.astuple(message))


def _holds(value: Any, order_id: str) -> bool:
    if isinstance(value, tuple | list):
        return any(_holds(each, order_id) for each in value)
    return bool(value == order_id) or (isinstance(value, bytes) and order_id.encode() in value)


def segments_in(folder: Path) -> list[int]:
    """Return where each segment of a log begins, in order."""
    return sorted(int(path.stem) for path in folder.glob("*.log") if path.stem.isdigit())


def segment_name(base: int) -> str:
    """Return the name of the segment that begins at a position."""
    return f"{base:020d}.log"


def samples_beside(folder: Path) -> list[ClockSample]:
    """Return what the other logs of a state folder tell of both clocks, once for each start of their agents.

    The log that has the least is read, if it tells anything.
    """
    logs = [path for path in folder.parent.parent.glob("*/log") if path != folder and segments_in(path)]
    for path in sorted(logs, key=lambda each: (len(segments_in(each)), each)):
        if found := _samples(path):
            return found
    return []


def _samples(folder: Path) -> list[ClockSample]:
    """Return what a log tells of both clocks: of a long one at the ends of each boot of the host, and all of the newest."""
    bases = segments_in(folder)
    if len(bases) <= SEGMENTS_WHOLE:
        return _samples_from(folder, 0)
    boots = [_boot_of(folder, base) for base in bases]
    # In the first segment of a boot the one before may have begun, so the second is looked at too.
    ends = [n for n in range(len(bases) - 1) if boots[n] != boots[n + 1] or n < 2 or boots[n] != boots[n - 2]]
    begins = [_begun_sample(folder, bases[n]) for n in ends]
    return [each for each in begins if each is not None] + _samples_from(folder, bases[-1])


def _samples_from(folder: Path, position: int) -> list[ClockSample]:
    """Return one sample for each start of the agent that a log tells of from a position on."""
    found: list[ClockSample] = []
    reader = LogReader(str(folder), position)
    try:
        streams = reader.streams()
        for stream, (last_epoch, _) in streams.items():
            epoch = 0
            while epoch < last_epoch and len(found) < EPOCHS_MAX:
                frames = reader.read(stream, epoch, WALL_NS_MAX, count_max=1, bytes_max=1)
                header = unpack(frames[0])
                epoch = header.epoch
                if header.type in TIMED and (sample := sample_of(header, decode_frame(header, frames[0]))) is not None:
                    found.append(sample)
    except (FrameError, LogDamagedError):
        # What is told up to there is told; the damage is named when that log itself is read.
        return found
    finally:
        reader.close()
    return found


def _begun_ns(folder: Path, base: int) -> int:
    """Return the wall time of a segment's first record as far as its own records tell it, 0 if they do not."""
    begun = _begun_sample(folder, base)
    return 0 if begun is None else begun.wall_ns


def _borrowed_ns(folder: Path, base: int, beside: list[ClockSample]) -> int:
    """Return the wall time of a segment's first record by other logs, 0 if they tell none, or of more boots than one."""
    offsets = [each.offset_ns for each in beside]
    frames = _begin(folder, base, 1)
    if not frames or not offsets or max(offsets) - min(offsets) > SET_BACK_NS:
        return 0
    at_ns = mono_ns(unpack(frames[0]))
    return at_ns + min(beside, key=lambda each: abs(each.mono_ns - at_ns)).offset_ns if at_ns else 0


def _begun_sample(folder: Path, base: int) -> ClockSample | None:
    """Return the moment of a segment's first record as far as its own records tell it."""
    frames = _begin(folder, base, LOOK_RECORDS)
    first = unpack(frames[0]) if frames else None
    for frame in frames:
        header = unpack(frame)
        if first is None or header.epoch != first.epoch:
            break
        if header.type in TIMED and (sample := sample_of(header, decode_frame(header, frame))) is not None:
            return ClockSample(mono_ns(first), mono_ns(first) + sample.offset_ns)
    return None


def _boot_of(folder: Path, base: int) -> bytes:
    """Return under which boot of the host a segment was last written (`core.log.segment`)."""
    try:
        with open(lies_at(str(folder / segment_name(base))), "rb") as segment:
            return segment.read(SEGMENT_HEADER)[BOOT]
    except FileNotFoundError:
        return b""  # it was moved, and is not there


def _begin(folder: Path, base: int, count: int) -> list[bytes]:
    """Return the first records of a segment, none if it is damaged there."""
    reader = LogReader(str(folder), base)
    try:
        return reader.poll(count)
    except LogDamagedError:
        return []
    finally:
        reader.close()


def _has_records(folder: Path, base: int) -> bool:
    """Return whether a segment is read at all: its header is intact."""
    reader = LogReader(str(folder), base)
    try:
        reader.poll(1)
        return reader.position > base
    finally:
        reader.close()
