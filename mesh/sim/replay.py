"""Replay: recorded messages through the agents of a configuration, as fast as they take them, in recorded time.

What was recorded stands in for its publisher, which is not run. Everybody else is run as in a group: agents of one process
hand their frames to each other in memory, each frame logged before it is sent, and nothing takes time but the venue, which
is a shell as in the simulator. So a replay is a simulation with a network that loses nothing and takes no time, and with a
merge beside the queue of events, out of which recorded messages go straight to who follows them (`mesh.sim.replay_merge`).

Time is that of the recording: an agent sees each message at the moment at which its publisher received it, and its timers
come due in between. The same recordings give the same logs, byte for byte. BEATs are rare here, because nothing can be
lost between two of them; a recorded publisher counts as alive from the beginning to the end.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from core.frame import unpack
from mesh.agent import Agent
from mesh.protocol.codec import Packer, decode_frame
from mesh.sim.recording import Recording
from mesh.sim.replay_merge import ReplayMerge, Track
from mesh.sim.simulator import START_NS, Network, SimulatedNode, Simulator
from mesh.transport.group import Group
from schemas.config import Config
from schemas.errors import ConfigError
from schemas.messages import Beat, Message, ReplayAnswer, ReplayRequest, SnapshotAnswer, SnapshotRequest
from schemas.streams import CONTROL_STREAM, REPLY_STREAM, StreamClass, stream_class
from schemas.units import MS

BEAT_MS = 60_000
WARM_NS = 2 * BEAT_MS * MS
"""Agents run for so long before the first message: until each has heard from each."""

NEVER_NS = 2**63 - 1
NO_DELAY = Network(latency_ns_min=0, latency_ns_max=0, reconnect_ns=0)


class _NoOutlet:
    """The sockets of agents that have none."""

    tapped = False

    def send_out(self, frame: bytes) -> None:
        """Nobody is outside."""

    def show(self, source: str, frame: bytes) -> None:
        """Nobody looks."""


_OUTLET = _NoOutlet()


class _Publisher:
    """Stands in for a recorded publisher: beats, and answers who joins."""

    def __init__(self, sender: int, tracks: Sequence[Track]) -> None:
        self.tracks = tracks
        self.epoch = max(track.epoch for track in tracks)
        self._packer = Packer(sender)
        self._beats = 0

    def beat(self, now_ns: int) -> bytes:
        """Return a BEAT with what was handed out so far."""
        self._beats += 1
        table = tuple((s, *t.recording.tracker.position(s)) for t in self.tracks for s in t.recording.streams)
        return self._packer.pack(Beat(True, table), CONTROL_STREAM, self.epoch, self._beats, 0, 0, now_ns, 0)

    def answer(self, frame: bytes, now_ns: int) -> bytes | None:
        """Return the answer to a request for a repair: there is nothing beyond what was handed out, and no state."""
        header = unpack(frame)
        request = decode_frame(header, frame)
        answer: Message
        if isinstance(request, SnapshotRequest):
            answer = SnapshotAnswer(request.stream, b"", self._position(request.stream))
        elif isinstance(request, ReplayRequest):
            answer = ReplayAnswer(request.stream, (), (0, 0), self._position(request.stream))
        else:
            return None
        return self._packer.pack(answer, REPLY_STREAM, header.epoch, header.seq, 0, 0, now_ns, header.corr)

    def _position(self, stream: int) -> tuple[int, int]:
        found = [t.recording.tracker.position(stream) for t in self.tracks if stream in t.recording.streams]
        position = max(found, default=(self.epoch, 0))
        restarts = stream_class(stream) is StreamClass.STATE and position[0] < self.epoch
        return (self.epoch, 0) if restarts else position


class Replay(Simulator):
    """Runs agents on recordings: `start` them, `begin`, then `play`; crashes and partitions are not for here."""

    def __init__(
        self,
        config: Config,
        recordings: Mapping[str, Sequence[Recording]],
        *,
        state_dir: Path,
        build: Callable[[str, Config], Agent] | None = None,
    ) -> None:
        """Make the replay of `recordings`, by publisher, through agents of `config` with their logs below `state_dir`.

        Raises:
            ConfigError: If a publisher is no agent of the configuration, or nothing was recorded.
            FrameError: If what was recorded is not a message that this version knows; `play` raises it too.
        """
        unknown = [name for name in recordings if name not in config.agents]
        if unknown:
            raise ConfigError(f"recordings: {unknown} are not in agents")
        self._tracks = [Track(name, each) for name, those in recordings.items() for each in those if each.step()]
        if not self._tracks:
            raise ConfigError("recordings: there is no message in any of them")
        ahead_ns = min(track.recording.wall_ns for track in self._tracks) - START_NS - WARM_NS
        self._merge = ReplayMerge(self._tracks, START_NS, ahead_ns, self._next_epoch)
        # As in a group, what reaches an agent is recorded only if that is asked for: it can be played again as it is.
        records = "always" if config.mesh.record_inputs == "always" else "never"
        mesh = msgspec.structs.replace(config.mesh, beat_interval_ms=BEAT_MS, record_inputs=records)
        super().__init__(
            msgspec.structs.replace(config, mesh=mesh),
            seed=0,
            state_dir=state_dir,
            network=NO_DELAY,
            build=build,
            wall_start_ns=ahead_ns,
        )
        self._group = Group(self._merge.clock_ns, self._merge.wall_clock_ns)
        self._publishers: dict[str, _Publisher] = {}
        for name in dict.fromkeys(track.publisher for track in self._tracks):
            tracks = [track for track in self._tracks if track.publisher == name]
            self._publishers[name] = _Publisher(config.agents[name].id, tracks)

    @property
    def now_ns(self) -> int:
        """Monotonic time of the message or event at hand."""
        return self._merge.now_ns

    @now_ns.setter
    def now_ns(self, now_ns: int) -> None:
        self._merge.now_ns = now_ns

    @property
    def messages(self) -> int:
        """How many recorded messages were handed out."""
        return self._merge.count

    # What whoever runs the replay calls

    def start(self, name: str) -> SimulatedNode:
        """Start an agent that is not a recorded publisher."""
        assert name not in self._publishers, f"{name} is a recording"
        node = super().start(name)
        self._group.join(name, node.engine, _OUTLET)
        self._merge.follow(node.engine)
        return node

    def begin(self, *, apart: bool = False) -> None:
        """Let the started agents find each other, up to the moment of the first message; there may be none yet.

        With `apart` none hears of another: they only watch what was recorded.
        """
        for name in () if apart else self.nodes:
            self._group.follow(name)
        if self.nodes:
            self._want()
        for name in self._publishers:
            self._beat(name)
        self.play(START_NS + WARM_NS)

    def leave(self, name: str) -> None:
        """Have an agent die, as in a crash; whoever asks it finds nobody."""
        node = self.nodes.pop(name)
        node.die()
        self._group.leave(name)
        for track in self._tracks:
            track.followers[:] = [each for each in track.followers if each.engine is not node.engine]
        self._merge.leave(node.engine)

    def start_late(self, name: str) -> SimulatedNode:
        """Start an agent while the others run."""
        node = SimulatedNode(self, name, self.shells.get(name))
        node.engine.start(self.now_ns, self.wall_ns)
        self.take_over([node])
        return node

    def take_over(self, nodes: Sequence[SimulatedNode]) -> None:
        """Have nodes go on here that lived in another replay of the same recordings up to this moment.

        They learn at once of all others, and all others of them, as they would within some beats.
        """
        for node in nodes:
            node.move_to(self)
            self.nodes[node.name] = node
            self._group.enter(node.name, node.engine, _OUTLET)
            self._merge.follow(node.engine)
        self._want()
        for node in nodes:
            for other in self.nodes.values():
                self._introduce(node, other)
                if other not in nodes:
                    self._introduce(other, node)
        self._settle()

    def play(self, until_ns: int = NEVER_NS) -> bool:
        """Hand out what was received before `until_ns` (monotonic), with all that comes of it and all timers before.

        Returns:
            False once no recorded message is left; what the last ones set going ends in `run`.
        """
        merge = self._merge
        while True:
            self._settle()
            merge.stirred = False
            event_ns = self._events[0][0] if self._events else NEVER_NS
            more = merge.advance(until_ns, event_ns)
            if merge.stirred or merge.busy:
                continue
            if not more:
                merge.hand_over()
                return False
            if min(merge.next_due_ns(), event_ns) >= until_ns:
                merge.hand_over()
                self.now_ns = until_ns
                return True
            self._happen()

    def run(self, duration_ns: int) -> None:
        """Play the next `duration_ns`, beyond the last message too."""
        end_ns = self.now_ns + duration_ns
        self.play(end_ns)
        while (due_ns := self._due_ns()) < end_ns:
            if self._events and self._events[0][0] <= max(self.now_ns, due_ns):
                self._happen()
            else:
                self._merge.fire(due_ns)
            self._settle()
        self.now_ns = end_ns

    def end(self) -> None:
        """Stop all agents in order."""
        for node in self.nodes.values():
            node.engine.stop(self.now_ns, self.wall_ns)
            self._settle()
        for node in self.nodes.values():
            node.die()

    # The network

    def carry_publication(self, publisher: str, frame: bytes) -> None:
        """Queue a publication."""
        self._group.publish(_OUTLET, publisher, frame)
        self._merge.busy = True

    def carry_request(self, client: SimulatedNode, peer: str, frame: bytes) -> bool:
        """Queue a request, or answer it for a recorded publisher; False if the peer is not there."""
        publisher = self._publishers.get(peer)
        answer = None if publisher is None else publisher.answer(frame, self.now_ns)
        if answer is not None:
            self.schedule(0, lambda: client.input(lambda now, wall: client.engine.on_reply(peer, answer, now, wall)))
        elif self._group.holds(peer) and self._group.holds(client.name):
            self._group.request(client.name, peer, frame)
        else:
            return False
        self._merge.busy = True
        return True

    def carry_reply(self, server: SimulatedNode, token: bytes, frame: bytes) -> bool:
        """Queue an answer."""
        self._merge.busy = True
        return self._group.reply(server.name, token, frame)

    def schedule(self, delay_ns: int, event: Callable[[], None]) -> None:
        """Run `event` after `delay_ns` of recorded time."""
        super().schedule(delay_ns, event)
        self._merge.stirred = True

    def latency(self) -> int:
        """Return 0: nothing is drawn."""
        return 0

    def connect(self, subscriber: SimulatedNode, publisher: str) -> None:
        """Subscriptions are made by `begin`."""

    def arm(self, node: SimulatedNode) -> None:
        """Timers are looked at before each message."""

    # Inside

    def _settle(self) -> None:
        """Hand over what agents have sent, and what comes of it."""
        if self._merge.busy:
            self._merge.hand_over()
            self._group.run()
            self._merge.busy = False

    def _due_ns(self) -> int:
        """Return when the next event or timer is due."""
        timer_ns = self._merge.next_due_ns()
        return min(timer_ns, self._events[0][0]) if self._events else timer_ns

    def _happen(self) -> None:
        """Let the next event happen."""
        self._merge.hand_over()
        at_ns, _, event = heapq.heappop(self._events)
        self.now_ns = max(self.now_ns, at_ns)
        event()

    def _want(self) -> None:
        for track in self._tracks:
            track.recording.want({stream for each in track.followers for stream in each.streams})

    def _introduce(self, one: SimulatedNode, other: SimulatedNode) -> None:
        """Have `one`, if it follows `other`, hear how far that has come."""
        if other.name in one.engine.trackers:
            table = tuple((stream, *last) for stream, last in other.log.streams().items())
            packer = Packer(self.config.agents[other.name].id)
            frame = packer.pack(Beat(True, table), CONTROL_STREAM, other.epoch, 0, 0, 0, self.now_ns, 0)
            one.engine.on_publication(other.name, frame, self.now_ns, self.wall_ns)

    def _beat(self, name: str) -> None:
        self._send_beat(self._publishers[name])
        self.schedule(BEAT_MS * MS, lambda: self._beat(name))

    def _send_beat(self, publisher: _Publisher) -> None:
        frame = publisher.beat(self.now_ns)
        told = {each.engine.name: each.engine for track in publisher.tracks for each in track.followers}
        for engine in told.values():
            engine.on_publication(publisher.tracks[0].publisher, frame, self.now_ns, self.wall_ns)

    def _next_epoch(self, track: Track, epoch: int) -> None:
        publisher = self._publishers[track.publisher]
        for each in publisher.tracks:
            each.epoch = epoch
        publisher.epoch = epoch
        self._send_beat(publisher)
