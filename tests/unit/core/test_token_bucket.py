"""The token bucket: a burst at once, a rate on average, exact over any time."""

from core.token_bucket import TokenBucket

S = 1_000_000_000


def test_a_burst_goes_at_once_and_the_next_after_its_share_of_a_second() -> None:
    bucket = TokenBucket(4.0, 2)
    bucket.fill(S)
    assert [bucket.take(S) for _ in range(3)] == [True, True, False]
    assert bucket.wait_ns(S) == S // 4
    assert not bucket.take(S + S // 4 - 1)
    assert bucket.take(S + S // 4)


def test_it_holds_no_more_than_its_burst() -> None:
    bucket = TokenBucket(10.0, 3)
    bucket.fill(0)
    assert bucket.level(3600 * S) == 3.0
    assert bucket.wait_ns(3600 * S) == 0


def test_it_begins_empty_and_an_earlier_time_takes_nothing_away() -> None:
    bucket = TokenBucket(1.0, 5)
    bucket.fill(S, 0)
    assert bucket.level(3 * S) == 2.0
    assert bucket.level(2 * S) == 2.0


def test_nothing_is_lost_over_small_steps() -> None:
    bucket = TokenBucket(0.3, 1)
    bucket.fill(0, 0)
    for step in range(1, 10_001):
        bucket.level(step * 333_333)
    assert bucket.level(10_000 * 333_333) == 0.9999990
    assert bucket.take(10_000 * 333_333 + 3334)
