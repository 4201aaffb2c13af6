"""Streams over a network that loses, doubles, cuts and kills: what a follower is given is whole and in order."""

import itertools
import os
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from mesh.agent import Agent, Outcome, Start
from mesh.sim.simulator import Network, Simulator
from schemas.config import Config
from schemas.streams import StreamState
from tests.sim.sample_agents import EVENT, MS, STATE, Sink, Source, config

SECOND = 1000 * MS
SEEDS = range(1000 if os.environ.get("TICKMESH_LONG") else 60)


class Mesh:
    """A source and a sink in the simulator, with every life of the sink kept."""

    def __init__(self, folder: Path, seed: int, network: Network, start: Start, every: bool, until: int) -> None:
        self.sources: list[Source] = []
        self.sinks: list[Sink] = []

        def build(name: str, _: Config) -> Agent:
            if name == "source":
                self.sources.append(Source(until))
                return self.sources[-1]
            self.sinks.append(Sink(start, every))
            return self.sinks[-1]

        self.simulator = Simulator(config(folder), seed=seed, state_dir=folder, network=network, build=build)

    @property
    def sink(self) -> Sink:
        return self.sinks[-1]

    def link(self, stream: int) -> tuple[int, int, int]:
        status = self.simulator.nodes["sink0"].engine.status()
        return next((s.received, s.repaired, s.lost) for s in status.links if s.stream == stream)


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[type[Mesh]]:
    return Mesh


LOSSY = Network(loss=0.05, duplication=0.02, request_loss=0.05)
LATENCIES_MS_MAX = (0.2, 0.2, 0.2, 10, 300, 2000)


def lossy(seed: int) -> Network:
    """Return a network that loses, and whose latency is that of a host, of a network, or beyond every timeout."""
    latency_ns_max = int(random.Random(f"network/{seed}").choice(LATENCIES_MS_MAX) * MS)
    return msgspec.structs.replace(LOSSY, latency_ns_max=latency_ns_max)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_reaches_a_follower_from_the_first_once_and_in_order(tmp_path: Path, seed: int) -> None:
    mesh = Mesh(tmp_path, seed, lossy(seed), Start.FIRST, True, until=800)
    rng = random.Random(seed)
    mesh.simulator.start("source")
    mesh.simulator.run(rng.randrange(200) * MS)
    mesh.simulator.start("sink0")
    for _ in range(rng.randrange(4)):
        mesh.simulator.run(rng.randrange(300) * MS)
        match rng.randrange(3):
            case 0:
                mesh.simulator.partition("source", "sink0", rng.randrange(2000) * MS)
            case 1:
                mesh.simulator.crash("source")
                mesh.simulator.run(rng.randrange(1500) * MS)
                mesh.simulator.start("source")
            case 2:
                mesh.simulator.crash("sink0")
                mesh.simulator.run(rng.randrange(100) * MS)
                mesh.simulator.start("sink0")
    mesh.simulator.run(4 * SECOND)
    mesh.simulator.network = Network()
    mesh.simulator.run(12 * SECOND)
    total = mesh.sources[-1].events
    events = mesh.sink.seen[EVENT]
    assert [seq for _, seq, _, _ in events] == list(range(1, total + 1))
    assert [value for _, _, value, _ in events] == list(range(1, total + 1))
    states = [(epoch, seq) for epoch, seq, _, _ in mesh.sink.seen[STATE]]
    expected = [(e, n) for e in range(1, len(mesh.sources) + 1) for n in range(1, mesh.sources[e - 1].value + 1)]
    assert states == expected
    assert mesh.link(EVENT)[2] == 0
    assert mesh.link(STATE)[2] == 0
    assert mesh.simulator.nodes["sink0"].engine.stream_state("source", EVENT) is StreamState.LIVE


@pytest.mark.parametrize("seed", SEEDS)
def test_a_follower_of_the_state_ends_with_the_last_state_and_never_goes_back(tmp_path: Path, seed: int) -> None:
    mesh = Mesh(tmp_path, seed, lossy(seed), Start.NEXT, False, until=600)
    rng = random.Random(seed)
    mesh.simulator.start("sink0")
    mesh.simulator.start("source")
    for _ in range(rng.randrange(3)):
        mesh.simulator.run(rng.randrange(300) * MS)
        if rng.random() < 0.5:
            mesh.simulator.partition("source", "sink0", rng.randrange(1500) * MS)
        else:
            mesh.simulator.crash("source")
            mesh.simulator.run(rng.randrange(1500) * MS)
            mesh.simulator.start("source")
    mesh.simulator.run(3 * SECOND)
    mesh.simulator.network = Network()
    mesh.simulator.run(10 * SECOND)
    seen = mesh.sink.seen[STATE]
    assert seen[-1][2] == 600
    where = [(epoch, seq) for epoch, seq, _, _ in seen]
    assert where == sorted(set(where))
    for (epoch, seq, _, _), (next_epoch, next_seq, _, is_snapshot) in itertools.pairwise(seen):
        begins = next_epoch > epoch and next_seq == 1
        assert is_snapshot or begins or (next_epoch, next_seq) == (epoch, seq + 1)
    assert mesh.link(STATE)[2] == 0


