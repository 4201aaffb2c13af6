"""A follower that wants the newest alone, against what a reader of the whole log may expect of it."""

import tempfile
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.frame import FLAG_STALE, pack
from core.log import LogWriter
from core.log.tail import LogTail
from mesh.agent import Agent, Subscription
from mesh.protocol.codec import encode, type_number
from mesh.protocol.engine import Engine
from mesh.transport.receivers import LogReceiver
from schemas.config import Config, MeshConfig, PortfolioConfig
from schemas.messages import FeedState, Trade
from schemas.streams import Kind, StreamState, stream_id

EPOCH = 1
STREAMS = [stream_id(Kind.TRADE, 1, 1), stream_id(Kind.TRADE, 1, 2), stream_id(Kind.BOOK, 1, 1)]
CONFLATED = {Kind.TRADE}

# Drains, each of what was appended since the one before: (which stream, whether a FeedState, whether flagged).
DRAINS = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4).map(lambda n: n == 0), st.booleans()), max_size=20),
    max_size=6,
)


class Collector(Agent):
    def __init__(self, streams, takes_batches):
        self.streams = streams
        self.taken = []
        self.takes_batches = takes_batches

    def subscriptions(self):
        return [Subscription("md", stream, conflate=stream >> 24 in CONFLATED) for stream in self.streams]

    def on_message(self, publisher, header, message):
        self.taken.append((header.stream, header.seq, message))


class Nowhere:
    venue = None

    def publish(self, frame):
        pass

    def request(self, peer, frame):
        return False

    def reply(self, token, frame):
        return False

    def reopen(self, publisher):
        pass


class Followed:
    """A publisher's log, and an agent that follows it from its first record on."""

    def __init__(self, folder, streams, in_batches=False):
        self.own, self.log = LogWriter(str(Path(folder) / "own")), LogWriter(str(Path(folder) / "md"))
        agents = {"md": PortfolioConfig(id=1, execution=(), market_data=())}
        agents["me"] = PortfolioConfig(id=2, execution=(), market_data=("md",))
        config = Config(mesh=MeshConfig(state_dir=folder), venues=(), instruments=(), agents=agents)
        self.collector = Collector(streams, in_batches)
        self.engine = Engine("me", config, self.collector, self.own, EPOCH, Nowhere())
        self.engine.start(1, 1)
        for stream in streams:
            self.engine.link("md").tracker.set(stream, EPOCH, 0, live=True)
        self.receiver = LogReceiver(LogTail(str(Path(folder) / "md")), self.engine, "md")
        self.seqs = Counter()

    def append(self, stream, message, flags=0):
        """Append the next message of a stream and return its sequence number."""
        self.seqs[stream] += 1
        self.log.append(
            pack(
                stream=stream,
                type=type_number(message),
                sender=1,
                epoch=EPOCH,
                seq=self.seqs[stream],
                flags=flags,
                payload=encode(message),
            )
        )
        return self.seqs[stream]

    def taken(self):
        """Return what the agent took since the last call."""
        taken, self.collector.taken = self.collector.taken, []
        return taken

    def close(self):
        self.own.close()
        self.log.close()


def follow(drains, in_batches=False):
    """Return what was appended and what the agent took, for each drain."""
    told = []
    with tempfile.TemporaryDirectory() as folder, closing(Followed(folder, STREAMS, in_batches)) as followed:
        for drain in drains:
            appended = []
            for place, is_state, flagged in drain:
                stream = STREAMS[place]
                message = FeedState(1, StreamState.LIVE, "") if is_state else Trade(1, 1, 100, 1, 1, str(len(appended)))
                flags = FLAG_STALE if flagged else 0
                appended.append((stream, followed.append(stream, message, flags), type(message), flags))
            assert followed.receiver.drain(1_000) == len(drain)
            told.append((appended, [(stream, seq, type(message)) for stream, seq, message in followed.taken()]))
        statuses = {status.stream: status for status in followed.engine.status(1).links}
        assert all(statuses[stream].received == count for stream, count in followed.seqs.items()), (
            "what was passed over counts as received"
        )
    return told


