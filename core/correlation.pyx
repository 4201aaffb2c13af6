"""The correlation of several series, one return of each at a time.

The matrix of products is a C array that each update decays and adds to; nothing is allocated after the beginning. Averages
below 1e-200 count as 0 (`core/rolling.pxd`).
"""

from operator import index

cimport cython
from libc.math cimport NAN, exp, expm1, fabs, sqrt
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

    Means are taken as zero and the weight of a return halves in `half_life` updates: decay = 2 ** (-1 / half_life).
    Weights are normalised to the updates seen, so early values are not biased towards 0; they are NaN until as many
    updates as the half-life, and at least 2, have come. Memory and the cost of an update grow with the square of
    `series`.

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
        if self.returns == NULL or self.products == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.returns)
        free(self.products)

    def update(self, returns) -> None:
        """Take one return of each series, in order.

        Raises:
            ValueError: If there are not exactly `series` returns, or one is not finite or beyond 1e100; nothing is
                changed.
        """
        cdef int i
        if len(returns) != self.series:
            raise ValueError(f"returns must hold {self.series} values, one for each series, found {len(returns)}")
        for i in range(self.series):
            self.returns[i] = returns[i]
        i = self.update_c(self.returns)
        if i >= 0:
            raise ValueError(f"returns[{i}] must be finite and within 1e100, found {self.returns[i]!r}")

    def covariance(self, i: int, j: int) -> float:
        """Return the covariance of series `i` and `j` per update, NaN until warm.

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

    def __repr__(self) -> str:
        return f"EwmaCorrelation(series={self.series}, half_life={self.half_life}, count={self.count})"

    # Returns -1, or the first series whose return is refused, in which case nothing is changed.
    cdef int update_c(self, const double* returns) noexcept nogil:
        cdef int i, j
        cdef double* row
        for i in range(self.series):
            if not fabs(returns[i]) <= LARGEST:
                return i
        for i in range(self.series):
            row = self.products + <Py_ssize_t>i * self.series
            for j in range(i + 1):
                row[j] = negligible_is_zero(self.decay * row[j] + self.fresh * returns[i] * returns[j])
        self.weight = self.decay * self.weight + self.fresh
        self.count += 1
        return -1

    cdef double covariance_c(self, int i, int j) noexcept nogil:
        if self.count < self.warm_count:
            return NAN
        return self.products[<Py_ssize_t>max(i, j) * self.series + min(i, j)] / self.weight

    cdef double correlation_c(self, int i, int j) noexcept nogil:
        cdef double scale = sqrt(self.covariance_c(i, i)) * sqrt(self.covariance_c(j, j))
        if not scale > 0.0:
            return NAN
        return 1.0 if i == j else min(1.0, max(-1.0, self.covariance_c(i, j) / scale))


cdef int place_of(name, value, int series) except -1:
    number = index(value)
    if not 0 <= number < series:
        raise IndexError(f"{name} must be a series from 0 to {series - 1}, found {value!r}")
    return number
