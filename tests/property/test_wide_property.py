"""Numbers of 128 bits, exposures and token buckets against Python's integers of any size."""

from hypothesis import given
from hypothesis import strategies as st

from agents.risk.limits import exposure_e8
from agents.state.saturating import times, wide
from core.token_bucket import TokenBucket
from schemas.messages import E8

BOUND = 2**124
ANY = st.integers(-(2**200), 2**200)
SIZED = st.integers(0, 126).flatmap(lambda bits: st.integers(-(2**bits), 2**bits))


def clamped(value):
    return max(-BOUND, min(BOUND, value))


@given(ANY)
def test_a_number_of_any_size_is_kept_or_stops_at_the_bound(value):
    assert wide(value) == clamped(value)


@given(SIZED, SIZED)
def test_a_product_is_exact_or_stops_at_the_bound(one, other):
    assert times(one, other) == clamped(one * other)


@given(SIZED, st.integers(0, 60).flatmap(lambda bits: st.integers(0, 2**bits)))
def test_exposure_is_the_exact_value_rounded_away_from_zero(qty_e8, mark_px_e8):
    value = min(BOUND, abs(qty_e8) * mark_px_e8)
    rounded = -(-value // E8)
    assert exposure_e8(qty_e8, mark_px_e8) == (rounded if qty_e8 >= 0 else -rounded)


STEPS = st.lists(st.tuples(st.booleans(), st.integers(-(10**9), 10**12)), max_size=40)


@given(st.floats(0.001, 1e6), st.integers(1, 10**9), STEPS)
def test_tokens_equal_a_count_in_integers(per_second, burst, steps):
    bucket, rate, room = TokenBucket(per_second, burst), max(1, round(per_second * 1000)), burst * 10**12
    bucket.fill(0)
    level, at_ns, now_ns = room, 0, 0
    for takes, passed_ns in steps:
        now_ns = max(0, now_ns + passed_ns)
        level = min(room, level + max(0, now_ns - at_ns) * rate)
        at_ns = max(at_ns, now_ns)
        assert bucket.level(now_ns) == level / 10**12
        assert bucket.wait_ns(now_ns) == max(0, -(-(10**12 - level) // rate))
        if takes:
            assert bucket.take(now_ns) == (level >= 10**12)
            level -= 10**12 if level >= 10**12 else 0
