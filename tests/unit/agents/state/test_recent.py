"""Recent: the oldest goes when one too many comes, in the order in which they came."""

from collections import deque

from agents.state.recent import Recent


def test_oldest_goes_first_over_several_rounds():
    recent, kept = Recent(3), deque()
    for item in range(11):
        kept.append(item)
        assert recent.push(item) == (kept.popleft() if len(kept) > 3 else None)


def test_room_for_one_forgets_at_each_push():
    recent = Recent(1)
    assert [recent.push(item) for item in "abc"] == [None, "a", "b"]
