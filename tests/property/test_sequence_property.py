"""The compiled sequence tracker against a dictionary that does the same slowly."""

from hypothesis import given
from hypothesis import strategies as st

from core.sequence import DUPLICATE, HELD, IN_ORDER, NEW_EPOCH, OLD_EPOCH, UNKNOWN, SequenceTracker


class NaiveTracker:
    """What the tracker does, written for reading."""

    def __init__(self) -> None:
        self.table: dict[int, tuple[int, int, bool]] = {}

    def observe(self, stream: int, epoch: int, seq: int) -> int:
        if stream not in self.table:
            return UNKNOWN
        known_epoch, last, live = self.table[stream]
        if not live:
            return HELD
        if epoch < known_epoch:
            return OLD_EPOCH
        if epoch > known_epoch:
            return NEW_EPOCH
        if seq <= last:
            return DUPLICATE
        if seq == last + 1:
            self.table[stream] = (epoch, seq, True)
            return IN_ORDER
        return seq - last - 1


# Few values, so that operations meet on the same stream; some streams that share a home slot in a table of 64.
STREAMS = st.sampled_from([0, 1, 2, 0x0100_0000, 0xFFFF_FFFF, *(k * 0x9E37 for k in range(40))])
EPOCHS = st.integers(0, 3)
SEQS = st.integers(0, 12)
OPERATIONS = st.one_of(
    st.tuples(st.just("observe"), STREAMS, EPOCHS, SEQS),
    st.tuples(st.just("set"), STREAMS, EPOCHS, SEQS, st.booleans()),
    st.tuples(st.just("hold"), STREAMS),
    st.tuples(st.just("remove"), STREAMS),
)


@given(st.lists(OPERATIONS, max_size=200))
def test_tracker_equals_the_naive_one(operations: list[tuple]) -> None:
    tracker, naive = SequenceTracker(), NaiveTracker()
    for name, stream, *rest in operations:
        if name == "observe":
            assert tracker.observe(stream, *rest) == naive.observe(stream, *rest)
        elif name == "set":
            tracker.set(stream, *rest)
            naive.table[stream] = tuple(rest)
        elif stream in naive.table and name == "hold":
            tracker.hold(stream)
            naive.table[stream] = (*naive.table[stream][:2], False)
        elif stream in naive.table:
            tracker.remove(stream)
            del naive.table[stream]
    assert tracker.streams() == sorted(naive.table)
    assert {s: tracker.position(s) for s in tracker.streams()} == {s: v[:2] for s, v in naive.table.items()}


@given(st.sets(st.integers(0, 0xFFFF_FFFF), min_size=1, max_size=400), st.randoms(use_true_random=False))
def test_removal_in_any_order_leaves_the_rest_findable(streams: set[int], random) -> None:
    tracker = SequenceTracker()
    for stream in streams:
        tracker.set(stream, 1, stream)
    order = sorted(streams)
    random.shuffle(order)
    while order:
        tracker.remove(order.pop())
        assert all(tracker.position(stream) == (1, stream) for stream in order)
