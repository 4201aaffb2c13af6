"""Ask live agents, as an operator does: requests as sender 0 over DEALER sockets of one's own, answers or silence.

All agents are asked at once and the answers gathered until the deadline, so one that hangs costs the time of one. An
agent that does not answer is missing from the result; that is an outcome, not an error.
"""

import select
import time
from collections.abc import Iterable, Mapping

from core.frame import HEADER_SIZE, pack, unpack
from mesh.endpoints import endpoints
from mesh.protocol.codec import decode, encode, type_number
from mesh.transport.sockets import Socket, Sockets
from mesh.transport.zmq_wire import OK
from schemas.config import Config
from schemas.errors import FrameError
from schemas.messages import AgentStatus, Message, StatusRequest
from schemas.streams import REQUEST_STREAM

ANSWER_S_MAX = 2.0
LOOK_MS = 20
"""Descriptors are edge-triggered, and an edge may have been taken by a send: look at the sockets at least this often."""

QUEUE_FRAMES = 100
DRAIN_MAX = 100
OPERATOR = 0
EPOCH = 1


class Client:
    """Asks the agents of one configuration; not for two threads at a time."""

    def __init__(self, config: Config) -> None:
        """Prepare to ask; an agent is connected to when it is asked first."""
        self._config = config
        self._sockets = Sockets()
        self._askers: dict[str, Socket] = {}
        self._asked = 0

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, messages: Mapping[str, Message], timeout_s: float = ANSWER_S_MAX) -> dict[str, Message]:
        """Ask each agent its message and return the answers that came within `timeout_s`, by agent."""
        frames = {name: self._frame(message) for name, message in messages.items()}
        unsent = dict(frames)
        answers: dict[str, Message] = {}
        poll = select.poll()
        for name in frames:
            poll.register(self._asker(name).fd, select.POLLIN)
        deadline_s = time.monotonic() + timeout_s
        while True:
            unsent = {n: f for n, f in unsent.items() if self._asker(n).wire.send(f) != OK}
            for name in frames.keys() - answers.keys():
                self._drain(name, unpack(frames[name]).seq, answers)
            if len(answers) == len(frames) or time.monotonic() >= deadline_s:
                return {name: answers[name] for name in frames if name in answers}
            poll.poll(LOOK_MS)

    def statuses(self, names: Iterable[str] = (), timeout_s: float = ANSWER_S_MAX) -> dict[str, AgentStatus]:
        """Return the status of each agent (of all, if none is named) that answers within `timeout_s`."""
        asked = list(names) or list(self._config.agents)
        answers = self.ask(dict.fromkeys(asked, StatusRequest()), timeout_s)
        return {name: answer for name, answer in answers.items() if isinstance(answer, AgentStatus)}

    def close(self) -> None:
        """Close every connection."""
        self._askers.clear()
        self._sockets.close()

    def _asker(self, name: str) -> Socket:
        asker = self._askers.get(name)
        if asker is None:
            endpoint = endpoints(self._config, name).answers
            asker = self._askers[name] = self._sockets.asker(endpoint, QUEUE_FRAMES, QUEUE_FRAMES)
        return asker

    def _frame(self, message: Message) -> bytes:
        self._asked += 1
        # Without a time of sending: how long people's questions take is no latency of the mesh.
        return pack(
            stream=REQUEST_STREAM,
            type=type_number(message),
            sender=OPERATOR,
            epoch=EPOCH,
            seq=self._asked,
            payload=encode(message),
        )

    def _drain(self, name: str, number: int, answers: dict[str, Message]) -> None:
        """Take what came from `name`; an answer to an earlier question, given too late, is dropped."""
        found: list[bytes] = []
        self._asker(name).wire.drain(found.append, DRAIN_MAX)
        for frame in found:
            try:
                header = unpack(frame)
                message = decode(header.type, memoryview(frame)[HEADER_SIZE:])
            except FrameError:
                # An agent of another version: as good as no answer.
                continue
            if header.seq == number:
                answers[name] = message
