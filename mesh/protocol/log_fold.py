"""An agent's own log, folded into it before it starts: what it did in its earlier lives.

With an anchor (`mesh.anchor`) it begins where that was taken. This file is compiled (`log_fold.pxd`): a log may hold
millions of records.
"""

from collections.abc import Sequence

import msgspec

from core.crc32c import crc32c
from core.frame import FLAG_STALE, unpack
from core.log.view import Log
from mesh.agent import Agent, LookedBack, Subscription
from mesh.anchor import Anchor
from mesh.protocol.codec import decode_frame
from schemas.messages import TYPE_NUMBERS


class LogFold:
    """Hands an agent the records of its log, oldest first, as its start does."""

    def __init__(self, agent: Agent, back: LookedBack | None = None) -> None:
        """Fold into `agent`, which is bound, and into what is looked back at, which a start leaves out."""
        self.position = 0
        """Where the first record that was not folded lies at the earliest."""
        self.last_position = 0
        self.last_frame = b""
        """The last record that was folded."""
        self.last_crc = 0
        self.epoch = 0
        self.records = 0
        self.passed_over: dict[int, int] = {}
        self.last: dict[tuple[int, int], bytes] = {}
        """Of what the agent `restores_last`, the newest."""
        self.streams: dict[int, tuple[tuple[int, int], tuple[int, int]]] = {}
        """The first and the last (epoch, seq) of each stream."""
        self._agent = agent
        self._wanted = None if agent.restores is None else {TYPE_NUMBERS[cls] for cls in agent.restores}
        self._wanted_last = {TYPE_NUMBERS[cls] for cls in agent.restores_last}
        self._back = back
        self._wanted_back = set() if back is None else {TYPE_NUMBERS[cls] for cls in back.types}

    def resume(self, anchor: Anchor) -> None:
        """Begin where an anchor was taken.

        Raises:
            FrameError: If its state cannot be read; the agent is as it was.
        """
        self._agent.resume(anchor.state)
        if self._back is not None:
            self._back.resume(anchor.looked_back)
        self.position, self.last_position, self.last_crc = anchor.position, anchor.last_position, anchor.last_crc
        self.epoch, self.records = anchor.epoch, anchor.records
        self.passed_over = dict(anchor.passed_over)
        self.streams = dict(anchor.streams)
        self.last = {(number, stream): frame for number, stream, frame in anchor.last}

    def take(self, position: int, frame: bytes) -> None:
        """Fold one record, which lies at `position`.

        Raises:
            FrameError: If it is not a message that this version knows.
        """
        header = unpack(frame)
        number = header.type
        self.last_position, self.last_frame = position, frame
        # Behind its length, checksum and frame, at a multiple of 8.
        self.position = position + (len(frame) + 15 & ~7)
        self.epoch = header.epoch
        self.records += 1
        where = header.epoch, header.seq
        known = self.streams.get(header.stream)
        self.streams[header.stream] = (where if known is None else known[0], where)
        if self._wanted is None or number in self._wanted:
            self._agent.restore(header, decode_frame(header, frame))
            return
        if number in self._wanted_back and self._back is not None:
            self._back.take(header, decode_frame(header, frame))
        self.passed_over[number] = self.passed_over.get(number, 0) + 1
        if number in self._wanted_last and not header.flags & FLAG_STALE:
            self.last[number, header.stream] = frame

    def take_rest(self, log: Log, end: int | None = None) -> None:
        """Fold all that a log holds, before `end` if that is given, and was not folded yet."""
        # From the last record on: there is one, so nothing in front of it need be read to find the place.
        for position, frame in log.scan(self.last_position):
            if end is not None and position >= end:
                return
            if position >= self.position:
                self.take(position, frame)

    def end(self) -> None:
        """Hand over what only the newest counts of, and the number of all others."""
        for frame in self.last.values():
            header = unpack(frame)
            self._agent.restore(header, decode_frame(header, frame))
        self._agent.passed_over(self.passed_over)

    def crc(self) -> int:
        """Return the checksum of the last record."""
        return crc32c(self.last_frame) if self.last_frame else self.last_crc


def fold(log: Log, agent: Agent, anchor: Anchor | None = None) -> LogFold:
    """Hand an agent the records that it `restores`, then the newest of those that it `restores_last`, and the number of all
    others; from an anchor on if there is one.

    Raises:
        FrameError: If a record is not a message that this version knows.
    """
    folded = LogFold(agent)
    if anchor is not None:
        folded.resume(anchor)
    folded.take_rest(log)
    folded.end()
    return folded


def resumed(subscriptions: Sequence[Subscription], anchor: Anchor | None) -> list[Subscription]:
    """Return what is followed, from where an anchor has it on: what the state was folded from need not come again."""
    places = {(each.publisher, each.stream): (each.epoch, each.seq) for each in (anchor.followed if anchor else ())}
    return [
        msgspec.structs.replace(each, position=places[each.publisher, each.stream], anchored=True)
        if (each.publisher, each.stream) in places and each.position is None
        else each
        for each in subscriptions
    ]
