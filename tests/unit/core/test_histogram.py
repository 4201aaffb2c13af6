"""The latency histogram against values that can be worked out by hand."""

import struct

import pytest

from core.histogram import VALUE_MAX, LatencyHistogram
from schemas.errors import FrameError


def filled(*values: int) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for value in values:
        histogram.record(value)
    return histogram


def test_empty_histogram_reads_as_zero() -> None:
    histogram = LatencyHistogram()
    assert (histogram.count, histogram.min, histogram.max, histogram.mean) == (0, 0, 0, 0.0)
    assert histogram.percentile(99.0) == 0
    assert histogram.summary() == {"count": 0, "p50": 0, "p99": 0, "p999": 0, "max": 0}


def test_small_values_are_exact() -> None:
    histogram = filled(*range(1, 101))
    assert [histogram.percentile(p) for p in (0, 1, 50, 90, 99, 100)] == [1, 1, 50, 90, 99, 100]
    assert histogram.mean == 50.5


def test_percentile_rank_is_not_off_by_binary_rounding() -> None:
    histogram = filled(*[1] * 999, 200)
    assert histogram.percentile(99.9) == 1
    assert histogram.percentile(99.95) == 200


@pytest.mark.parametrize("value", [255, 256, 257, 511, 512, 65_535, 65_536, 10**9, 2**39, VALUE_MAX])
def test_one_value_is_its_own_percentiles(value: int) -> None:
    histogram = filled(value)
    assert histogram.percentile(0) == histogram.percentile(50) == histogram.max == histogram.min == value


def test_percentile_is_at_most_one_part_in_128_too_high() -> None:
    histogram = filled(1_000_000, 50_000_000)
    assert 1_000_000 <= histogram.percentile(50) <= 1_000_000 * (1 + 1 / 128)


def test_negative_value_counts_as_zero() -> None:
    histogram = filled(-5, 7)
    assert (histogram.count, histogram.negative, histogram.min, histogram.max) == (2, 1, 0, 7)


def test_value_over_the_top_saturates() -> None:
    histogram = filled(VALUE_MAX, VALUE_MAX + 1, 2**63 - 1)
    assert (histogram.count, histogram.saturated, histogram.max) == (3, 2, VALUE_MAX)
    assert histogram.percentile(100) == VALUE_MAX


def test_mean_stays_exact_when_the_sum_passes_64_bits() -> None:
    histogram = filled(VALUE_MAX)
    for _ in range(30):
        histogram.merge(histogram)
    assert histogram.count == 2**30
    assert histogram.mean == float(VALUE_MAX)
    assert LatencyHistogram.from_bytes(histogram.to_bytes()).mean == float(VALUE_MAX)


def test_merge_adds_everything_and_leaves_the_other_alone() -> None:
    left, right = filled(-1, 100), filled(3, 2**41)
    left.merge(right)
    assert (left.count, left.negative, left.saturated, left.min, left.max) == (4, 1, 1, 0, VALUE_MAX)
    assert (right.count, right.negative, right.saturated, right.min) == (2, 0, 1, 3)


def test_merge_refuses_more_records_than_it_can_count() -> None:
    histogram = filled(1)
    for _ in range(62):
        histogram.merge(histogram)
    with pytest.raises(ValueError, match="2\\*\\*63"):
        histogram.merge(histogram)
    assert histogram.count == 2**62


def test_merge_wants_a_histogram() -> None:
    with pytest.raises(TypeError):
        LatencyHistogram().merge(None)  # type: ignore[arg-type]


def test_reset_forgets_everything() -> None:
    histogram = filled(-1, 5, 2**41)
    histogram.reset()
    assert histogram.to_bytes() == LatencyHistogram().to_bytes()


@pytest.mark.parametrize("p", [-0.1, 100.1, float("nan"), float("inf")])
def test_percentile_outside_0_to_100_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="p must be a percentage from 0 to 100"):
        filled(1).percentile(p)


def test_summary_names_what_an_operator_reads() -> None:
    assert filled(*range(1, 201)).summary() == {"count": 200, "p50": 100, "p99": 198, "p999": 200, "max": 200}


HEAD = struct.Struct("<4sIqqqqQQ")
GOOD = filled(1, 1, 300).to_bytes()


def with_head(**changes: int | bytes) -> bytes:
    names = ("magic", "entries", "negative", "saturated", "min", "max", "sum_low", "sum_high")
    fields = dict(zip(names, HEAD.unpack_from(GOOD), strict=True)) | changes
    return HEAD.pack(*fields.values()) + GOOD[HEAD.size :]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "0 bytes, the shortest is 56"),
        (GOOD[:-1], "75 bytes with 2 entries, which take 76"),
        (GOOD + b"\0", "77 bytes"),
        (with_head(magic=b"TMH\x02"), "allowed is"),
        (with_head(entries=3), "3 entries"),
        (with_head(entries=2**32 - 1), "at most"),
        (with_head(min=2), "not in its first and last bucket"),
        (with_head(max=-1), "not in its first and last bucket"),
        (with_head(negative=1), "exceed the records"),
        (with_head(saturated=-1), "exceed the records"),
        (with_head(sum_low=0), "sum 0 is not from"),
        (with_head(sum_high=1), "is not from"),
        (with_head(max=301), "sum 302 is not from 303 to 303"),
        (HEAD.pack(b"TMH\x01", 0, 0, 0, 0, 0, 1, 0), "without entries"),
        (GOOD[: HEAD.size] + GOOD[-10:] + GOOD[HEAD.size : -10], "buckets rise"),
        (GOOD[:-8] + struct.pack("<q", 0), "counts start at 1"),
        (GOOD[:-10] + struct.pack("<Hq", 60_000, 1), "buckets rise"),
    ],
)
def test_hostile_bytes_are_refused_with_the_reason(data: bytes, complaint: str) -> None:
    with pytest.raises(FrameError, match=complaint):
        LatencyHistogram.from_bytes(data)


def test_counts_that_together_pass_63_bits_are_refused() -> None:
    entries = struct.pack("<HqHq", 1, 2**63 - 1, 2, 2**63 - 1)
    with pytest.raises(FrameError, match="2\\*\\*63"):
        LatencyHistogram.from_bytes(HEAD.pack(b"TMH\x01", 2, 0, 0, 1, 2, 0, 0) + entries)


def test_since_is_what_was_counted_after_an_older_state() -> None:
    now, later = LatencyHistogram(), LatencyHistogram()
    for value in (100, 5_000, 70_000):
        now.record(value)
    before = LatencyHistogram.from_bytes(now.to_bytes())
    for value in (200, 9_999):
        now.record(value)
        later.record(value)
    found = now.since(before)
    assert found.count == later.count == 2
    for percent in (50.0, 99.0):
        assert found.percentile(percent) == pytest.approx(later.percentile(percent), rel=1 / 128)
    assert found.max == pytest.approx(later.max, rel=1 / 128)
    LatencyHistogram.from_bytes(found.to_bytes())
    assert now.since(now).count == 0