def test_the_same_seed_gives_the_same_logs_byte_for_byte(tmp_path: Path) -> None:
    logs = []
    for run in ("a", "b"):
        mesh = Mesh(tmp_path / run, 7, LOSSY, Start.FIRST, True, until=500)
        mesh.simulator.start("source")
        mesh.simulator.start("sink0")
        mesh.simulator.run(300 * MS)
        mesh.simulator.crash("source")
        mesh.simulator.run(100 * MS)
        mesh.simulator.start("source")
        mesh.simulator.run(3 * SECOND)
        mesh.simulator.stop("source")
        logs.append([p.read_bytes() for p in sorted((tmp_path / run / "source" / "log").glob("*")) if p.stat().st_size])
    assert logs[0] == logs[1]


@pytest.mark.parametrize(("takes_ms", "ends_ms"), [(0, 0), (250, 300), (60_000, 10_000)])
def test_a_stop_waits_until_the_agent_is_ready_or_its_time_is_up(tmp_path: Path, takes_ms: int, ends_ms: int) -> None:
    mesh = Mesh(tmp_path, 1, Network(), Start.FIRST, True, until=50)
    node = mesh.simulator.start("source")
    mesh.simulator.run(SECOND)
    ready_ns = mesh.simulator.now_ns + takes_ms * MS
    node.agent.stopping = lambda: mesh.simulator.now_ns >= ready_ns  # type: ignore[method-assign]
    mesh.simulator.stop("source")
    assert node.alive == (ends_ms > 0)
    mesh.simulator.run(max(0, ends_ms * MS - 1))
    assert node.alive == (ends_ms > 0)
    mesh.simulator.run(1)
    assert not node.alive


def test_silence_is_doubted_after_three_beats_and_down_after_ten(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path, 1, Network(), Start.FIRST, True, until=50)
    mesh.simulator.start("source")
    mesh.simulator.start("sink0")
    mesh.simulator.run(SECOND)
    assert mesh.sink.states[-1][1] is StreamState.LIVE
    mesh.simulator.crash("source")
    mesh.simulator.run(290 * MS)
    assert mesh.sink.states[-1][1] is StreamState.LIVE
    mesh.simulator.run(120 * MS)
    assert mesh.sink.states[-1][1] is StreamState.GAP
    mesh.simulator.run(SECOND)
    assert mesh.sink.states[-1][1] is StreamState.DOWN


def test_a_lost_tail_is_found_by_the_next_beat(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path, 1, Network(), Start.FIRST, True, until=500)
    mesh.simulator.start("source")
    mesh.simulator.start("sink0")
    mesh.simulator.run(480 * MS)
    mesh.simulator.network = Network(loss=1.0)
    mesh.simulator.run(60 * MS)
    mesh.simulator.network = Network()
    assert len(mesh.sink.seen[EVENT]) < 500
    mesh.simulator.run(110 * MS)
    assert len(mesh.sink.seen[EVENT]) == 500
    assert mesh.link(EVENT)[1] > 0


def test_a_request_is_acted_on_once_however_often_it_is_repeated(tmp_path: Path) -> None:
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        mesh = Mesh(folder, seed, Network(request_loss=0.4), Start.FIRST, True, until=1)
        mesh.simulator.start("source")
        mesh.simulator.start("sink0")
        mesh.simulator.run(200 * MS)
        for _ in range(5):
            mesh.sink.ask(ttl_ms=400)
            mesh.simulator.arm(mesh.simulator.nodes["sink0"])
        mesh.simulator.run(SECOND)
        asked = mesh.sources[-1].asked
        assert len(asked) == len(set(asked))
        assert len(mesh.sink.replies) == 5
        for reply in mesh.sink.replies:
            assert reply.outcome in (Outcome.ANSWERED, Outcome.UNKNOWN)


def test_a_partition_that_heals_before_the_heartbeat_times_out_loses_nothing(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path, 1, Network(), Start.FIRST, True, until=2000)
    mesh.simulator.start("source")
    mesh.simulator.start("sink0")
    mesh.simulator.run(SECOND)
    mesh.simulator.partition("source", "sink0", 700 * MS)
    mesh.simulator.run(MS)
    before, repaired = len(mesh.sink.seen[EVENT]), mesh.link(EVENT)[1]
    mesh.simulator.run(698 * MS)
    assert len(mesh.sink.seen[EVENT]) == before
    assert mesh.sink.states[-1][1] is not StreamState.LIVE
    mesh.simulator.run(2 * SECOND)
    assert [seq for _, seq, _, _ in mesh.sink.seen[EVENT]] == list(range(1, 2001))
    assert mesh.link(EVENT)[1:] == (repaired, 0)
    assert mesh.sink.states[-1][1] is StreamState.LIVE


