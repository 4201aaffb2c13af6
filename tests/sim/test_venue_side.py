"""A recording that leads a venue: each message once on either side, the venue first, in its own time."""

import itertools
from collections import Counter

import pytest

from mesh.sim.recording import MessageRecording
from mesh.sim.venue_side import Latency, LedRecording, VenueSide
from schemas.messages import FeedState, Trade

T0 = 1_700_000_000_000_000_000
STREAM = 0x10010001


def trades(*times: tuple[int, int]) -> list[Trade]:
    """Return trades of (event, receipt), in nanoseconds after T0; an event of 0 is not known."""
    return [
        Trade(T0 + event if event else 0, T0 + recv, 100 + n, 1, 1, str(n)) for n, (event, recv) in enumerate(times)
    ]


def led(messages, **options) -> LedRecording:
    return LedRecording(MessageRecording(STREAM, messages), VenueSide(), **options)


def received(recording: LedRecording) -> list[int]:
    found = []
    while recording.step():
        found.append(recording.wall_ns - T0)
    return found


def test_agents_have_messages_as_they_were_received():
    assert received(led(trades((10, 20), (15, 22), (21, 40)))) == [20, 22, 40]


def test_the_venue_has_the_first_message_at_its_own_time():
    recording = led(trades((10, 20), (15, 22)))
    assert recording.step()
    assert recording.due_ns == T0 + 10


@pytest.mark.parametrize(
    ("times", "clock_ns", "due"),
    [
        ((30, 20), 0, 20),  # never after the receipt
        ((30, 20), 15, 15),  # the venue's clock is ahead
        ((0, 20), 0, 20),  # nothing is known
    ],
)
def test_what_is_due_at_the_venue(times, clock_ns, due):
    recording = led(trades(times), clock_ns=clock_ns)
    assert recording.step()
    assert recording.due_ns == T0 + due


def test_a_modelled_feed_is_as_late_as_the_model_says_and_messages_say_so():
    recording = led(trades((10, 20), (15, 22), (21, 40)), latency=Latency("constant", 3))
    found = []
    while recording.step():
        assert recording.message.ts_recv_ns == recording.wall_ns
        found.append(recording.wall_ns - T0)
    assert found == [13, 18, 24]


def test_messages_in_somebody_s_list_are_left_as_they_are():
    messages = trades((10, 20))
    recording = led(messages, latency=Latency("constant", 3))
    assert recording.step()
    assert messages[0].ts_recv_ns == T0 + 20


def test_order_is_kept_where_a_later_message_would_overtake():
    steps = [(0, 0, 1), (1_000, 1_000, 1)]
    times = [(n * 10, n * 10 + 5) for n in range(1, 2_000)]
    found = received(led(trades(*times), latency=Latency("measured", 0, steps, 5)))
    assert found == sorted(found)
    assert len(found) == len(times)


def test_a_message_without_a_time_of_the_venue_is_as_late_as_the_one_before():
    states = [FeedState(T0 + 30, 3)]
    recording = led([*trades((10, 18)), *states], latency=Latency("constant", 1))
    assert [recording.step() and recording.wall_ns - T0 for _ in range(2)] == [11, 30 - 8 + 1]


def test_measured_latency_has_the_shares_of_its_steps():
    steps = [(100, 199, 60), (200, 200, 0), (1_000, 1_999, 40)]
    drawn = [Latency("measured", 0, steps, seed).draw() for seed in range(10_000)]
    counted = Counter(each // 1_000 for each in drawn)
    assert 0.58 < counted[0] / len(drawn) < 0.62
    assert all(100 <= each <= 199 or 1_000 <= each <= 1_999 for each in drawn)
    assert {100, 199} <= {each for each in drawn if each < 1_000}


def test_latency_is_drawn_by_its_seed():
    steps = [(0, 1_000_000, 1)]

    def drawn(seed: int) -> list[int]:
        latency = Latency("measured", 0, steps, seed)
        return [latency.draw() for _ in range(5)]

    assert drawn(1) == drawn(1)
    assert all(one != other for one, other in itertools.combinations([tuple(drawn(n)) for n in range(20)], 2))


@pytest.mark.parametrize("steps", [[(5, 4, 1)], [(-1, 4, 1)], [(1, 4, -1)], [(1, 4, 0)]])
def test_what_cannot_have_been_measured_is_refused(steps):
    with pytest.raises(ValueError, match="latency"):
        Latency("measured", 0, steps)
