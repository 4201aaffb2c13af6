"""The whole mesh in one process and in virtual time: the same agents and engines, another clock and another network.

A heap of events, each at a virtual time, is all there is; ties keep the order in which they were made. The network is
drawn from one seeded generator: latency, loss, duplication; partitions and crashes are called by whoever runs the
simulation. It loses what ZeroMQ loses: a publication that finds no subscription yet, or a full pipe, is gone; a request
to a peer that is not there is refused; both pipes are first in, first out. A partition is not noticed at once: until the
heartbeat times out frames are taken, and then some of them come late and some never (`Cut`). Logs are real logs on disk,
so a crash is to forget the engine, and a restart is to open its log again with the next epoch.

The same seed gives the same events in the same order and so, byte for byte, the same logs.
"""

import heapq
import random
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from core.frame import pack, unpack
from core.log import LogWriter, claim_epoch
from core.sequence import IN_ORDER
from mesh.agent import Agent, VenueReply
from mesh.agent_io import Shell
from mesh.anchor_store import AnchorStore, known
from mesh.protocol.codec import decode_frame, encode, type_number
from mesh.protocol.engine import Engine
from mesh.protocol.recorded_inputs import open_inputs
from mesh.roles import build_agent
from schemas.config import Config
from schemas.messages import Message
from schemas.streams import REQUEST_STREAM
from schemas.units import MS

START_NS = 1_000_000_000
WALL_START_NS = 1_700_000_000_000_000_000
LOG_SEGMENT_BYTES = 1 << 20
HEARTBEAT_TIMEOUT_NS = 750 * MS
"""After so long a silence ZeroMQ gives a connection up (`mesh.transport.sockets`)."""


class Network(msgspec.Struct, frozen=True):
    """How the simulated network behaves: latency bounds, and the share of publications lost, doubled, requests lost."""

    latency_ns_min: int = 20_000
    latency_ns_max: int = 200_000
    loss: float = 0.0
    duplication: float = 0.0
    request_loss: float = 0.0
    reconnect_ns: int = 30 * MS


class Cut(msgspec.Struct, frozen=True):
    """A partition of two agents, by virtual time.

    What is sent before `kept_ns` arrives after the heal, what is sent later is lost; from `torn_ns` to `back_ns` there is
    no connection, so that a request is refused. A partition that heals before the heartbeat times out only delays.
    """

    kept_ns: int
    torn_ns: int
    healed_ns: int
    back_ns: int


class SimulatedShell(Shell, Protocol):
    """A shell in virtual time: told where to deliver and when its agent's process died."""

    def attach(self, node: "SimulatedNode") -> None:
        """Deliver inputs to `node`, a new process of the agent."""
        ...

    def detach(self) -> None:
        """The process died: its connections are gone."""
        ...


