"""What a stream counts as: each state with each piece of evidence, as a link comes by it."""

from collections.abc import Callable

import pytest

from mesh.agent import Subscription
from mesh.protocol.stream_states import TRANSITIONS, Evidence
from schemas.streams import StreamState
from tests.unit.mesh.protocol.test_link import EVENT, MS, Follower, event

DOWN, SYNCING, LIVE, GAP = StreamState.DOWN, StreamState.SYNCING, StreamState.LIVE, StreamState.GAP
LONG_NS = 60_000 * MS


def followed(state: StreamState) -> Follower:
    """Return a link whose stream is in `state`."""
    follower = Follower(Subscription("md", EVENT, position=(1, 0)))
    if state is SYNCING:
        follower.beat(2, sent_ns=0, now_ns=0)
    elif state in (LIVE, GAP):
        follower.beat(0, sent_ns=0, now_ns=0)
    if state is GAP:
        follower.link.on_frame(event(2), 0)
    assert follower.link.state(EVENT) is state
    return follower


def catch_up(follower: Follower) -> None:
    match follower.link.state(EVENT):
        case StreamState.SYNCING:
            follower.answer([event(1), event(2)], 2, 1)
        case StreamState.GAP:
            follower.link.on_frame(event(1), 1)
        case _:
            follower.beat(0, sent_ns=1, now_ns=1)


def fall_behind(follower: Follower) -> None:
    if follower.link.state(EVENT) is DOWN:
        follower.beat(9, sent_ns=1, now_ns=1)
    else:
        follower.link.on_frame(event(9), 1)


def doubt(follower: Follower) -> None:
    follower.beat(0, sent_ns=0, now_ns=LONG_NS)


def fall_silent(follower: Follower) -> None:
    follower.link.on_timer(LONG_NS)


CELLS = [
    (DOWN, catch_up, LIVE),
    (DOWN, fall_behind, SYNCING),
    (DOWN, doubt, DOWN),
    (DOWN, fall_silent, DOWN),
    (SYNCING, catch_up, LIVE),
    (SYNCING, fall_behind, SYNCING),
    (SYNCING, doubt, SYNCING),
    (SYNCING, fall_silent, DOWN),
    (LIVE, catch_up, LIVE),
    (LIVE, fall_behind, GAP),
    (LIVE, doubt, GAP),
    (LIVE, fall_silent, DOWN),
    (GAP, catch_up, LIVE),
    (GAP, fall_behind, GAP),
    (GAP, doubt, GAP),
    (GAP, fall_silent, DOWN),
]
EVIDENCE = {
    catch_up: Evidence.CAUGHT_UP,
    fall_behind: Evidence.BEHIND,
    doubt: Evidence.DOUBTED,
    fall_silent: Evidence.SILENT,
}


@pytest.mark.parametrize(("before", "happens", "after"), CELLS)
def test_link_takes_each_piece_of_evidence_as_it_should(
    before: StreamState, happens: Callable[[Follower], None], after: StreamState
) -> None:
    follower = followed(before)
    told = len(follower.states)
    happens(follower)
    assert follower.link.state(EVENT) is after
    assert follower.states[told:] == ([after] if after is not before else []), "each change is told, and told once"


def test_every_cell_of_the_table_is_what_a_link_does() -> None:
    cells = {(before, EVIDENCE[happens]): after for before, happens, after in CELLS}
    assert {(state, e): to for state, row in TRANSITIONS.items() for e, to in row.items()} == cells
    assert set(TRANSITIONS) == set(StreamState)
    assert all(set(row) == set(Evidence) for row in TRANSITIONS.values())
