"""Two small agents for tests of the mesh itself: one publishes numbers, one writes down what it was given."""

from pathlib import Path

from core.frame import FLAG_SNAPSHOT, Header
from mesh.agent import Agent, Reply, Request, Start, Subscription
from mesh.config import parse
from schemas.config import Config
from schemas.messages import Ack, CancelOrder, Equity, MarkPrice, Message
from schemas.streams import Kind, StreamState, stream_id

STATE = stream_id(Kind.MARK, 1, 1)
EVENT = stream_id(Kind.EQUITY, 0, 0)
MS = 1_000_000


def config(state_dir: Path, followers: int = 1) -> Config:
    """Return a mesh of one publisher `source` and followers `sink0`, `sink1` ..."""
    agents: dict[str, object] = {"source": {"role": "portfolio", "id": 1, "execution": [], "market_data": []}}
    for i in range(followers):
        agents[f"sink{i}"] = {"role": "archive", "id": 2 + i, "sources": ["source"]}
    return parse({"mesh": {"state_dir": str(state_dir)}, "agents": agents})


class Source(Agent):
    """Publishes a number on a STATE and an EVENT stream every millisecond; answers every request with its count."""

    def __init__(self, until: int) -> None:
        self.until = until
        self.value = 0
        self.events = 0
        self.asked: list[int] = []

    def restore(self, header: Header, message: Message) -> None:
        if isinstance(message, Equity):
            self.events = message.equity_e8

    def start(self) -> None:
        self.ctx.set_timer("tick", self.ctx.now_ns + MS)

    def on_timer(self, name: str) -> None:
        if self.value >= self.until:
            return
        self.value += 1
        self.events += 1
        self.ctx.publish(STATE, MarkPrice(0, 0, self.value, 0, 0, 0))
        self.ctx.publish(EVENT, Equity(0, self.events, 0, 0, 0, 0, 0))
        self.ctx.set_timer("tick", self.ctx.now_ns + MS)

    def on_request(self, request: Request) -> None:
        self.asked.append(request.header.seq)
        self.ctx.reply(request, Ack(True, len(self.asked)))

    def snapshot(self, stream: int) -> Message | None:
        return MarkPrice(0, 0, self.value, 0, 0, 0) if self.value else None


class Sink(Agent):
    """Writes down every message with its position, every change of state and every end of a request."""

    def __init__(self, start: Start, every: bool) -> None:
        self._start = start
        self._every = every
        self.seen: dict[int, list[tuple[int, int, int, bool]]] = {STATE: [], EVENT: []}
        self.states: list[tuple[int, StreamState]] = []
        self.replies: list[Reply] = []

    def subscriptions(self) -> list[Subscription]:
        return [Subscription("source", s, self._start, self._every) for s in (STATE, EVENT)]

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        assert isinstance(message, MarkPrice | Equity)
        value = message.mark_e8 if isinstance(message, MarkPrice) else message.equity_e8
        self.seen[header.stream].append((header.epoch, header.seq, value, bool(header.flags & FLAG_SNAPSHOT)))

    def on_stream_state(self, publisher: str, stream: int, state: StreamState) -> None:
        self.states.append((stream, state))

    def on_reply(self, reply: Reply) -> None:
        self.replies.append(reply)

    def ask(self, ttl_ms: int) -> None:
        self.ctx.request("source", CancelOrder("X", 0), ttl_ms=ttl_ms)
