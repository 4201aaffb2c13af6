"""Verified replay: whatever happened to a desk, every agent decides again as it did; and who does not is found at once.

What a changed agent makes first otherwise is also worked out here, without comparing as it runs: all that it makes, beside
all that is in the log.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.instruments import InstrumentInfo
from agents.strategies.book_imbalance import BookImbalance
from core.book import OrderBook
from core.frame import Header, unpack
from core.log import LogReader, LogWriter
from mesh.agent import Agent, Handlers
from mesh.anchor_store import write
from mesh.endpoints import agent_dir
from mesh.history.anchoring import Folding
from mesh.history.difference import frame_text, lines
from mesh.history.input_reader import InputReader
from mesh.history.published import Published
from mesh.history.rerun import Rerun
from mesh.history.verify import StartVerdict, Verifier
from mesh.message_handler import MessageHandler
from mesh.protocol.recorded_inputs import anchor_of, config_of, folder_of
from mesh.roles import build_agent, has_shell
from schemas.config import Config, RiskConfig
from schemas.messages import Message, OrderFilled
from tests.sim.desk import AGENTS, Desk
from tests.sim.test_trading import under_nemesis

SEEDS = range(1, 201 if os.environ.get("TICKMESH_LONG") else 7)
RAISING = 4
OFTEN = 40
"""So many inputs of a kind pass before one is handled otherwise."""

Change = Callable[[Agent], None]
Build = Callable[[str, Config], Agent]


def ended(desk: Desk) -> Desk:
    for node in desk.simulator.nodes.values():
        if node.alive:
            node.die()
    return desk


def verdicts(folder: Path, agent: str, build: Build = build_agent, config: Config | None = None) -> list[StartVerdict]:
    return list(Verifier(folder, agent, config, build).verdicts())


@pytest.mark.parametrize("seed", SEEDS)
def test_every_agent_of_a_desk_under_faults_decides_again_as_it_did(tmp_path: Path, seed: int) -> None:
    desk = ended(under_nemesis(tmp_path, seed))
    for agent in AGENTS:
        found = verdicts(tmp_path, agent)
        assert [verdict.epoch for verdict in found] == list(range(1, desk.simulator.nodes[agent].epoch + 1))
        assert [(verdict.agent, verdict.note, verdict.difference) for verdict in found if not verdict.equal] == []
        logged = len(list(frames(tmp_path, agent)))
        assert sum(verdict.outputs for verdict in found) == logged
        assert all(verdict.inputs > OFTEN for verdict in found[:1])


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_starts_that_begin_from_an_anchor_are_run_from_the_same(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    desk = Desk(tmp_path, seed)
    desk.start()
    names = ("execution", "risk", "portfolio", "md")
    for name in names:
        desk.run(rng.uniform(0.5, 2.0))
        write(agent_dir(desk.config, name) / "anchors", Folding(name, desk.config).run())
        desk.run(rng.uniform(0.0, 1.0))
        desk.simulator.crash(name)
        desk.run(rng.uniform(0.0, 0.5))
        desk.simulator.start(name)
    desk.run(2)
    ended(desk)
    for agent in AGENTS:
        found = verdicts(tmp_path, agent)
        assert [(verdict.note, verdict.difference) for verdict in found if not verdict.equal] == []
    assert all(anchor_of(tmp_path / name, 2) is not None for name in names)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a desk that traded for a while."""
    folder = tmp_path_factory.mktemp("run")
    desk = Desk(folder, 3)
    desk.start()
    desk.run(20)
    ended(desk)
    return folder


# What may be planted


class Handled(MessageHandler):
    """Hands messages on, with a change that is planted."""

    def __init__(self, handler: MessageHandler, planted: Callable[..., None], kind: type[Message]) -> None:
        self.handler, self.planted, self.kind = handler, planted, kind
        self.left = OFTEN
        self.kept: list[tuple[str, Header, Message]] = []

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        if isinstance(message, self.kind):
            self.left -= 1
        if isinstance(message, self.kind) and self.left == 0:
            self.planted(self, publisher, header, message)
        else:
            self.handler.on_message(publisher, header, message)
            while self.kept:
                self.handler.on_message(*self.kept.pop(0))


def drop(self: Handled, *came: Any) -> None:
    """Let it pass, and all of its kind that follow."""
    self.left = 1


def swap(self: Handled, *came: Any) -> None:
    self.kept.append(came)


def messages(planted: Callable[..., None], kind: type[Message], left: int = OFTEN) -> Change:
    def change(agent: Agent) -> None:
        handlers = agent.handlers()
        handlers.message = handled = Handled(handlers.message, planted, kind)
        handled.left = left
        agent.handlers = lambda: handlers  # type: ignore[method-assign]

    return change


def skipping(name: str, nth: int) -> Change:
    """Return the change that an agent passes over its `nth` call of `name`."""

    def change(agent: Agent) -> None:
        handlers = agent.handlers()
        calls = 0

        def counted(do: Callable[..., Any]) -> Callable[..., Any]:
            def call(*came: Any) -> Any:
                nonlocal calls
                calls += 1
                return None if calls == nth else do(*came)

            return call

        if name in vars(Handlers(Agent())):
            setattr(handlers, name, counted(getattr(handlers, name)))
        else:
            setattr(agent, name, counted(getattr(agent, name)))
        agent.handlers = lambda: handlers  # type: ignore[method-assign]

    return change


