"""A group of two: what one says, the other is given as it would read it, whatever the message holds."""

from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from core.frame import HEADER_SIZE, Header, unpack
from core.log import LogWriter
from mesh.agent import Agent, Outcome, Reply, Request, Start, Subscription
from mesh.agent_io import Shell
from mesh.protocol.codec import decode, encode
from mesh.protocol.engine import Engine
from mesh.transport.group import Group
from schemas.messages import MESSAGE_TYPES, Ack, CancelOrder, Denied, Equity, HaltRequest, Message, Trade
from tests.sim.sample_agents import EVENT, config

SECOND = 1_000_000_000
FIRST = Equity(0, 0, 0, 0, 0, 0, 0)
TYPES = sorted(MESSAGE_TYPES.values(), key=lambda cls: cls.__name__)


class Three(IntEnum):
    THREE = 3


class Speaker(Agent):
    """Answers each request with the message of the request."""

    def on_request(self, request: Request) -> None:
        self.ctx.reply(request, request.message)


class Listener(Agent):
    def __init__(self) -> None:
        self.heard: list[tuple[Header, Message]] = []
        self.replies: list[Reply] = []

    def subscriptions(self) -> list[Subscription]:
        return [Subscription("source", EVENT, Start.NEXT)]

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        self.heard.append((header, message))

    def on_reply(self, reply: Reply) -> None:
        self.replies.append(reply)


class Outlet:
    """The transport of one member; outside of the group there is nobody."""

    venue: Shell | None = None

    def __init__(self, group: Group, name: str) -> None:
        self._group = group
        self._name = name
        self.tapped = False
        self.sent: list[bytes] = []
        self.shown: list[tuple[str, bytes]] = []

    def publish(self, frame: bytes) -> None:
        self._group.publish(self, self._name, frame)

    def request(self, peer: str, frame: bytes) -> bool:
        self._group.request(self._name, peer, frame)
        return True

    def reply(self, token: bytes, frame: bytes) -> bool:
        return self._group.reply(self._name, token, frame)

    def reopen(self, publisher: str) -> None:
        raise AssertionError(f"the subscription to {publisher} has become deaf")

    def send_out(self, frame: bytes) -> None:
        self.sent.append(frame)

    def show(self, source: str, frame: bytes) -> None:
        self.shown.append((source, frame))


