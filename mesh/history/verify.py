"""Does an agent decide again as it did? Each of its starts is run on what reached it, and held against its log.

A start begins as it began then: the records of earlier starts are folded, from the same anchor on, and the inputs follow in
their order, with their times. What the agent published must be in its log, frame by frame and byte by byte but for the two
times that were measured while it worked (`decided_ns`, `send_ns`); what it asks of peers and of the venue must be what it
asked then. The first that differs ends the comparison of that start: what follows it may only be its consequence. The next
start begins from the log again.

An input is recorded before it is handled. So of an agent that was killed the last input may have made more than its log
holds, and everything in the log has its input. After a power failure the log may hold more than the inputs account for:
that is told, and is no difference.
"""

import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from core.log import LogWriter
from mesh.agent import Agent
from mesh.anchor import Anchor
from mesh.anchor_store import known
from mesh.history.difference import Difference, call_difference, frame_difference, request_difference
from mesh.history.input_reader import Input, InputReader
from mesh.history.logged_starts import LoggedStarts
from mesh.history.published import MissingInputError, Published
from mesh.history.rerun import Rerun
from mesh.protocol.input_log import STARTED, STOP
from mesh.protocol.recorded_inputs import anchor_of, config_of, folder_of, starts_in
from mesh.roles import build_agent, has_shell
from schemas.config import Config

AROUND = 3
"""So many inputs before and after the one that made the difference are shown."""
SEGMENT_BYTES = 1 << 22
FIXED = (slice(0, 32), slice(40, 56), slice(64, None))
"""What of a frame follows from the inputs: all but `send_ns` and `decided_ns`."""
AWAY = "records that it began from are not here any more: retention has removed them, or they were moved elsewhere"

Build = Callable[[str, Config], Agent]


class StartVerdict(msgspec.Struct, frozen=True):
    """What running one start again came to; `note` tells why it could not be run, or to its end."""

    agent: str
    epoch: int
    inputs: int = 0
    outputs: int = 0
    requests: int = 0
    difference: Difference | None = None
    note: str = ""
    ran: bool = True

    @property
    def equal(self) -> bool:
        """Whether all that could be compared was equal."""
        return self.ran and self.difference is None


class Verifier:
    """Runs the starts of one agent again."""

    def __init__(self, state_dir: Path, agent: str, config: Config | None = None, build: Build = build_agent) -> None:
        """Read below `state_dir`; without `config`, each start has the configuration that it had."""
        self._state_dir = state_dir
        self._agent = agent
        self._config = config
        self._build = build

    def verdicts(self, wanted: Callable[[int], bool] = lambda wall_ns: True) -> Iterator[StartVerdict]:
        """Yield one verdict for each start that is recorded and whose wall time is wanted, in order."""
        own = self._state_dir / self._agent
        with tempfile.TemporaryDirectory(prefix="tickmesh-verify-") as scratch:
            frames = LoggedStarts(own / "log")
            try:
                for epoch in starts_in(own):
                    frames.pass_to(epoch)
                    reader = InputReader(folder_of(own, epoch))
                    first = next(iter(reader), None)
                    if first is not None and wanted(first.wall_ns):
                        yield self._verdict(epoch, first, reader, frames, Path(scratch, str(epoch)))
            finally:
                frames.close()

    def _verdict(
        self, epoch: int, first: Input, reader: InputReader, frames: LoggedStarts, scratch: Path
    ) -> StartVerdict:
        own = self._state_dir / self._agent
        config = self._config or config_of(own, epoch)
        agent = self._build(self._agent, config)
        anchor = anchor_of(own, epoch)
        if isinstance(anchor, Anchor) and anchor.version != agent.anchored:
            anchor = f"its state is of version {anchor.version} (this version of Tickmesh: {agent.anchored})"
        if isinstance(anchor, str):
            return self._not_run(epoch, f"the anchor that it began from: {anchor}")
        if first.kind != STARTED:
            return self._not_run(epoch, "its recording does not begin with the start")
        if frames.begin > (first.seq if anchor is None else anchor.last_position):
            return self._not_run(epoch, AWAY)
        frames.copy_before(scratch)
        log = LogWriter(str(scratch), segment_bytes=SEGMENT_BYTES, known=known(anchor))
        others = Published(self._state_dir)
        try:
            shelled = has_shell(self._agent, config)
            rerun = Rerun(self._agent, config, agent, log, epoch, others, shelled, anchor)
            return _Comparison(self._agent, epoch, rerun, frames).run(reader)
        finally:
            others.close()
            log.close()
            shutil.rmtree(scratch)

    def _not_run(self, epoch: int, why: str) -> StartVerdict:
        return StartVerdict(self._agent, epoch, note=why, ran=False)


