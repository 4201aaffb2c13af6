"""The correlation of several series, one return of each at a time.

A series may have no return at a time. A pair then has no sample: neither its product nor the squares that its correlation
is divided by change, so each pair has its own count, and squares of its own for either side. With all of one series'
squares in common, those of a time at which the other stood still would make a correlation look smaller than it is.

The matrices are C arrays that each update decays and adds to; nothing is allocated after the beginning. Averages below
1e-200 count as 0 (`core/rolling.pxd`).
"""

from operator import index

cimport cython
from libc.math cimport NAN, exp, expm1, fabs, isnan, sqrt
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free

from core.arguments cimport whole
from core.rolling cimport negligible_is_zero

SERIES_MAX = 1_024

cdef double LARGEST = 1e100  # products of two stay far from overflow
cdef double HALF_LIFE_MAX = 1e9
cdef double LOG_2 = 0.6931471805599453


@cython.final
@cython.binding(False)
cdef class EwmaCorrelation:
    """Exponentially weighted covariance and correlation of `series` return series (RiskMetrics 1996, section 5.2).

    Means are taken as zero and the weight of a return halves in `half_life` samples: decay = 2 ** (-1 / half_life).
    Weights are normalised to the samples seen, so early values are not biased towards 0; they are NaN until as many
    samples of the pair as the half-life, and at least 2, have come. Memory and the cost of an update grow with the square
    of `series`.

    Raises:
        ValueError: If `series` is not from 1 to `SERIES_MAX`, or `half_life` not above 0 and at most 1e9.
    """

    def __cinit__(self, series, double half_life):
        self.series = whole("series", series, 1, SERIES_MAX)
        if not 0.0 < half_life <= HALF_LIFE_MAX:
            raise ValueError(f"half_life must be above 0 and at most {HALF_LIFE_MAX:g} updates, found {half_life!r}")
        self.half_life = half_life
        self.decay = exp(-LOG_2 / half_life)
        self.fresh = -expm1(-LOG_2 / half_life)
        self.warm_count = max(2, <int64_t>half_life + (half_life > <int64_t>half_life))
        self.returns = <double*>calloc(self.series, sizeof(double))
        self.products = <double*>calloc(<size_t>self.series * self.series, sizeof(double))
        self.squares = <double*>calloc(<size_t>self.series * self.series, sizeof(double))
        self.counts = <int64_t*>calloc(<size_t>self.series * self.series, sizeof(int64_t))
        if self.returns == NULL or self.products == NULL or self.squares == NULL or self.counts == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.returns)
        free(self.products)
        free(self.squares)
        free(self.counts)

    def update(self, returns) -> None:
        """Take one return of each series, in order; NaN is a series that has none this time.

        Raises:
            ValueError: If there are not exactly `series` returns, or one is infinite or beyond 1e100; nothing is changed.
        """
        cdef int i
        if len(returns) != self.series:
            raise ValueError(f"returns must hold {self.series} values, one for each series, found {len(returns)}")
        for i in range(self.series):
            self.returns[i] = returns[i]
        i = self.update_c(self.returns)
        if i >= 0:
            raise ValueError(f"returns[{i}] must be NaN or within 1e100, found {self.returns[i]!r}")

    def covariance(self, i: int, j: int) -> float:
        """Return the covariance of series `i` and `j` per sample, NaN until warm.

        Raises:
            IndexError: If there is no such series.
        """
        return self.covariance_c(place_of("i", i, self.series), place_of("j", j, self.series))

    def correlation(self, i: int, j: int) -> float:
        """Return the correlation of series `i` and `j`, -1 to 1, NaN until warm or while one of them has not moved.

        Raises:
            IndexError: If there is no such series.
        """
        return self.correlation_c(place_of("i", i, self.series), place_of("j", j, self.series))

    def samples(self, i: int, j: int) -> int:
        """Return how many updates had a return of both series.

        Raises:
            IndexError: If there is no such series.
        """
        return self.counts[self.place(place_of("i", i, self.series), place_of("j", j, self.series))]

    def __repr__(self) -> str:
        return f"EwmaCorrelation(series={self.series}, half_life={self.half_life}, count={self.count})"

    # Returns -1, or the first series whose return is refused, in which case nothing is changed.
    cdef int update_c(self, const double* returns) noexcept nogil:
        cdef int i, j
        cdef Py_ssize_t pair, mirrored
        for i in range(self.series):
            if not (fabs(returns[i]) <= LARGEST or isnan(returns[i])):
                return i
        for i in range(self.series):
            if isnan(returns[i]):
                continue
            for j in range(i + 1):
                if isnan(returns[j]):
                    continue
                pair = self.place(i, j)
                mirrored = <Py_ssize_t>j * self.series + i
                self.products[pair] = self.blend(self.products[pair], returns[i] * returns[j])
                self.squares[pair] = self.blend(self.squares[pair], returns[i] * returns[i])
                if i != j:
                    self.squares[mirrored] = self.blend(self.squares[mirrored], returns[j] * returns[j])
                self.counts[pair] += 1
        self.count += 1
        return -1

    cdef double blend(self, double average, double value) noexcept nogil:
        return negligible_is_zero(self.decay * average + self.fresh * value)

    # Where what is kept of a pair once lies.
    cdef Py_ssize_t place(self, int i, int j) noexcept nogil:
        return <Py_ssize_t>max(i, j) * self.series + min(i, j)

    cdef double covariance_c(self, int i, int j) noexcept nogil:
        cdef Py_ssize_t pair = self.place(i, j)
        if self.counts[pair] < self.warm_count:
            return NAN
        return self.products[pair] / -expm1(-LOG_2 * self.counts[pair] / self.half_life)

    cdef double correlation_c(self, int i, int j) noexcept nogil:
        cdef double scale, product = self.products[self.place(i, j)]
        if self.counts[self.place(i, j)] < self.warm_count:
            return NAN
        scale = sqrt(self.squares[<Py_ssize_t>i * self.series + j]) * sqrt(self.squares[<Py_ssize_t>j * self.series + i])
        if not scale > 0.0:
            return NAN
        return 1.0 if i == j else min(1.0, max(-1.0, product / scale))


cdef int place_of(name, value, int series) except -1:
    number = index(value)
    if not 0 <= number < series:
        raise IndexError(f"{name} must be a series from 0 to {series - 1}, found {value!r}")
    return number
