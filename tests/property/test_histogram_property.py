"""The latency histogram against a sorted list, which keeps every value and cannot be wrong."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.histogram import VALUE_MAX, LatencyHistogram
from schemas.errors import FrameError

VALUES = st.one_of(
    st.integers(-10, 2_000),
    st.integers(0, VALUE_MAX),
    st.integers(0, 41).flatmap(lambda bits: st.integers(max(0, 2**bits - 2), 2**bits + 2)),
)
MANY = st.lists(VALUES, max_size=200)
MILLIONTHS = st.integers(0, 100_000_000)  # of a percent


def filled(values: list[int]) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for value in values:
        histogram.record(value)
    return histogram


def merged(*parts: LatencyHistogram) -> LatencyHistogram:
    result = LatencyHistogram()
    for part in parts:
        result.merge(part)
    return result


@settings(deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=200), MILLIONTHS)
def test_percentile_is_the_sorted_lists_within_the_stated_error(values: list[int], millionths: int) -> None:
    model = sorted(min(max(value, 0), VALUE_MAX) for value in values)
    rank = max(1, -(-millionths * len(model) // 100_000_000))
    exact = model[rank - 1]
    found = filled(values).percentile(millionths / 1e6)
    assert exact <= found <= exact + exact // 128
    assert found <= model[-1]


@settings(deadline=None)
@given(MANY)
def test_counts_and_mean_are_exact(values: list[int]) -> None:
    model = [min(max(value, 0), VALUE_MAX) for value in values]
    histogram = filled(values)
    assert histogram.count == len(values)
    assert histogram.negative == sum(value < 0 for value in values)
    assert histogram.saturated == sum(value > VALUE_MAX for value in values)
    assert (histogram.min, histogram.max) == (min(model, default=0), max(model, default=0))
    assert histogram.mean == (sum(model) / len(model) if model else 0.0)


@settings(deadline=None)
@given(MANY, MANY, MANY)
def test_merge_is_associative_commutative_and_equals_recording_all(a: list[int], b: list[int], c: list[int]) -> None:
    left = merged(merged(filled(a), filled(b)), filled(c))
    right = merged(filled(c), merged(filled(b), filled(a)))
    assert left.to_bytes() == right.to_bytes() == filled(a + b + c).to_bytes()


@settings(deadline=None)
@given(MANY)
def test_bytes_bring_back_the_same_histogram(values: list[int]) -> None:
    histogram = filled(values)
    again = LatencyHistogram.from_bytes(histogram.to_bytes())
    assert again.to_bytes() == histogram.to_bytes()
    assert again.summary() == histogram.summary()
    assert again.mean == histogram.mean


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_are_a_histogram(data: bytes) -> None:
    try:
        histogram = LatencyHistogram.from_bytes(data)
    except FrameError:
        return
    assert histogram.to_bytes() == data


@settings(deadline=None)
@given(MANY, st.integers(0, 10_000), st.integers(0, 255))
def test_one_changed_byte_is_refused_or_still_consistent(values: list[int], at: int, byte: int) -> None:
    data = bytearray(filled(values).to_bytes())
    data[at % len(data)] = byte
    try:
        histogram = LatencyHistogram.from_bytes(data)
    except FrameError:
        return
    assert histogram.to_bytes() == data
    assert histogram.min <= histogram.mean <= histogram.max or histogram.count == 0
