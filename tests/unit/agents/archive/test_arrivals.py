"""How far the archive has come with a stream, and which number was due."""

from agents.archive.arrivals import Arrivals


def arrivals(restarts: bool) -> Arrivals:
    return Arrivals(0, "md", 0x0101_0001, "b", "BTCUSDT", restarts, True, {})


def test_a_message_is_due_once_and_a_gap_tells_where_it_began() -> None:
    link = arrivals(False)
    assert [link.observe(1, seq) for seq in (1, 2, 2, 5, 4, 6)] == [1, 2, 0, 3, 0, 6]
    assert (link.epoch, link.seq) == (1, 6)


def test_a_stream_that_restarts_counts_from_one_in_each_epoch() -> None:
    link = arrivals(True)
    assert [link.observe(epoch, seq) for epoch, seq in ((1, 1), (1, 2), (3, 1), (2, 9), (3, 4))] == [1, 2, 1, 0, 2]


def test_a_stream_that_goes_on_counts_across_epochs() -> None:
    link = arrivals(False)
    assert [link.observe(epoch, seq) for epoch, seq in ((1, 7), (2, 8), (3, 10))] == [1, 8, 9]