class Pair:
    """`source` speaks, `sink0` listens."""

    def __init__(self, folder: Path) -> None:
        self.now_ns = SECOND
        self.group = Group(lambda: self.now_ns, lambda: self.now_ns + SECOND)
        self.speaker, self.listener = Speaker(), Listener()
        self.outlets: dict[str, Outlet] = {}
        self.engines: dict[str, Engine] = {}
        self.logs: list[LogWriter] = []
        for name, agent in (("source", self.speaker), ("sink0", self.listener)):
            log, outlet = LogWriter(str(folder / name), segment_bytes=1 << 20), Outlet(self.group, name)
            engine = Engine(name, config(folder), agent, log, 1, outlet)
            self.logs.append(log)
            self.outlets[name], self.engines[name] = outlet, engine
            self.group.join(name, engine, outlet)
        for name, engine in self.engines.items():
            engine.start(self.now_ns, self.now_ns)
            self.group.follow(name)
        for _ in range(3):
            self.pass_by(SECOND // 2)
        # The first message of an epoch is never next in line: the link makes it so.
        self.say(FIRST)
        self.listener.heard.clear()
        self.outlets["source"].sent.clear()

    def pass_by(self, duration_ns: int) -> None:
        self.now_ns += duration_ns
        for engine in self.engines.values():
            engine.on_timers(self.now_ns, self.now_ns)
        self.group.run()

    def say(self, *messages: Message) -> None:
        for message in messages:
            self.speaker.ctx.publish(EVENT, message)
        self.pass_by(1)
        self.pass_by(SECOND // 2)

    def ask(self, message: Message) -> None:
        self.listener.ctx.request("source", message, ttl_ms=100)
        self.group.run()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    found = Pair(tmp_path)
    yield found
    for log in found.logs:
        log.close()


def value_of(allowed: inspect.Type) -> Any:
    if isinstance(allowed, inspect.IntType):
        return 1 if allowed.le == 1 else 3
    if isinstance(allowed, inspect.StructType):
        return sample(allowed.cls)
    if isinstance(allowed, inspect.VarTupleType):
        return (value_of(allowed.item_type),) * 2
    if isinstance(allowed, inspect.TupleType):
        return tuple(value_of(each) for each in allowed.item_types)
    if isinstance(allowed, inspect.DictType):
        return {value_of(allowed.key_type): value_of(allowed.value_type)}
    if isinstance(allowed, inspect.UnionType):
        structs = [each for each in allowed.types if isinstance(each, inspect.StructType)]
        return sample(structs[-1].cls) if structs else 2.5
    values: dict[type[inspect.Type], Any] = {
        inspect.BoolType: True,
        inspect.FloatType: 0.5,
        inspect.StrType: "wörd",
        inspect.BytesType: b"\0\1",
        inspect.AnyType: "any",
    }
    return values[type(allowed)]


def sample(cls: type) -> Any:
    found = inspect.type_info(cls)
    assert isinstance(found, inspect.StructType)
    return cls(**{field.name: value_of(field.type) for field in found.fields})


def plain(value: Any) -> Any:
    return value


def named(value: Any) -> Any:
    return Three.THREE if value == 3 and type(value) is int else value


def loose(value: Any) -> Any:
    if isinstance(value, bytes):
        return bytearray(value)
    return list(value) if isinstance(value, tuple) else value


def shape(value: Any) -> Any:
    """Return a value with the types of all its parts."""
    if isinstance(value, msgspec.Struct):
        return type(value), [shape(getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, tuple | list):
        return type(value), [shape(each) for each in value]
    return type(value), value


@pytest.mark.parametrize("change", [plain, named, loose])
@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_a_follower_is_given_what_reading_the_frame_gives(
    pair: Pair, cls: type[Message], change: Callable[[Any], Any]
) -> None:
    whole = sample(cls)
    message = cls(*[change(getattr(whole, name)) for name in cls.__struct_fields__])
    pair.say(message)
    ((header, heard),) = pair.listener.heard
    frames = [frame for frame in pair.outlets["source"].sent if unpack(frame).stream == EVENT]
    assert [unpack(frame) for frame in frames] == [header]
    assert frames[0][HEADER_SIZE:] == encode(message)
    assert shape(heard) == shape(decode(header.type, frames[0][HEADER_SIZE:])) == shape(whole)
    assert [frame for _, frame in pair.logs[0].scan()][1:] == frames


@pytest.mark.parametrize("change", [plain, named])
@pytest.mark.parametrize("cls", [Ack, CancelOrder, HaltRequest, Denied])
def test_requests_and_answers_are_given_as_they_are_read(
    pair: Pair, cls: type[Message], change: Callable[[Any], Any]
) -> None:
    whole = sample(cls)
    message = cls(*[change(getattr(whole, name)) for name in cls.__struct_fields__])
    pair.ask(message)
    (reply,) = pair.listener.replies
    assert reply.outcome is Outcome.ANSWERED
    assert reply.request is message
    assert shape(reply.message) == shape(whole)


def test_a_plain_message_is_given_itself(pair: Pair) -> None:
    equity, ack = sample(Equity), sample(Ack)
    pair.say(equity)
    assert pair.listener.heard[0][1] is equity
    pair.ask(ack)
    assert pair.listener.replies[0].message is ack


def test_a_message_that_can_be_changed_is_not_shared(pair: Pair) -> None:
    denied = Denied(1, "s", 1, 5, {"position": 3})
    pair.say(denied)
    denied.figures["position"] = 4
    heard = pair.listener.heard[0][1]
    assert isinstance(heard, Denied)
    assert heard.figures == {"position": 3}


def test_what_no_follower_may_read_is_counted_as_lost(pair: Pair) -> None:
    pair.say(Trade(1, 1, -1, 1, 1, "1"), sample(Equity))
    assert [message for _, message in pair.listener.heard] == [sample(Equity)]
    status = pair.engines["sink0"].status()
    assert status.counters["messages_refused"] == 1
    assert status.links[0].lost == 1


def test_the_tap_shows_the_frames_that_were_handed_over(pair: Pair) -> None:
    for outlet in pair.outlets.values():
        outlet.tapped = True
    before = len(pair.outlets["source"].sent)
    pair.say(sample(Equity), sample(Denied))
    pair.ask(sample(Ack))
    published = pair.outlets["source"].sent[before:]
    sink, source = pair.outlets["sink0"].shown, pair.outlets["source"].shown
    assert [frame for name, frame in sink if name == "source"][: len(published)] == published
    assert len(sink) == len(published) + 1
    (asked,) = [frame for name, frame in source if name == "sink0"]
    assert decode(unpack(asked).type, asked[HEADER_SIZE:]) == sample(Ack)


def test_any_number_of_messages_of_one_handler_comes_in_order(pair: Pair) -> None:
    for count in (1, 63, 64, 65, 1000):
        pair.listener.heard.clear()
        pair.say(*[Equity(0, number, 0, 0, 0, 0, 0) for number in range(count)])
        assert [message.equity_e8 for _, message in pair.listener.heard if isinstance(message, Equity)] == list(
            range(count)
        )


def test_who_left_is_nobody_and_who_enters_late_is_heard_and_hears(pair: Pair, tmp_path: Path) -> None:
    """A member's place is taken by another of its name, as of an agent that was started again."""
    group = pair.group
    group.leave("source")
    assert not group.holds("source")
    assert not group.reply(
        "sink0", b"\0group/source", pair.engines["source"].packer.pack(FIRST, EVENT, 1, 9, 0, 0, 0, 0)
    )
    speaker, log, outlet = Speaker(), LogWriter(str(tmp_path / "again"), segment_bytes=1 << 20), Outlet(group, "source")
    pair.logs.append(log)
    engine = Engine("source", config(tmp_path), speaker, log, 2, outlet)
    engine.start(pair.now_ns, pair.now_ns)
    group.enter("source", engine, outlet)
    pair.speaker, pair.engines["source"] = speaker, engine
    pair.pass_by(SECOND // 2)
    pair.say(FIRST, FIRST)
    assert [header.epoch for header, _ in pair.listener.heard] == [2, 2]
    pair.ask(HaltRequest(True, "why"))
    assert pair.listener.replies[-1].message == HaltRequest(True, "why")
    group.leave("sink0")
    pair.engines.pop("sink0")
    pair.say(FIRST)
    assert len(pair.listener.heard) == 2
