"""Structs and C signatures of the indicators."""

from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from core.rolling cimport long_sum, smoother, window

cdef enum:
    FIELD_COUNT = 14

cdef enum bar_fault:
    BAR_GOOD = 0
    BAR_HIGH
    BAR_LOW
    BAR_CLOSE
    BAR_VOLUME
    BAR_ORDER
    BAR_CLOSE_FOR_LOG


# In the order of FIELDS.
cdef struct indicator_values:
    double ema
    double ema_slow
    double rsi
    double atr
    double tr
    double sma
    double macd
    double macd_signal
    double macd_histogram
    double bollinger_upper
    double bollinger_middle
    double bollinger_lower
    double vwap
    double volatility


cdef struct indicator_state:
    int64_t count
    double close
    double bollinger_width
    smoother ema
    smoother ema_slow
    smoother gain
    smoother loss
    smoother atr
    smoother macd_fast
    smoother macd_slow
    smoother macd_signal
    window sma
    window bollinger
    window volatility
    long_sum turnover
    long_sum volume
    indicator_values values


cdef class Indicators:
    cdef indicator_state state
    cdef PyObject* cells[FIELD_COUNT]   # what Python reads: values that can be other than NaN are stored after each change
    cdef int shown[FIELD_COUNT]         # which those are
    cdef int shown_count

    cdef int _start(self) except -1
    cdef int show(self) except -1


cdef class EwmaCorrelation:
    cdef readonly int series
    cdef readonly double half_life
    cdef readonly int64_t count
    cdef int64_t warm_count
    cdef double decay
    cdef double fresh
    cdef double weight
    cdef double* returns
    cdef double* products

    cdef int update_c(self, const double* returns) noexcept nogil
    cdef double covariance_c(self, int i, int j) noexcept nogil
    cdef double correlation_c(self, int i, int j) noexcept nogil