def breaking(agent: Agent) -> None:
    calls = 0

    def on_timer(name: str) -> None:
        nonlocal calls
        calls += 1
        if calls == RAISING:
            raise ValueError("a timer too many")
        timer(name)

    timer = agent.on_timer
    agent.on_timer = on_timer  # type: ignore[method-assign]


class Rounded:
    """A book whose imbalance has seven digits."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book

    def imbalance(self, levels: int) -> float:
        return round(self._book.imbalance(levels), 7)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)


def rounding(patch: pytest.MonkeyPatch) -> None:
    exact = BookImbalance.on_book

    def on_book(self: BookImbalance, instrument: InstrumentInfo, book: OrderBook) -> None:
        exact(self, instrument, Rounded(book))  # type: ignore[arg-type]

    patch.setattr(BookImbalance, "on_book", on_book)


def by_the_clock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(BookImbalance, "_cooling", lambda self, instrument: time.monotonic_ns() % 2 == 0)


def by_chance(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(BookImbalance, "_cooling", lambda self, instrument: random.random() < 0.5)


def a_tick_off(patch: pytest.MonkeyPatch) -> None:
    exact = BookImbalance._price
    patch.setattr(BookImbalance, "_price", lambda self, book, side: exact(self, book, side) + 1)


def limited(**limits: Any) -> Callable[[Config], Config]:
    def change(config: Config) -> Config:
        risk = config.agents["risk"]
        assert isinstance(risk, RiskConfig)
        changed = msgspec.structs.replace(risk, limits=msgspec.structs.replace(risk.limits, **limits))
        return msgspec.structs.replace(config, agents=config.agents | {"risk": changed})

    return change


PLANTED: dict[str, tuple[str, Any]] = {
    "a limit of risk is lower": ("risk", limited(position_max="0.02")),
    "risk lets fewer orders stand": ("risk", limited(open_orders_max=1)),
    "fills are passed over": ("portfolio", messages(drop, OrderFilled, 2)),
    "two messages are swapped": ("portfolio", messages(swap, OrderFilled, 2)),
    "a strategy does not hear of fills": ("signal", messages(drop, OrderFilled, 1)),
    "a timer is skipped": ("portfolio", skipping("on_timer", 3)),
    "a venue frame is skipped": ("md", skipping("frame", OFTEN)),
    "an answer of the venue is skipped": ("execution", skipping("venue_reply", 3)),
    "a request is not decided": ("risk", skipping("request", 5)),
    "a float is rounded": ("signal", rounding),
    "a strategy asks a clock": ("signal", by_the_clock),
    "a strategy draws at random": ("signal", by_chance),
    "a price is a tick off": ("signal", a_tick_off),
    "a timer raises": ("portfolio", breaking),
}
BY_ITSELF = ("a strategy asks a clock", "a strategy draws at random")


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_named_at_the_first_frame_that_differs(
    run: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    agent, change = PLANTED[name]
    config = config_of(run / agent, 1)
    build = build_agent
    if agent == "risk" and "risk" in name:
        config = change(config)
    elif hasattr(change, "__code__") and change.__code__.co_varnames[0] == "patch":
        change(monkeypatch)
    else:

        def build(agent: str, config: Config) -> Agent:
            made = build_agent(agent, config)
            change(made)
            return made

    (verdict,) = verdicts(run, agent, build, config)
    found = verdict.difference
    assert found is not None
    told = "\n".join(lines(found))
    assert len(found.around) > 1
    assert f"> #{found.input.number} " in told
    if name in BY_ITSELF:
        return
    if found.what == "error":
        assert name == "a timer raises"
        return
    expected = first_difference(run, agent, build, config)
    if found.what != "publication":
        # What is asked is compared too, and may differ before what is published does.
        assert found.input.number <= expected[0]
        return
    assert (found.input.number, verdict.outputs, found.recorded, found.made) == expected


def first_difference(run: Path, agent: str, build: Build, config: Config) -> tuple[int, int, str, str]:
    """Return number of the input, number of frames that were equal, and both sides, found after the whole run."""
    log = LogWriter(str(run / f"{agent}-{time.monotonic_ns()}"), segment_bytes=1 << 20)
    others = Published(run)
    rerun = Rerun(agent, config, build(agent, config), log, 1, others, has_shell(agent, config))
    made: list[tuple[int, bytes]] = []
    number = 0
    for each in InputReader(folder_of(run / agent, 1)):
        number = each.number
        try:
            rerun.take(each)
        except KeyError:
            # An end of a call that is not made now: nothing that follows can be held against the log.
            break
        made += [(number, frame) for frame in rerun.published]
    others.close()
    log.close()
    for place, recorded in enumerate(frames(run, agent)):
        if place == len(made):
            return number, place, frame_text(recorded), "nothing"
        if content(recorded) != content(made[place][1]):
            return made[place][0], place, frame_text(recorded), frame_text(made[place][1])
    raise AssertionError("nothing differs")


def content(frame: bytes) -> tuple[Any, ...]:
    """Return what of a frame follows from the inputs."""
    header = unpack(frame)
    names = ("stream", "flags", "type", "sender", "ttl_ms", "epoch", "seq", "origin_ns", "corr", "recv_ns")
    return (*(getattr(header, name) for name in names), frame[64:])


def frames(folder: Path, agent: str) -> Iterator[bytes]:
    reader = LogReader(str(folder / agent / "log"))
    try:
        while found := reader.poll():
            yield from found
    finally:
        reader.close()