class _Comparison:
    """One start that is run again beside its log."""

    def __init__(self, agent: str, epoch: int, rerun: Rerun, frames: LoggedStarts) -> None:
        self._agent, self._epoch, self._rerun, self._frames = agent, epoch, rerun, frames
        self._recent: deque[Input] = deque(maxlen=AROUND)
        self._outputs = 0
        self._requests = 0

    def run(self, reader: InputReader) -> StartVerdict:
        """Hand over every input, and return what came of it."""
        inputs = iter(reader)
        each, count = next(inputs, None), 0
        while each is not None:
            following = next(inputs, None)
            last = following is None and each.kind != STOP
            try:
                found = self._take(each, last)
            except MissingInputError as error:
                told = self._told(count, note=f"input {each.number} cannot be handed over: {error}")
                return msgspec.structs.replace(told, ran=False)
            count += 1
            if found is not None:
                ahead = [] if following is None else [following, *_first(inputs, AROUND - 1)]
                around = (*self._recent, each, *ahead)
                return self._told(count, msgspec.structs.replace(found, around=around))
            self._recent.append(each)
            each = following
        left = self._frames.next(self._epoch)
        if left is None:
            return self._told(count, note=reader.damage)
        if reader.damage or self._frames.live:
            return self._told(count, note=reader.damage or "the agent is running: compared up to what was recorded")
        if not self._recent:
            return self._told(count, note="nothing is recorded")
        lost = frame_difference(self._recent[-1], left, None)
        return self._told(count, msgspec.structs.replace(lost, around=tuple(self._recent)))

    def _take(self, each: Input, last: bool) -> Difference | None:
        """Hand over one input; return the first thing that it makes which was not so, if any."""
        rerun = self._rerun
        error = ""
        try:
            rerun.take(each)
        except MissingInputError:
            raise
        except Exception as raised:  # noqa: BLE001 - what an agent raises ended its process then, or is the difference now
            error = f"{type(raised).__name__}: {raised}"
        for made in rerun.published:
            recorded = self._frames.next(self._epoch)
            if recorded is None and (last or self._frames.is_running):
                return None
            if recorded is None or any(made[part] != recorded[part] for part in FIXED):
                return frame_difference(each, recorded, made)
            self._outputs += 1
        requests = tuple((asked.peer, asked.frame) for asked in each.asked)
        for compare, before, now in (
            (request_difference, requests, rerun.asked),
            (call_difference, each.called, rerun.shell.asked),
        ):
            for place in range(max(len(before), len(now))):
                recorded_one = before[place] if place < len(before) else None
                if recorded_one is None and last:
                    break
                found = compare(each, recorded_one, now[place] if place < len(now) else None)
                if found is not None:
                    return found
                self._requests += 1
        if error and not last:
            return Difference(each, "error", recorded="no error", made=error)
        return None

    def _told(self, inputs: int, difference: Difference | None = None, note: str = "") -> StartVerdict:
        return StartVerdict(self._agent, self._epoch, inputs, self._outputs, self._requests, difference, note)


def _first(inputs: Iterator[Input], count: int) -> list[Input]:
    return [each for each, _ in zip(inputs, range(count), strict=False)]
