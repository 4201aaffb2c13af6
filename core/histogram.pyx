"""Latency histogram: how long something took, in nanoseconds, at a fixed cost in memory and time.

Every hop of every message is measured, so recording must neither allocate nor branch on history. The buckets are
log-linear, as in HdrHistogram (Gil Tene): values below 256 have a bucket each, and from there on each power of two is
divided into 128 equal buckets. A bucket is therefore never wider than 1/128 of the values in it, and a percentile read
from it is at most 0.79 % above the value recorded, and never below it.

It does not read a clock, and it corrects nothing for coordinated omission: hand it the latency since the moment at
which the work was due. One owner records at a time.
"""

import struct

cimport cython
from libc.stdint cimport int64_t, uint64_t

from schemas.errors import FrameError

cdef extern from *:
    int leading_zeros "__builtin_clzll" (unsigned long long value) noexcept nogil

cdef int64_t TOP = (<int64_t>1 << TOP_BITS) - 1
VALUE_MAX = TOP
# Percentiles are counted in millionths of a percent, so that 99.9 of 1000 is rank 999 whatever binary makes of 99.9.
cdef int64_t WHOLE = 100_000_000

_MAGIC = b"TMH\x01"
_HEAD = struct.Struct("<4sIqqqqQQ")  # magic, number of entries, negative, saturated, min, max, sum low, sum high
_ENTRY = struct.Struct("<Hq")  # bucket, count


