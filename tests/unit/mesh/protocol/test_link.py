"""One link by hand: what is called live, how much repair is under way, what is held."""

import pytest

from core.frame import pack, unpack
from mesh.agent import Outcome, Reply, Start, Subscription
from mesh.protocol.codec import encode, type_number
from mesh.protocol.followed_stream import HELD_FRAMES_MAX
from mesh.protocol.link import REPAIRS_MAX, Link
from schemas.config import MeshConfig
from schemas.errors import LogGoneError
from schemas.messages import Beat, Equity, MarkPrice, Message, ReplayAnswer, ReplayRequest
from schemas.streams import CONTROL_STREAM, Kind, StreamState, stream_id

MS = 1_000_000
EVENT = stream_id(Kind.EQUITY, 0, 0)
EVENTS = [stream_id(Kind.EQUITY, 0, i) for i in range(10)]
STATE = stream_id(Kind.MARK, 1, 1)


class Follower:
    """A link, and what it did."""

    def __init__(self, *subscriptions: Subscription, same_host: bool = True) -> None:
        self.delivered: list[tuple[int, int]] = []
        self.asked: list[tuple[int, Message, int]] = []
        self.states: list[StreamState] = []
        self.link = Link(
            "md",
            subscriptions,
            MeshConfig(),
            deliver=self._deliver,
            ask=self._ask,
            tell=lambda _, stream, state: self.states.append(state),
            same_host=same_host,
        )

    def beat(self, seq: int, *, sent_ns: int, now_ns: int, streams: list[int] | None = None) -> None:
        message = Beat(True, tuple((s, 1, seq) for s in streams or [EVENT]))
        self.link.on_frame(frame(CONTROL_STREAM, 1, message, sent_ns), now_ns)

    def answer(self, frames: list[bytes], last: int, now_ns: int) -> None:
        number, request, _ = self.asked[-1]
        assert isinstance(request, ReplayRequest)
        message = ReplayAnswer(request.stream, tuple(frames), (1, 1), (1, last))
        self.link.on_reply(Reply("md", number, request, Outcome.ANSWERED, message), now_ns)

    def fail(self, now_ns: int) -> None:
        number, request, _ = self.asked[-1]
        self.link.on_reply(Reply("md", number, request, Outcome.UNKNOWN), now_ns)

    def _deliver(self, publisher: str, data: bytes) -> None:
        header = unpack(data)
        self.delivered.append((header.epoch, header.seq))

    def _ask(self, publisher: str, message: Message, ttl_ms: int, now_ns: int) -> int:
        self.asked.append((len(self.asked) + 1, message, ttl_ms))
        return len(self.asked)


def frame(stream: int, seq: int, message: Message, sent_ns: int = 0) -> bytes:
    return pack(
        stream=stream,
        type=type_number(message),
        sender=1,
        epoch=1,
        seq=seq,
        send_ns=sent_ns,
        payload=encode(message),
    )


def event(seq: int) -> bytes:
    return frame(EVENT, seq, Equity(0, seq, 0, 0, 0, 0, 0))


def test_after_a_pause_a_beat_that_waited_in_the_pipe_makes_nothing_live() -> None:
    follower = Follower(Subscription("md", EVENT))
    follower.beat(0, sent_ns=0, now_ns=1 * MS)
    assert follower.states[-1] is StreamState.LIVE
    follower.link.on_pause(60_000 * MS)
    assert follower.states[-1] is StreamState.GAP
    follower.beat(0, sent_ns=100 * MS, now_ns=60_001 * MS)
    follower.link.on_frame(event(1), 60_002 * MS)
    assert follower.delivered == [(1, 1)]
    assert follower.link.state(EVENT) is StreamState.GAP, "what follows in the pipe may be a minute old"
    follower.beat(1, sent_ns=60_000 * MS, now_ns=60_003 * MS)
    assert follower.link.state(EVENT) is StreamState.LIVE


