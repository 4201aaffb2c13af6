"""Ask live agents, as an operator does: requests as sender 0 over DEALER sockets of one's own, answers or silence.

All agents are asked at once and the answers gathered until the deadline, so one that hangs costs the time of one. An
agent that does not answer is missing from the result; that is an outcome, not an error. Several questions may be out at
once (`begin`): an agent takes them in the order in which they were begun.
"""

import select
import time
from collections.abc import Collection, Iterable, Mapping

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


class Question:
    """What some agents were asked at once, and the answers so far."""

    def __init__(self, asked: Collection[str]) -> None:
        """Begin without an answer of any of these agents."""
        self.asked = asked
        self.answers: dict[str, Message] = {}


class Client:
    """Asks the agents of one configuration; not for two threads at a time."""

    def __init__(self, config: Config) -> None:
        """Prepare to ask; an agent is connected to when it is asked first."""
        self._config = config
        self._sockets = Sockets()
        self._askers: dict[str, Socket] = {}
        self._asked = 0
        self._open: dict[tuple[str, int], Question] = {}
        """By agent and number, the questions that wait for an answer."""
        self._unsent: list[tuple[str, int, bytes]] = []
        """Agent, number and frame of what could not be sent yet."""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, messages: Mapping[str, Message], timeout_s: float = ANSWER_S_MAX) -> dict[str, Message]:
        """Ask each agent its message and return the answers that came within `timeout_s`, by agent."""
        return self.wait(self.begin(messages), timeout_s)

    def begin(self, messages: Mapping[str, Message]) -> Question:
        """Send each agent its message, as soon as it can be sent; `wait` takes the answers."""
        question = Question(list(messages))
        for name, message in messages.items():
            frame = self._frame(message)
            self._open[name, self._asked] = question
            self._unsent.append((name, self._asked, frame))
        self._send()
        return question

    def wait(
        self, question: Question, timeout_s: float = ANSWER_S_MAX, needed: Collection[str] | None = None
    ) -> dict[str, Message]:
        """Return the answers that came within `timeout_s`, by agent; earlier if those of the `needed` are there.

        Whoever waited for the needed ones only may wait again for the others. Else the question is given up: what was not
        sent of it is never sent, and what is answered later is dropped.
        """
        wanted = question.asked if needed is None else needed
        poll = select.poll()
        for name in question.asked:
            poll.register(self._asker(name).fd, select.POLLIN)
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._send()
            for name in question.asked:
                self._drain(name)
            if all(name in question.answers for name in wanted) or time.monotonic() >= deadline_s:
                break
            poll.poll(LOOK_MS)
        if needed is None:
            self._give_up(question)
        return {name: question.answers[name] for name in question.asked if name in question.answers}

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

    def _send(self) -> None:
        """Send what is to be sent, to each agent in order."""
        left: list[tuple[str, int, bytes]] = []
        full: set[str] = set()
        for name, number, frame in self._unsent:
            if name in full or self._asker(name).wire.send(frame) != OK:
                full.add(name)
                left.append((name, number, frame))
        self._unsent = left

    def _give_up(self, question: Question) -> None:
        self._open = {place: each for place, each in self._open.items() if each is not question}
        self._unsent = [each for each in self._unsent if each[:2] in self._open]

    def _drain(self, name: str) -> None:
        """Take what came from `name`; an answer to a question that is given up is dropped."""
        found: list[bytes] = []
        self._asker(name).wire.drain(found.append, DRAIN_MAX)
        for frame in found:
            try:
                header = unpack(frame)
                message = decode(header.type, memoryview(frame)[HEADER_SIZE:])
            except FrameError:
                # An agent of another version: as good as no answer.
                continue
            question = self._open.pop((name, header.seq), None)
            if question is not None:
                question.answers[name] = message