@cython.final
@cython.binding(False)
cdef class LatencyHistogram:
    """Count latencies of 0 to `VALUE_MAX` (2**40 - 1, 18 minutes) nanoseconds in 34 KB that never grow."""

    def __cinit__(self):
        self.clear()

    cpdef void record(self, int64_t value_ns) noexcept:
        """Count one latency in nanoseconds.

        A negative one counts as 0 and in `negative` (two clocks disagree); one over `VALUE_MAX` counts as `VALUE_MAX`
        and in `saturated`.
        """
        self.record_c(value_ns)

    def merge(self, LatencyHistogram other not None) -> None:
        """Add everything that `other` has counted; `other` stays as it is.

        Raises:
            ValueError: If the counts together pass 2**63 - 1; nothing is changed.
        """
        cdef int i
        if other.count > (<int64_t>0x7FFFFFFFFFFFFFFF) - self.count:
            raise ValueError(f"cannot merge {other.count} records into {self.count}: the most is 2**63 - 1")
        self.lowest = min(self.lowest, other.lowest)
        self.highest = max(self.highest, other.highest)
        add_wide(self, other.sum_low, other.sum_high)
        self.negative += other.negative
        self.saturated += other.saturated
        self.count += other.count
        for i in range(BUCKETS):
            self.counts[i] += other.counts[i]

    def since(self, LatencyHistogram earlier not None) -> LatencyHistogram:
        """Return what was counted since `earlier`, an older state of this histogram; min and max to their buckets.

        What `earlier` has and this has not (it was begun anew meanwhile) is left out.
        """
        cdef LatencyHistogram result = LatencyHistogram()
        cdef int64_t count
        cdef int i
        for i in range(BUCKETS):
            count = self.counts[i] - earlier.counts[i]
            if count > 0:
                result.counts[i] = count
                result.count += count
                result.lowest = min(result.lowest, max(bucket_bottom(i), self.lowest))
                result.highest = min(bucket_top(i), self.highest)
                add_wide(result, <uint64_t>count * <uint64_t>result.highest, 0)
        return result

    def percentile(self, double p) -> int:
        """Return a latency in nanoseconds that `p` percent of the records do not exceed; 0 if there are none.

        The nearest-rank percentile (`p` is read to a millionth of a percent), as the top of the bucket it fell into:
        exact below 256, never too low, at most 0.79 % too high, never over `max`.

        Raises:
            ValueError: If `p` is not from 0 to 100.
        """
        if not 0.0 <= p <= 100.0:
            raise ValueError(f"p must be a percentage from 0 to 100, found {p!r}")
        if self.count == 0:
            return 0
        return self.at_rank(rank_of(<int64_t>(p * 1e6 + 0.5), self.count))

    def reset(self) -> None:
        """Forget every record."""
        self.clear()

    def summary(self) -> dict[str, int]:
        """Return the count, and p50, p99, p999 (99.9 %) and max in nanoseconds, under these names."""
        return {
            "count": self.count,
            "p50": self.percentile(50.0),
            "p99": self.percentile(99.0),
            "p999": self.percentile(99.9),
            "max": self.max,
        }

    def to_bytes(self) -> bytes:
        """Return everything counted as bytes for `from_bytes`; only buckets that are not empty take room."""
        entries = [_ENTRY.pack(i, self.counts[i]) for i in range(BUCKETS) if self.counts[i]]
        head = _HEAD.pack(
            _MAGIC, len(entries), self.negative, self.saturated, self.min, self.max, self.sum_low, self.sum_high
        )
        return head + b"".join(entries)

    @classmethod
    def from_bytes(cls, data) -> LatencyHistogram:
        """Return the histogram that `to_bytes` wrote.

        Raises:
            FrameError: If the bytes are cut, too long, of another version, or contradict themselves.
        """
        cdef LatencyHistogram result = LatencyHistogram()
        head = parse_head(data)
        fill_buckets(result, data)
        result.negative, result.saturated, low, high, result.sum_low, result.sum_high = head[2:]
        if result.count:
            result.lowest, result.highest = low, high
        check_consistent(result, low, high)
        return result

    def __repr__(self) -> str:
        return f"LatencyHistogram(count={self.count}, min={self.min}, max={self.max}, mean={self.mean:.1f})"

    @property
    def min(self) -> int:
        """The least latency recorded, in nanoseconds; 0 if there is none."""
        return self.lowest if self.count else 0

    @property
    def max(self) -> int:
        """The greatest latency recorded, in nanoseconds; 0 if there is none."""
        return self.highest if self.count else 0

    @property
    def mean(self) -> float:
        """The mean latency in nanoseconds, from an exact sum; 0.0 if there is none."""
        return total_of(self) / self.count if self.count else 0.0

    cdef void record_c(self, int64_t value_ns) noexcept nogil:
        if value_ns < 0:
            value_ns = 0
            self.negative += 1
        elif value_ns > TOP:
            value_ns = TOP
            self.saturated += 1
        self.count += 1
        self.counts[bucket_of(value_ns)] += 1
        self.sum_low += <uint64_t>value_ns
        if self.sum_low < <uint64_t>value_ns:
            self.sum_high += 1
        if value_ns < self.lowest:
            self.lowest = value_ns
        if value_ns > self.highest:
            self.highest = value_ns

    cdef int64_t at_rank(self, int64_t rank) noexcept nogil:
        cdef int64_t seen = 0
        cdef int i
        for i in range(BUCKETS):
            seen += self.counts[i]
            if seen >= rank:
                return min(bucket_top(i), self.highest)
        return self.highest

    cdef void clear(self) noexcept nogil:
        cdef int i
        self.count = self.negative = self.saturated = self.highest = 0
        self.sum_low = self.sum_high = 0
        self.lowest = TOP
        for i in range(BUCKETS):
            self.counts[i] = 0


cdef inline int bucket_of(int64_t value) noexcept nogil:
    cdef int shift
    if value < 1 << SUB_BITS:
        return <int>value
    shift = 63 - SUB_BITS - leading_zeros(<unsigned long long>value)
    return (shift << SUB_BITS) + <int>(value >> shift)


cdef inline int64_t bucket_bottom(int bucket) noexcept nogil:
    cdef int shift = (bucket >> SUB_BITS) - 1
    if shift <= 0:
        return bucket
    return (<int64_t>(bucket - (shift << SUB_BITS))) << shift