@pytest.mark.parametrize(
    ("duration_ms", "after_ms", "ttl_ms", "outcome", "acted_on"),
    [
        pytest.param(300, 100, 400, Outcome.ANSWERED, {1}, id="healed in time"),
        pytest.param(600, 100, 400, Outcome.UNKNOWN, {0}, id="healed after the deadline"),
        pytest.param(2000, 100, 400, Outcome.UNKNOWN, {0}, id="not healed"),
        pytest.param(2000, 700, 3000, Outcome.ANSWERED, {1}, id="repeated after the heal"),
        pytest.param(2000, 800, 400, Outcome.NOT_SENT, {0}, id="noticed by the heartbeat"),
    ],
)
def test_a_request_over_a_partition_is_unknown_until_the_heartbeat_times_out(
    tmp_path: Path, duration_ms: int, after_ms: int, ttl_ms: int, outcome: Outcome, acted_on: set[int]
) -> None:
    mesh = Mesh(tmp_path, 1, Network(), Start.FIRST, True, until=1)
    mesh.simulator.start("source")
    mesh.simulator.start("sink0")
    mesh.simulator.run(SECOND)
    mesh.simulator.partition("source", "sink0", duration_ms * MS)
    mesh.simulator.run(after_ms * MS)
    mesh.sink.ask(ttl_ms=ttl_ms)
    mesh.simulator.arm(mesh.simulator.nodes["sink0"])
    mesh.simulator.run(4 * SECOND)
    assert [reply.outcome for reply in mesh.sink.replies] == [outcome]
    assert len(mesh.sources[-1].asked) in acted_on


def test_what_was_sent_before_a_partition_was_noticed_comes_late_or_never(tmp_path: Path) -> None:
    repaired = []
    for seed in range(6):
        mesh = Mesh(tmp_path / str(seed), seed, Network(), Start.FIRST, True, until=4000)
        mesh.simulator.start("source")
        mesh.simulator.start("sink0")
        mesh.simulator.run(SECOND)
        mesh.simulator.partition("source", "sink0", 2 * SECOND)
        mesh.simulator.run(5 * SECOND)
        assert [seq for _, seq, _, _ in mesh.sink.seen[EVENT]] == list(range(1, 4001))
        assert mesh.link(EVENT)[2] == 0
        repaired.append(mesh.link(EVENT)[1])
    assert 1250 <= min(repaired) < max(repaired) <= 2100, "what came late was not asked for again"


def test_a_request_to_a_dead_peer_was_not_sent(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path, 1, Network(), Start.FIRST, True, until=1)
    mesh.simulator.start("sink0")
    mesh.sink.ask(ttl_ms=100)
    mesh.simulator.run(SECOND)
    assert [r.outcome for r in mesh.sink.replies] == [Outcome.NOT_SENT]


def test_a_request_that_arrives_after_its_deadline_is_not_acted_on(tmp_path: Path) -> None:
    slow = Network(latency_ns_min=150 * MS, latency_ns_max=150 * MS)
    mesh = Mesh(tmp_path, 1, slow, Start.FIRST, True, until=1)
    mesh.simulator.start("source")
    mesh.simulator.start("sink0")
    mesh.simulator.run(SECOND)
    mesh.sink.ask(ttl_ms=100)
    mesh.simulator.arm(mesh.simulator.nodes["sink0"])
    mesh.simulator.run(SECOND)
    assert mesh.sources[-1].asked == []
    assert [r.outcome for r in mesh.sink.replies] == [Outcome.UNKNOWN]


def test_a_deaf_subscription_is_made_anew_after_the_second_gap_that_only_a_beat_told_of(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path, 1, Network(), Start.FIRST, True, until=3000)
    mesh.simulator.start("source")
    mesh.simulator.start("sink0")
    mesh.simulator.run(500 * MS)
    engine = mesh.simulator.nodes["sink0"].engine
    mesh.simulator.deafen("source", "sink0", EVENT)
    mesh.simulator.run(100 * MS)
    assert "subscriptions_deaf" not in engine.status().counters, "one gap may be a loss like any other"
    mesh.simulator.run(400 * MS)
    assert engine.status().counters["subscriptions_deaf"] == 1
    repaired = mesh.link(EVENT)[1]
    mesh.simulator.run(1000 * MS)
    assert mesh.link(EVENT)[1] - repaired < 200, "it is heard again, not repaired for ever"
    assert engine.status().counters["subscriptions_deaf"] == 1
    mesh.simulator.run(3 * SECOND)
    assert [seq for _, seq, _, _ in mesh.sink.seen[EVENT]] == list(range(1, mesh.sources[0].events + 1))
    assert engine.status().state == "live"