class SimulatedNode:
    """One life of one agent: from a start to a crash."""

    def __init__(self, simulator: "Simulator", name: str, shell: SimulatedShell | None) -> None:
        """Start the agent `name` on its log with the next epoch."""
        self._simulator = simulator
        self.name = name
        self.venue: Shell | None = shell
        self._shell = shell
        folder = simulator.state_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        config = simulator.config
        self.epoch = claim_epoch(str(folder / "epoch"))
        self.agent = simulator.build(name, config)
        anchor = AnchorStore(folder, name, self.agent.anchored, config, self.agent.counted_by).newest()
        self.log = LogWriter(
            str(folder / "log"),
            segment_bytes=min(LOG_SEGMENT_BYTES, config.mesh.log_segment_bytes),
            retention_bytes=config.agents[name].log_retention_bytes,
            known=known(anchor),
        )
        self.inputs = open_inputs(name, folder, self.epoch, config, self.agent, anchor)
        self.engine = Engine(name, config, self.agent, self.log, self.epoch, self, anchor=anchor, inputs=self.inputs)
        self.alive = True
        self.timer_at = 0
        if shell is not None:
            shell.attach(self)

    def die(self) -> None:
        """End this life: connections are gone, the log is left as it lies."""
        self.alive = False
        if self._shell is not None:
            self._shell.detach()
        self.log.close()
        self.inputs.close()

    def move_to(self, simulator: "Simulator") -> None:
        """Go on in another simulation of the same time."""
        self._simulator = simulator

    # Transport of the engine

    def publish(self, frame: bytes) -> None:
        """Hand a publication to the simulated PUB socket."""
        self._simulator.carry_publication(self.name, frame)

    def request(self, peer: str, frame: bytes) -> bool:
        """Hand a request to the simulated DEALER socket of `peer`."""
        return self._simulator.carry_request(self, peer, frame)

    def reply(self, token: bytes, frame: bytes) -> bool:
        """Hand an answer to the simulated ROUTER socket."""
        return self._simulator.carry_reply(self, token, frame)

    def reopen(self, publisher: str) -> None:
        """Subscribe anew."""
        self._simulator.connect(self, publisher)

    # Inputs of the shell

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        """Deliver a change of a venue websocket."""
        self.input(lambda now, wall: self.engine.socket_changed(connection, up, reason, now, wall))

    def frame_received(self, connection: str, frame: bytes) -> None:
        """Deliver a venue frame."""
        self.input(lambda now, wall: self.engine.frame_received(connection, frame, now, wall))

    def venue_replied(self, reply: VenueReply) -> None:
        """Deliver the end of a REST call."""
        self.input(lambda now, wall: self.engine.venue_replied(reply, now, wall))

    def input(self, handler: Callable[[int, int], None]) -> None:
        """Run one input of a live process, then note when its timers are due."""
        if self.alive:
            handler(self._simulator.now_ns, self._simulator.wall_ns)
            self._simulator.arm(self)


