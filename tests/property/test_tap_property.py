"""A tap changes nothing: of the same frames an agent with a tap attached is given what one without is."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import zmq
from hypothesis import example, given
from hypothesis import strategies as st

from core.frame import FLAG_STALE, pack
from core.log import LogWriter
from core.log.tail import LogTail
from mesh.protocol.codec import encode, type_number
from mesh.protocol.engine import Engine
from mesh.transport import sockets  # noqa: F401 - finds libzmq for the wires
from mesh.transport.receivers import LogReceiver, SubReceiver
from mesh.transport.zmq_wire import Wire
from schemas.config import Config, MeshConfig, PortfolioConfig
from schemas.messages import FeedState, Trade
from schemas.streams import StreamState
from tests.property.test_conflation_property import EPOCH, STREAMS, Collector, Nowhere

MALFORMED = b"\x10 no frame"
UNFOLLOWED = 0x7F01_0001
STREAMS_SENT = [*STREAMS, UNFOLLOWED]

# Drains, each of frames sent since the one before: (which stream, what, steps of the sequence: 0 repeats, 2 leaves a gap).
FRAMES = st.tuples(
    st.integers(0, 3), st.sampled_from(["trade", "trade", "trade", "state", "flagged", "malformed"]), st.integers(0, 9)
)
DRAINS = st.lists(st.lists(FRAMES, max_size=40), max_size=5)
BURST = [(0, "trade", 9)] * 100


class BatchCollector(Collector):
    """Writes down each call, batches as such, and each change of a stream's state."""

    def on_messages(self, publisher, headers, messages):
        self.taken.append(
            [(header.stream, header.seq, message) for header, message in zip(headers, messages, strict=True)]
        )

    def on_stream_state(self, publisher, stream, state):
        self.taken.append((stream, state))


class Follower:
    """An agent that follows `md` from the beginning, and what it was shown."""

    def __init__(self, folder, name, takes_batches):
        self.own = LogWriter(str(Path(folder) / name))
        agents = {"md": PortfolioConfig(id=1, execution=(), market_data=())}
        agents["me"] = PortfolioConfig(id=2, execution=(), market_data=("md",))
        config = Config(mesh=MeshConfig(state_dir=folder), venues=(), instruments=(), agents=agents)
        self.collector = BatchCollector(STREAMS, takes_batches)
        self.engine = Engine("me", config, self.collector, self.own, EPOCH, Nowhere())
        self.engine.start(1, 1)
        for stream in STREAMS:
            self.engine.link("md").tracker.set(stream, EPOCH, 0, live=True)
        self.shown = []

    def show(self, source, frame, wall_ns):
        self.shown.append((source, frame))

    def calls(self):
        """Return what the agent was called with since the last time."""
        taken, self.collector.taken = self.collector.taken, []
        return taken

    def close(self):
        self.own.close()


@contextmanager
def wires() -> Iterator[tuple[Wire, Wire]]:
    with zmq.Context() as context, context.socket(zmq.PAIR) as left, context.socket(zmq.PAIR) as right:
        left.bind("inproc://wires")
        right.connect("inproc://wires")
        yield Wire(left.underlying), Wire(right.underlying)


def made(drains, in_order=False):
    """Return the frames of each drain; without repeats, gaps and what is no frame if `in_order`."""
    seqs = dict.fromkeys(STREAMS_SENT, 0)
    found = []
    for drain in drains:
        frames = []
        for place, what, step in drain:
            if what == "malformed":
                frames += [] if in_order else [MALFORMED]
                continue
            stream = STREAMS_SENT[place]
            seqs[stream] = max(1, seqs[stream] + (step if step in (0, 2) and not in_order else 1))
            message = FeedState(1, StreamState.LIVE) if what == "state" else Trade(1, 1, 100, 1, 1, str(len(frames)))
            frames.append(
                pack(
                    stream=stream,
                    type=type_number(message),
                    sender=1,
                    epoch=EPOCH,
                    seq=seqs[stream],
                    flags=FLAG_STALE if what == "flagged" else 0,
                    payload=encode(message),
                )
            )
        found.append(frames)
    return found


@given(DRAINS, st.booleans())
@example([BURST, BURST], False)
@example([BURST, BURST], True)
def test_over_zeromq_the_same_is_handed_over_with_a_tap_and_without(drains, in_batches):
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Follower(folder, "plain", in_batches)) as plain,
        closing(Follower(folder, "tapped", in_batches)) as tapped,
        wires() as (to_plain, at_plain),
        wires() as (to_tapped, at_tapped),
    ):
        receivers = SubReceiver(at_plain, plain.engine, "md"), SubReceiver(at_tapped, tapped.engine, "md", tapped.show)
        for frames in made(drains):
            for frame in frames:
                assert to_plain.send(frame) == to_tapped.send(frame) == 0
            assert [receiver.drain(1_000) for receiver in receivers] == [len(frames)] * 2
            assert tapped.calls() == plain.calls()
            assert tapped.shown == [("md", frame) for frame in frames], "what came is shown, all of it, in order"
            tapped.shown.clear()
        assert (at_plain.malformed, at_plain.received) == (at_tapped.malformed, at_tapped.received)
        assert plain.engine.status(1).links == tapped.engine.status(1).links


@given(DRAINS, st.booleans())
def test_from_a_log_the_same_is_handed_over_with_a_tap_and_without(drains, in_batches):
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(LogWriter(f"{folder}/md")) as log,
        closing(Follower(folder, "plain", in_batches)) as plain,
        closing(Follower(folder, "tapped", in_batches)) as tapped,
    ):
        receivers = [LogReceiver(LogTail(f"{folder}/md"), each.engine, "md") for each in (plain, tapped)]
        receivers[1].show = tapped.show
        for frames in made(drains, in_order=True):
            for frame in frames:
                log.append(frame)
            assert [receiver.drain(1_000) for receiver in receivers] == [len(frames)] * 2
            assert tapped.calls() == plain.calls()
            followed = [frame for frame in frames if int.from_bytes(frame[:4], "big") != UNFOLLOWED]
            assert tapped.shown == [("md", frame) for frame in followed]
            tapped.shown.clear()


def test_of_a_burst_that_is_shown_whole_the_newest_alone_is_taken(tmp_path):
    with closing(Follower(str(tmp_path), "tapped", False)) as tapped, wires() as (sender, wire):
        receiver = SubReceiver(wire, tapped.engine, "md", tapped.show)
        (frames,) = made([BURST])
        for frame in frames:
            sender.send(frame)
        assert receiver.drain(1_000) == len(tapped.shown) == 100
        assert [seq for _, seq, _ in tapped.calls()] == [100]


def test_what_is_shown_may_change_between_two_drains(tmp_path):
    with closing(Follower(str(tmp_path), "tapped", True)) as tapped, wires() as (sender, wire):
        receiver = SubReceiver(wire, tapped.engine, "md")
        first, second, third = made([[(2, "trade", 9)] * 3] * 3)
        for frames, show in ((first, None), (second, tapped.show), (third, None)):
            receiver.show = show
            for frame in frames:
                sender.send(frame)
            assert receiver.drain(1_000) == 3
        assert tapped.shown == [("md", frame) for frame in second]
        assert [[seq for _, seq, _ in batch] for batch in tapped.calls()] == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