@given(DRAINS, st.booleans())
def test_the_newest_of_each_stream_is_taken_and_nothing_else_is_passed_over(drains, in_batches):
    for appended, taken in follow(drains, in_batches):
        whole = [(stream, seq, kind) for stream, seq, kind, _ in appended]
        must = [item[:3] for item in appended if item[3] or item[0] >> 24 not in CONFLATED]
        assert set(taken) <= set(whole)
        assert [item for item in taken if item in must] == must, "what is flagged or not conflated keeps its order"
        for stream in STREAMS:
            of_stream = [item for item in whole if item[0] == stream]
            took = [item for item in taken if item[0] == stream]
            assert took == sorted(took, key=lambda item: item[1]), "no stream goes back"
            assert took[-1:] == of_stream[-1:], "the newest is never passed over"
            for item, after in pairwise(of_stream):
                if item not in took:
                    assert after[2] is item[2], "only a message of the same type takes the place of another"


@given(DRAINS, st.booleans())
def test_what_came_before_a_message_that_is_kept_is_taken_before_it(drains, in_batches):
    for appended, taken in follow(drains, in_batches):
        place = {item[:3]: n for n, item in enumerate(appended)}
        for n, item in enumerate(taken):
            stream, _, _, flags = appended[place[item]]
            if flags or stream >> 24 not in CONFLATED:
                assert all(place[other] < place[item] for other in taken[:n])
                assert all(place[other] > place[item] for other in taken[n + 1 :])


def test_of_many_ticks_that_wait_one_is_decoded():
    (appended, taken), *_ = follow([[(0, False, False)] * 500])
    assert (len(appended), taken) == (500, [(STREAMS[0], 500, Trade)])


def test_of_more_ticks_than_a_drain_looks_at_the_newest_is_taken_in_the_end(tmp_path):
    with closing(Followed(str(tmp_path), STREAMS)) as followed:
        for number in range(1_500):
            followed.append(STREAMS[0], Trade(1, 1, 100, 1, 1, str(number)))
        counts = [(followed.receiver.drain(64), followed.receiver.more) for _ in range(3)]
        passed_over = 63 * 16
        assert counts == [(1 + passed_over, True), (1_500 - 1_009, False), (0, False)], (
            "16 that are passed over count as one"
        )
        assert [seq for _, seq, _ in followed.taken()] == [1_009, 1_500]


def test_drain_calls_the_agent_no_more_often_than_it_was_asked_to(tmp_path):
    streams = [stream_id(Kind.TRADE, 1, number) for number in range(1, 1_001)]
    with closing(Followed(str(tmp_path), streams)) as followed:
        for number, stream in enumerate(streams):
            followed.append(stream, Trade(1, 1, 100, 1, 1, str(number)))
        for _ in range(2):
            followed.receiver.drain(64)
            assert (len(followed.taken()), followed.receiver.more) == (64, True)
        # A state between two ticks has the one before it handed over.
        while followed.receiver.more:
            followed.receiver.drain(64)
        followed.taken()
        for number in range(100):
            followed.append(streams[0], Trade(1, 1, 100, 1, 1, str(number)))
            followed.append(streams[0], FeedState(1, StreamState.LIVE))
        followed.receiver.drain(64)
        assert len(followed.taken()) <= 65


def test_what_is_not_conflated_is_taken_no_more_at_once_than_asked_for(tmp_path):
    with closing(Followed(str(tmp_path), STREAMS)) as followed:
        for number in range(100):
            followed.append(STREAMS[2], Trade(1, 1, 100, 1, 1, str(number)))
        assert [followed.receiver.drain(64), followed.receiver.drain(64)] == [64, 36]
        assert [seq for _, seq, _ in followed.taken()] == [*range(1, 101)]


def test_messages_of_many_streams_and_any_length_wait_unharmed(tmp_path):
    streams = [stream_id(Kind.TRADE, 1, number) for number in range(1, 101)]
    with closing(Followed(str(tmp_path), streams)) as followed:
        for length in (0, 7, 300, 40):
            newest = {}
            for turn in range(3):
                for stream in streams:
                    message = FeedState(1, StreamState.LIVE, f"{stream}/{turn}".ljust(length, "."))
                    newest[stream] = (stream, followed.append(stream, message), message)
            assert followed.receiver.drain(1_000) == 300
            assert followed.taken() == [newest[stream] for stream in streams]