class Simulator:
    """Runs every agent of a configuration in virtual time."""

    def __init__(
        self,
        config: Config,
        *,
        seed: int,
        state_dir: Path,
        network: Network | None = None,
        build: Callable[[str, Config], Agent] | None = None,
        wall_start_ns: int = WALL_START_NS,
    ) -> None:
        """Make the simulation of `config` with its logs below `state_dir`; nothing runs before `run`.

        Args:
            config: The mesh; agents whose role is `paper` are not run, their venue is a shell.
            seed: Of the network; agents have no randomness of their own.
            state_dir: An empty folder.
            network: How the network behaves.
            build: Makes an agent from its name; by default the `build` of its role's module.
            wall_start_ns: Unix time at which virtual time is 0.
        """
        self.config = config
        self.state_dir = state_dir
        self.network = network or Network()
        self.build = build or build_agent
        self.wall_start_ns = wall_start_ns
        self.now_ns = START_NS
        self.shells: dict[str, SimulatedShell] = {}
        self.nodes: dict[str, SimulatedNode] = {}
        self._random = random.Random(seed)
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._made = 0
        self._cuts: dict[frozenset[str], Cut] = {}
        self._subscribed: dict[tuple[str, str], tuple[int, int]] = {}
        self._pipes: dict[tuple[str, str, str], int] = {}
        self._deaf: dict[tuple[str, str, int], None] = {}
        self._clients: dict[bytes, SimulatedNode] = {}
        self._questions: dict[bytes, list[Message]] = {}

    @property
    def wall_ns(self) -> int:
        """Unix time of the virtual moment."""
        return self.wall_start_ns + self.now_ns

    # What whoever runs the simulation calls

    def start(self, name: str) -> SimulatedNode:
        """Start an agent, for the first time or again."""
        node = SimulatedNode(self, name, self.shells.get(name))
        self.nodes[name] = node
        node.engine.start(self.now_ns, self.wall_ns)
        for publisher in node.engine.trackers:
            self.connect(node, publisher)
        for other in self.nodes.values():
            if other.alive and name in other.engine.trackers:
                self.connect(other, name)
        self.arm(node)
        return node

    def crash(self, name: str) -> None:
        """Kill an agent: what it had not logged or sent is gone."""
        self.nodes[name].die()

    def stop(self, name: str) -> None:
        """Stop an agent in order: at once if it is ready, else when it is or its time is up."""
        node = self.nodes[name]
        stop_by_ns = self.now_ns + self.config.mesh.stop_timeout_ms * MS

        def go_on() -> None:
            if not node.alive:
                return
            if node.engine.stopping(self.now_ns, self.wall_ns) or self.now_ns >= stop_by_ns:
                node.engine.stop(self.now_ns, self.wall_ns)
                node.die()
            else:
                self.arm(node)
                self.schedule(self.config.mesh.beat_interval_ms * MS, go_on)

        go_on()

    def partition(self, one: str, other: str, duration_ns: int) -> None:
        """Let nothing pass between two agents for a while; what they send before they notice comes late or is lost."""
        pair = frozenset((one, other))
        before = self._cuts.get(pair)
        healed_ns, torn_ns = self.now_ns + duration_ns, self.now_ns + HEARTBEAT_TIMEOUT_NS
        if before is not None and self.now_ns < before.back_ns:
            torn_ns = max(self.now_ns, min(torn_ns, before.torn_ns))
        if healed_ns <= torn_ns:
            self._cuts[pair] = Cut(healed_ns, healed_ns, healed_ns, healed_ns)
        else:
            kept_ns = self._random.randint(self.now_ns, torn_ns)
            back_ns = healed_ns + self.network.reconnect_ns + self.latency()
            self._cuts[pair] = Cut(kept_ns, torn_ns, healed_ns, back_ns)

    def deafen(self, publisher: str, subscriber: str, stream: int) -> None:
        """Lose one stream of a subscription without a word, as libzmq does, until it is made anew."""
        self._deaf[(publisher, subscriber, stream)] = None

    def ask(self, name: str, message: Message) -> list[Message]:
        """Ask an agent as an operator's command does; the answer is in the list that is returned as soon as it has come."""
        server, token = self.nodes[name], f"operator/{len(self._questions)}".encode()
        answers = self._questions[token] = []
        frame = pack(
            stream=REQUEST_STREAM,
            type=type_number(message),
            sender=0,
            epoch=1,
            seq=len(self._questions),
            send_ns=self.now_ns,
            payload=encode(message),
        )
        self.schedule(0, lambda: server.input(lambda now, wall: server.engine.on_request(token, frame, now, wall)))
        return answers

    def schedule(self, delay_ns: int, event: Callable[[], None]) -> None:
        """Run `event` after `delay_ns` of virtual time."""
        self._made += 1
        heapq.heappush(self._events, (self.now_ns + delay_ns, self._made, event))

    def run(self, duration_ns: int) -> None:
        """Run all events of the next `duration_ns` of virtual time."""
        end = self.now_ns + duration_ns
        while self._events and self._events[0][0] <= end:
            self.now_ns, _, event = heapq.heappop(self._events)
            event()
        self.now_ns = end

    # The network

    def latency(self) -> int:
        """Draw one latency, in nanoseconds."""
        return self._random.randint(self.network.latency_ns_min, self.network.latency_ns_max)

    def chance(self, share: float) -> bool:
        """Draw whether something of that share happens."""
        return share > 0 and self._random.random() < share

    def carry_publication(self, publisher: str, frame: bytes) -> None:
        """Carry a publication to everyone whose subscription has arrived."""
        source = self.nodes.get(publisher)
        for name, node in self.nodes.items():
            since, epoch = self._subscribed.get((publisher, name), (0, 0))
            if not node.alive or source is None or since > self.now_ns or epoch != source.epoch or not since:
                continue
            taken, held_ns = self._passage(publisher, name)
            if not taken or held_ns is None or self.chance(self.network.loss):
                continue
            if self._deaf and (publisher, name, unpack(frame).stream) in self._deaf:
                continue
            for _ in range(2 if self.chance(self.network.duplication) else 1):
                self.in_order("pub", publisher, name, _publication(node, publisher, frame), held_ns)

    def carry_request(self, client: SimulatedNode, peer: str, frame: bytes) -> bool:
        """Carry a request; False if the peer is not there or known to be cut off."""
        server = self.nodes.get(peer)
        taken, held_ns = self._passage(client.name, peer)
        if server is None or not server.alive or not taken:
            return False
        if held_ns is None or self.chance(self.network.request_loss):
            return True
        token = f"{client.name}/{client.epoch}".encode()
        self._clients[token] = client

        def arrive() -> None:
            server.input(lambda now, wall: server.engine.on_request(token, frame, now, wall))

        self.in_order("req", client.name, peer, arrive, held_ns)
        return True

    def carry_reply(self, server: SimulatedNode, token: bytes, frame: bytes) -> bool:
        """Carry an answer; False if the client is gone or known to be cut off."""
        if token in self._questions:
            self._questions[token].append(decode_frame(unpack(frame), frame))
            return True
        client = self._clients[token]
        taken, held_ns = self._passage(server.name, client.name)
        if not client.alive or not taken:
            return False
        if held_ns is None or self.chance(self.network.request_loss):
            return True

        def arrive() -> None:
            client.input(lambda now, wall: client.engine.on_reply(server.name, frame, now, wall))

        self.in_order("rep", server.name, client.name, arrive, held_ns)
        return True

    def in_order(self, kind: str, source: str, target: str, event: Callable[[], None], held_ns: int = 0) -> None:
        """Run `event` after `held_ns` and one latency, but not before what was sent earlier on the same pipe."""
        pipe = (kind, source, target)
        at = max(self.now_ns + held_ns + self.latency(), self._pipes.get(pipe, 0))
        self._pipes[pipe] = at
        self.schedule(at - self.now_ns, event)

    def arm(self, node: SimulatedNode) -> None:
        """Make sure that the engine's timers run when they are due."""
        due = max(node.engine.next_due_ns, self.now_ns + 1)
        if node.timer_at and self.now_ns < node.timer_at <= due:
            return
        node.timer_at = due

        def fire() -> None:
            if node.alive and node.timer_at == due:
                node.timer_at = 0
                node.input(node.engine.on_timers)

        self.schedule(due - self.now_ns, fire)

    def connect(self, subscriber: SimulatedNode, publisher: str) -> None:
        """Have the subscriptions of a follower reach the publisher, if it is there, after a while."""
        source = self.nodes.get(publisher)
        for lost in [each for each in self._deaf if each[:2] == (publisher, subscriber.name)]:
            del self._deaf[lost]
        if source is not None and source.alive:
            since = self.now_ns + self.network.reconnect_ns + self.latency()
            self._subscribed[(publisher, subscriber.name)] = (since, source.epoch)

    def _passage(self, one: str, other: str) -> tuple[bool, int | None]:
        """Return whether a frame is taken now, and for how long a partition holds it up: None if for ever."""
        cut = self._cuts.get(frozenset((one, other))) if self._cuts else None
        if cut is None or self.now_ns >= cut.back_ns:
            return True, 0
        if self.now_ns >= cut.torn_ns:
            return False, None
        return True, cut.healed_ns - self.now_ns if self.now_ns < cut.kept_ns else None


def _publication(node: SimulatedNode, publisher: str, frame: bytes) -> Callable[[], None]:
    def arrive() -> None:
        if not node.alive:
            return
        header = unpack(frame)
        verdict = node.engine.trackers[publisher].observe(header.stream, header.epoch, header.seq)
        take = node.engine.on_deliver if verdict == IN_ORDER else node.engine.on_publication
        node.input(lambda now, wall: take(publisher, frame, now, wall))

    return arrive
