"""One start of an agent run again: the same class, driven by the inputs that were recorded.

The engine is the live one. Time is what was recorded with each input; the requests that it sent left when they did then,
which is what their deadlines count from; a peer or a venue answers nothing by itself, all that came is among the inputs.
What leaves is kept for whoever compares.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from core.frame import HEADER_SIZE, Header, unpack
from core.log import LogWriter
from mesh.agent import Agent
from mesh.agent_io import Shell
from mesh.anchor import Anchor
from mesh.context import CallOutcome, VenueCall, VenueReply
from mesh.history.input_reader import Asked, Input
from mesh.history.published import Published
from mesh.protocol import input_log as kinds
from mesh.protocol.engine import Engine
from schemas.config import Config
from schemas.messages import Message
from schemas.streams import CONTROL_STREAM

Step = Callable[[Input], object]
NO_CALL = VenueCall("", "", {})


class RecordedShell:
    """The shell of an agent that is run again: it remembers the calls, whose ends are recorded."""

    def __init__(self) -> None:
        """Begin without calls."""
        self.calls: dict[int, VenueCall] = {}
        self.asked: list[tuple[str, bytes]] = []
        """What the last input made it ask the venue, as `Input.called` has it."""

    async def start(self, inputs: object) -> None:
        """Do nothing: what comes is recorded."""

    async def stop(self) -> None:
        """Do nothing."""

    def open_socket(self, connection: str, url: str) -> None:
        """Open nothing: what came of it is recorded."""

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Keep what would be sent."""
        self.asked.append((connection, msgspec.msgpack.encode(message)))

    def close_socket(self, connection: str) -> None:
        """Close nothing."""

    def set_venue_clock(self, offset_ns: int) -> None:
        """Sign nothing."""

    def call(self, call_id: int, call: VenueCall) -> None:
        """Keep what is called until its end comes."""
        self.calls[call_id] = call
        self.asked.append(("", msgspec.msgpack.encode(call)))


class Rerun:
    """The engine of one start; `published` and `asked` hold what the last input made it send."""

    def __init__(
        self,
        name: str,
        config: Config,
        agent: Agent,
        log: LogWriter,
        epoch: int,
        others: Published,
        shelled: bool,
        anchor: Anchor | None = None,
    ) -> None:
        """Make the engine on `log`, which holds what the agent had published before, and nothing later.

        `others` has what it followed; `shelled` tells whether it talks to a venue; `anchor` is what it began from.
        """
        self.published: list[bytes] = []
        self.asked: list[tuple[str, bytes]] = []
        self.shell = RecordedShell()
        self.venue: Shell | None = self.shell if shelled else None
        self._others = others
        self._names = {table.id: peer for peer, table in config.agents.items()}
        self._now_ns = 0
        self._recorded: list[Asked] = []
        self.engine = Engine(name, config, agent, log, epoch, self, self._clock, anchor)
        self._steps: dict[int, Step] = {
            kinds.STARTED: lambda i: self.engine.start(i.now_ns, i.wall_ns),
            kinds.DELIVERED: self._deliver,
            kinds.BATCH: self._deliver_batch,
            kinds.PUBLICATION: lambda i: self.engine.on_publication(i.name, i.data, i.now_ns, i.wall_ns),
            kinds.REQUEST: lambda i: self.engine.on_request(i.tag, i.data, i.now_ns, i.wall_ns),
            kinds.REPLY: lambda i: self.engine.on_reply(i.name, i.data, i.now_ns, i.wall_ns),
            kinds.SOCKET: lambda i: self.engine.socket_changed(
                i.name, bool(i.seq), i.data.decode(), i.now_ns, i.wall_ns
            ),
            kinds.FRAME: lambda i: self.engine.frame_received(i.name, i.data, i.now_ns, i.wall_ns),
            kinds.VENUE_REPLY: self._venue_reply,
            kinds.TIMERS: lambda i: self.engine.on_timers(i.now_ns, i.wall_ns),
            kinds.PAUSE: lambda i: self.engine.on_pause(i.now_ns, i.wall_ns),
            kinds.STOPPING: lambda i: self.engine.stopping(i.now_ns, i.wall_ns),
            kinds.STOP: lambda i: self.engine.stop(i.now_ns, i.wall_ns),
        }

    def take(self, each: Input) -> None:
        """Hand the engine one input.

        Raises:
            MissingInputError: If what it names is not in its publisher's log any more.
        """
        self.published.clear()
        self.asked.clear()
        self.shell.asked.clear()
        self._now_ns = each.now_ns
        self._recorded = list(each.asked)
        self._steps[each.kind](each)

    # Transport of the engine

    def publish(self, frame: bytes) -> None:
        """Keep a publication; a beat is in no log."""
        if unpack(frame).stream != CONTROL_STREAM:
            self.published.append(frame)

    def request(self, peer: str, frame: bytes) -> bool:
        """Keep a request, and say of it what was true then."""
        self.asked.append((peer, frame))
        return self._recorded.pop(0).left if self._recorded else False

    def reply(self, token: bytes, frame: bytes) -> bool:
        """Keep nothing: the log has what an answer rests on."""
        return True

    def reopen(self, publisher: str) -> None:
        """Subscribe to nothing."""

    def _clock(self) -> int:
        return unpack(self._recorded[0].frame).send_ns if self._recorded else self._now_ns

    # Inputs

    def _deliver(self, each: Input) -> None:
        publisher = self._names.get(each.sender, "")
        frame = self._others.frame(publisher, each.stream, each.epoch, each.seq)
        self._observe(publisher, each)
        self.engine.on_deliver(publisher, frame, each.now_ns, each.wall_ns)

    def _deliver_batch(self, each: Input) -> None:
        publisher = self._names.get(each.sender, "")
        link = self.engine.link(publisher)
        headers: list[Header] = []
        messages: list[Message] = []
        for seq in range(each.first, each.seq + 1):
            frame = self._others.frame(publisher, each.stream, each.epoch, seq)
            header = unpack(frame)
            message = self.engine.decoded(link, header, frame[HEADER_SIZE:])
            if message is not None:
                headers.append(header)
                messages.append(message)
        self._observe(publisher, each)
        self.engine.take_batch(link, headers, messages, each.now_ns, each.wall_ns)

    def _observe(self, publisher: str, each: Input) -> None:
        """Have the tracker pass what it did: all up to this message, also what was overtaken by it."""
        tracker = self.engine.trackers[publisher]
        epoch, seq = tracker.position(each.stream)
        for number in range(seq + 1 if epoch == each.epoch else each.seq, each.seq + 1):
            tracker.observe(each.stream, each.epoch, number)

    def _venue_reply(self, each: Input) -> None:
        call_id, outcome, status, body, headers, text = msgspec.msgpack.decode(each.data)
        call = self.shell.calls.pop(call_id, NO_CALL)
        reply = VenueReply(call_id, call, CallOutcome(outcome), status, body, headers, text)
        self.engine.venue_replied(reply, each.now_ns, each.wall_ns)