def test_a_follower_that_lags_behind_the_beats_is_not_live() -> None:
    follower = Follower(Subscription("md", EVENT))
    follower.beat(0, sent_ns=0, now_ns=1 * MS)
    follower.beat(0, sent_ns=100 * MS, now_ns=399 * MS)
    assert follower.link.state(EVENT) is StreamState.LIVE
    follower.beat(0, sent_ns=200 * MS, now_ns=500 * MS)
    assert follower.link.state(EVENT) is not StreamState.LIVE


def test_between_hosts_clocks_do_not_compare_and_a_beat_has_no_age() -> None:
    follower = Follower(Subscription("md", EVENT), same_host=False)
    follower.beat(0, sent_ns=0, now_ns=10**15)
    assert follower.link.state(EVENT) is StreamState.LIVE


def test_each_failed_repair_is_given_more_time() -> None:
    follower = Follower(Subscription("md", EVENT, Start.FIRST))
    follower.beat(5, sent_ns=0, now_ns=0)
    now = 0
    for _ in range(7):
        now += 10_000 * MS
        follower.fail(now)
        follower.beat(5, sent_ns=now, now_ns=now)
        now += 3_000 * MS
        follower.link.on_timer(now)
        follower.beat(5, sent_ns=now, now_ns=now)
    assert [ttl for _, _, ttl in follower.asked] == [200, 400, 800, 1600, 3200, 5000, 5000, 5000]
    follower.answer([event(n) for n in range(1, 6)], 5, now)
    assert follower.link.state(EVENT) is StreamState.LIVE
    follower.link.on_frame(event(7), now)
    assert follower.asked[-1][2] == 200, "after a success the patience is as at first"


def test_no_more_than_a_few_repairs_are_under_way_and_all_streams_get_their_turn() -> None:
    follower = Follower(*(Subscription("md", s, Start.FIRST) for s in EVENTS))
    follower.beat(1, sent_ns=0, now_ns=0, streams=EVENTS)
    assert len(follower.asked) == REPAIRS_MAX
    done = 0
    while done < len(follower.asked):
        number, request, _ = follower.asked[done]
        assert isinstance(request, ReplayRequest)
        frames = (frame(request.stream, 1, Equity(0, 1, 0, 0, 0, 0, 0)),)
        answer = ReplayAnswer(request.stream, frames, (1, 1), (1, 1))
        follower.link.on_reply(Reply("md", number, request, Outcome.ANSWERED, answer), 1)
        done += 1
        assert len(follower.asked) - done <= REPAIRS_MAX
    assert {follower.link.state(s) for s in EVENTS} == {StreamState.LIVE}
    assert len(follower.delivered) == len(EVENTS)


def test_what_is_held_during_a_repair_is_bounded_and_the_rest_comes_from_the_log() -> None:
    follower = Follower(Subscription("md", EVENT, Start.FIRST))
    follower.beat(0, sent_ns=0, now_ns=0)
    total = HELD_FRAMES_MAX + 100
    for seq in range(2, total + 1):
        follower.link.on_frame(event(seq), 1)
    follower.answer([event(1)], total, 2)
    assert follower.delivered == [(1, n) for n in range(1, HELD_FRAMES_MAX + 2)]
    assert follower.link.state(EVENT) is not StreamState.LIVE
    follower.answer([event(n) for n in range(HELD_FRAMES_MAX + 2, total + 1)], total, 3)
    assert follower.delivered == [(1, n) for n in range(1, total + 1)]
    assert follower.link.state(EVENT) is StreamState.LIVE


def test_what_the_log_no_longer_holds_is_skipped_and_what_is_missing_in_it_is_lost() -> None:
    follower = Follower(Subscription("md", EVENT, Start.FIRST))
    follower.beat(9, sent_ns=0, now_ns=0)
    number, request, _ = follower.asked[-1]
    answer = ReplayAnswer(EVENT, tuple(event(n) for n in (4, 5, 7, 8, 9)), (1, 4), (1, 9))
    follower.link.on_reply(Reply("md", number, request, Outcome.ANSWERED, answer), 1)
    (status,) = follower.link.status()
    assert (status.received, status.skipped, status.lost) == (5, 3, 1)


