"""How long execution was silent: from when it was heard last, and only while this process was awake."""

from agents.reaper.silence import LOOK_NS, Silence
from schemas.streams import StreamState

MS = 1_000_000
SECOND = 1000 * MS
LIVE, GAP, DOWN, SYNCING = StreamState.LIVE, StreamState.GAP, StreamState.DOWN, StreamState.SYNCING


def begun():
    silence = Silence(2 * SECOND, SECOND)
    silence.begin(0)
    return silence


def look_until(silence, end_ns, since_ns=0):
    for now_ns in range(since_ns + LOOK_NS, end_ns + 1, LOOK_NS):
        silence.look(now_ns)


def test_execution_that_was_never_heard_is_silent_from_the_begin_on():
    silence = begun()
    look_until(silence, 1900 * MS)
    assert not silence.over
    silence.look(2 * SECOND)
    assert silence.over


def test_execution_that_fell_silent_was_so_for_a_while_when_it_is_down():
    silence = begun()
    silence.learn(LIVE, 0)
    silence.learn(GAP, 300 * MS)
    assert silence.heard
    silence.learn(DOWN, SECOND)
    assert not silence.heard
    look_until(silence, 1900 * MS, SECOND)
    assert not silence.over
    silence.look(2 * SECOND)
    assert silence.over


def test_execution_that_ended_in_order_was_heard_just_now():
    silence = begun()
    silence.learn(LIVE, 0)
    silence.learn(DOWN, SECOND)
    look_until(silence, 2900 * MS, SECOND)
    assert not silence.over
    silence.look(3 * SECOND)
    assert silence.over


def test_execution_that_is_heard_again_begins_anew():
    silence = begun()
    look_until(silence, 1900 * MS)
    silence.learn(SYNCING, 1900 * MS)
    assert silence.heard
    silence.learn(LIVE, 1950 * MS)
    silence.look(9 * SECOND)
    assert not silence.over


def test_time_in_which_this_process_stood_still_is_not_silence():
    silence = begun()
    silence.look(LOOK_NS)
    silence.look(60 * SECOND)
    assert silence.silent_ns == 3 * LOOK_NS
    assert not silence.over


def test_a_second_down_does_not_begin_anew():
    silence = begun()
    silence.learn(LIVE, 0)
    silence.learn(DOWN, SECOND)
    look_until(silence, 2 * SECOND, SECOND)
    silence.learn(DOWN, 2 * SECOND)
    assert silence.silent_ns == SECOND
