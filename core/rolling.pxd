"""Rolling sums and averages as C structs: what the indicators are made of.

A window of the last `period` values never subtracts what leaves it. The stream is cut into blocks of `period` values:
the newer block is aggregated as it grows, the aggregates of every tail of the block before it are stored when that
block is complete, and the two are joined by the rule of Chan, Golub and LeVeque (1979). So nothing drifts, and a huge
value leaves no trace once it is out of the window; the price is one pass over the window in each `period` updates.

A long sum carries what rounding dropped (Neumaier 1974). An average that decays is cut to 0 below 1e-200, before it
turns denormal, which is slow.
"""

from libc.math cimport NAN, fabs
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free


# An exponential average that starts from the plain mean of its first `period` values; NaN until then, and if off.
cdef struct smoother:
    int64_t period
    int64_t seen
    double factor
    double total
    double value


# Mean and squared deviations of the last `period` values.
cdef struct window:
    int64_t period
    int64_t filled
    bint warm
    double mean
    double squares
    double* values
    double* old_means
    double* old_squares


# A sum that carries along what rounding dropped.
cdef struct long_sum:
    double value
    double dropped


cdef inline void init_smoother(smoother* self, int64_t period, double factor) noexcept nogil:
    self.period = period
    self.factor = factor
    self.value = NAN


# `warm` promises that the first `period` values have come.
cdef inline double smooth(smoother* self, double value, bint warm) noexcept nogil:
    if not warm and self.seen < self.period:
        self.total += value
        self.seen += 1
        if self.seen == self.period:
            self.value = self.total / <double>self.period
    else:
        self.value = negligible_is_zero(self.value + (value - self.value) * self.factor)
    return self.value


cdef inline double negligible_is_zero(double value) noexcept nogil:
    return 0.0 if fabs(value) < 1e-200 else value


cdef inline int init_window(window* self, int64_t period) except -1:
    self.period = period
    if period:
        self.values = <double*>calloc(3 * <size_t>period, sizeof(double))
        if self.values == NULL:
            raise MemoryError
        self.old_means = self.values + period
        self.old_squares = self.old_means + period
    return 0


cdef inline void free_window(window* self) noexcept:
    free(self.values)


# Adds `value` and, if `period` values have come, gives mean and sum of squared deviations of the last `period`.
cdef inline bint window_push(window* self, double value, double* mean, double* squares) noexcept nogil:
    cdef double older, delta, period = <double>self.period
    if self.filled == self.period:
        window_turn(self)
    self.values[self.filled] = value
    self.filled += 1
    delta = value - self.mean
    self.mean += delta / <double>self.filled
    self.squares += delta * (value - self.mean)
    if self.filled == self.period:
        mean[0] = self.mean
        squares[0] = self.squares
        return True
    if self.warm:
        older = period - <double>self.filled
        delta = self.old_means[self.filled] - self.mean
        mean[0] = self.mean + delta * older / period
        squares[0] = self.squares + self.old_squares[self.filled] + delta * delta * <double>self.filled * older / period
    return self.warm


# The newer part is complete: store mean and squares of each of its tails, and start an empty newer part.
cdef inline void window_turn(window* self) noexcept nogil:
    cdef double mean = 0.0, squares = 0.0, delta
    cdef int64_t i
    for i in range(self.period - 1, 0, -1):
        delta = self.values[i] - mean
        mean += delta / <double>(self.period - i)
        squares += delta * (self.values[i] - mean)
        self.old_means[i] = mean
        self.old_squares[i] = squares
    self.mean = self.squares = 0.0
    self.filled = 0
    self.warm = True


cdef inline void add_long(long_sum* self, double value) noexcept nogil:
    cdef double total = self.value + value
    if fabs(self.value) >= fabs(value):
        self.dropped += (self.value - total) + value
    else:
        self.dropped += (value - total) + self.value
    self.value = total


cdef inline double read_long(const long_sum* self) noexcept nogil:
    return self.value + self.dropped