def test_a_state_that_is_none_without_what_is_gone_is_refused() -> None:
    follower = Follower(Subscription("md", EVENT, Start.FIRST, whole=True))
    follower.beat(9, sent_ns=0, now_ns=0)
    number, request, _ = follower.asked[-1]
    answer = ReplayAnswer(EVENT, (event(4),), (1, 4), (1, 9))
    with pytest.raises(LogGoneError, match="the log of md has EQUITY/0/0 from 1/4 on, and 3 messages before"):
        follower.link.on_reply(Reply("md", number, request, Outcome.ANSWERED, answer), 1)
    assert follower.delivered == []


def test_a_stream_of_which_nothing_is_kept_is_skipped() -> None:
    follower = Follower(Subscription("md", EVENT, Start.FIRST))
    follower.beat(9, sent_ns=0, now_ns=0)
    number, request, _ = follower.asked[-1]
    follower.link.on_reply(Reply("md", number, request, Outcome.ANSWERED, ReplayAnswer(EVENT, (), (0, 0), (1, 9))), 1)
    (status,) = follower.link.status()
    assert (status.state, status.skipped, status.lost) == (StreamState.LIVE, 9, 0)


def test_the_tail_of_an_older_epoch_that_is_gone_counts_as_at_least_one() -> None:
    follower = Follower(Subscription("md", STATE, Start.FIRST, every=True, position=(1, 4990)))
    mark = MarkPrice(0, 0, 1, 0, 0, 0)
    later = [
        pack(stream=STATE, type=type_number(mark), sender=1, epoch=2, seq=n, payload=encode(mark)) for n in (101, 102)
    ]
    beat = Beat(True, ((STATE, 2, 102),))
    follower.link.on_frame(
        pack(stream=CONTROL_STREAM, type=type_number(beat), sender=1, epoch=2, seq=1, payload=encode(beat)), 0
    )
    number, request, _ = follower.asked[-1]
    answer = ReplayAnswer(STATE, tuple(later), (2, 101), (2, 102))
    follower.link.on_reply(Reply("md", number, request, Outcome.ANSWERED, answer), 1)
    (status,) = follower.link.status()
    assert (status.skipped, status.lost) == (101, 0)


def mark(epoch: int, seq: int) -> bytes:
    message = MarkPrice(0, 0, seq, 0, 0, 0)
    return pack(stream=STATE, type=type_number(message), sender=1, epoch=epoch, seq=seq, payload=encode(message))


@pytest.mark.parametrize(("epoch", "asked"), [(1, False), (2, True)])
def test_who_follows_every_message_asks_for_what_came_before_the_first_that_it_sees(epoch: int, asked: bool) -> None:
    follower = Follower(Subscription("md", STATE, Start.FIRST, every=True))
    beat = Beat(True, ((STATE, epoch, 1),))
    follower.link.on_frame(mark(epoch, 1), 0)
    follower.link.on_frame(
        pack(stream=CONTROL_STREAM, type=type_number(beat), sender=1, epoch=epoch, seq=1, payload=encode(beat)), 1
    )
    # In epoch 1 nothing can have come before; in epoch 2 what epoch 1 had is in the log.
    assert [request for _, request, _ in follower.asked] == ([ReplayRequest(STATE, 0, 0)] if asked else [])
    if asked:
        number, request, _ = follower.asked[-1]
        older = (mark(1, 1), mark(1, 2), mark(2, 1))
        answer = ReplayAnswer(STATE, older, (1, 1), (2, 1))
        follower.link.on_reply(Reply("md", number, request, Outcome.ANSWERED, answer), 2)
    (status,) = follower.link.status()
    assert (status.state, status.received, status.lost) == (StreamState.LIVE, 3 if asked else 1, 0)