cdef inline int64_t bucket_top(int bucket) noexcept nogil:
    return bucket_bottom(bucket + 1) - 1


# `count * part / WHOLE` rounded up, at least 1, by parts so that nothing overflows.
cdef inline int64_t rank_of(int64_t part, int64_t count) noexcept nogil:
    cdef int64_t rank = (count // WHOLE) * part + ((count % WHOLE) * part + WHOLE - 1) // WHOLE
    return rank if rank > 0 else 1


cdef inline void add_wide(LatencyHistogram self, uint64_t low, uint64_t high) noexcept nogil:
    self.sum_low += low
    self.sum_high += high + (1 if self.sum_low < low else 0)


cdef total_of(LatencyHistogram self):
    return (int(self.sum_high) << 64) + int(self.sum_low)


cdef parse_head(data):
    if len(data) < _HEAD.size:
        raise FrameError(f"histogram of {len(data)} bytes, the shortest is {_HEAD.size}")
    head = _HEAD.unpack_from(data)
    if head[0] != _MAGIC:
        raise FrameError(f"histogram starts with {head[0]!r}, allowed is {_MAGIC!r}")
    size = _HEAD.size + head[1] * _ENTRY.size
    if head[1] > BUCKETS or len(data) != size:
        raise FrameError(
            f"histogram of {len(data)} bytes with {head[1]} entries, which take {size} (at most {BUCKETS})"
        )
    return head


cdef fill_buckets(LatencyHistogram result, data):
    last = -1
    total = 0
    for offset in range(_HEAD.size, len(data), _ENTRY.size):
        bucket, count = _ENTRY.unpack_from(data, offset)
        if not last < bucket < BUCKETS or count <= 0:
            raise FrameError(f"histogram entry ({bucket}, {count}) after bucket {last}: buckets rise to "
                             f"{BUCKETS - 1} and counts start at 1")
        total += count
        result.counts[bucket] = count
        last = bucket
    if total > 0x7FFFFFFFFFFFFFFF:
        raise FrameError(f"histogram of {total} records, the most is 2**63 - 1")
    result.count = total


# Refuse a head whose least, greatest, sum or special counts the buckets contradict.
cdef check_consistent(LatencyHistogram result, low, high):
    filled = [i for i in range(BUCKETS) if result.counts[i]]
    first, last = min(filled, default=0), max(filled, default=0)
    if not filled:
        if (low, high, result.negative, result.saturated, total_of(result)) != (0, 0, 0, 0, 0):
            raise FrameError("histogram without entries but with a min, max, sum, negative or saturated that is not 0")
        return
    if not (0 <= low <= high <= TOP and bucket_of(low) == first and bucket_of(high) == last):
        raise FrameError(f"histogram min {low} and max {high} are not in its first and last bucket "
                         f"({first} and {last})")
    if not (0 <= result.negative <= result.counts[0] and 0 <= result.saturated <= result.counts[BUCKETS - 1]):
        raise FrameError(f"histogram negative {result.negative} and saturated {result.saturated} exceed the records "
                         f"in the first and last bucket ({result.counts[0]} and {result.counts[BUCKETS - 1]})")
    least, most = sum_bounds(result, low, high, filled)
    if not least <= total_of(result) <= most:
        raise FrameError(f"histogram sum {total_of(result)} is not from {least} to {most}, as its entries demand")


# The least and greatest sum of values that lie in these buckets and of which `low` and `high` are the extremes.
cdef sum_bounds(LatencyHistogram result, low, high, filled):
    if result.count == 1:
        return high, low
    least = most = low + high
    for i in filled:
        spare = int(result.counts[i]) - (i == bucket_of(low)) - (i == bucket_of(high))
        least += spare * max(low, bucket_bottom(i))
        most += spare * min(high, bucket_top(i))
    return least, most
