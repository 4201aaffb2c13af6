"""Structs and C signatures of the indicators."""

from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from core.rolling cimport long_sum, smoother, window

cdef enum:
    FIELD_COUNT = 14

# What is on: a bit for each value, in the order of FIELDS.
cdef enum:
    ON_EMA = 1 << 0
    ON_EMA_SLOW = 1 << 1
    ON_RSI = 1 << 2
    ON_ATR = 1 << 3
    ON_TR = 1 << 4
    ON_SMA = 1 << 5
    ON_MACD = 1 << 6
    ON_MACD_SIGNAL = 3 << 7
    ON_BOLLINGER = 7 << 9
    ON_VWAP = 1 << 12
    ON_VOLATILITY = 1 << 13
    ON_OTHERS = ~0 << 5


# What is asked for most. No pointer leads out of it, so a batch steps a copy of it, in registers.
cdef struct averages:
    int on
    int64_t count
    int64_t settled         # from so many bars on, all of them are warm
    double close            # of the last bar, NaN before the first
    smoother ema
    smoother ema_slow
    smoother gain
    smoother loss
    smoother atr


cdef struct others:
    window sma
    smoother macd_fast
    smoother macd_slow
    smoother macd_signal
    double bollinger_width
    window bollinger
    long_sum turnover
    long_sum volume
    double vwap
    window volatility


# Columns of a batch; `volume` is NULL if there is none.
cdef struct bars:
    const double* high
    const double* low
    const double* close
    const double* volume


cdef class Indicators:
    cdef averages state
    cdef others rest
    cdef PyObject* cells[FIELD_COUNT]   # what Python reads: the values that are on are stored after each change
    cdef int shown[FIELD_COUNT]         # which those are
    cdef int shown_count

    cdef int _start(self) except -1
    cdef int show(self, const double* row) except -1


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
