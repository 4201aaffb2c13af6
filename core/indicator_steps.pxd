"""What the indicators keep, and the step of each: C structs and functions that `core.indicators` is built from.

Compiled into the module that cimports them, so a batch is one loop without a call.
"""

from libc.math cimport NAN, sqrt
from libc.stdint cimport int64_t

from core.rolling cimport add_long, long_sum, read_long, smooth, smoother, window, window_push

cdef extern from *:
    """
    #define INDICATORS_LARGEST 1e100        /* squares and products of two stay far from overflow */
    #define INDICATORS_LEAST_FOR_LOG 1e-100
    """
    const double LARGEST "INDICATORS_LARGEST"
    const double LEAST_FOR_LOG "INDICATORS_LEAST_FOR_LOG"


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


cdef inline double least_close(int on) noexcept nogil:
    return LEAST_FOR_LOG if on & ON_VOLATILITY else -LARGEST


cdef inline bint bar_good(int on, double high, double low, double close, double volume) noexcept nogil:
    return (
        -LARGEST <= low <= high <= LARGEST and least_close(on) <= close <= LARGEST and 0.0 <= volume <= LARGEST
    )


cdef inline double volume_at(const bars* given, Py_ssize_t i) noexcept nogil:
    return 0.0 if given.volume is NULL else given.volume[i]


cdef inline double true_range_of(double high, double low, double previous) noexcept nogil:
    return (high if high > previous else previous) - (low if low < previous else previous)


cdef inline double step_rsi(averages* state, double change, bint settled) noexcept nogil:
    cdef double rise = change if change > 0.0 else 0.0
    cdef double gain = smooth(&state.gain, rise, settled)
    cdef double loss = smooth(&state.loss, rise - change, settled)
    return 50.0 if gain + loss == 0.0 else 100.0 * (gain / (gain + loss))


cdef inline double step_sma(others* self, double close) noexcept nogil:
    cdef double mean, squares
    return mean if window_push(&self.sma, close, &mean, &squares) else NAN


cdef inline double* step_macd(others* self, int on, double close, double* out) noexcept nogil:
    cdef double macd = smooth(&self.macd_fast, close, False) - smooth(&self.macd_slow, close, False)
    cdef double average = NAN
    out[0] = macd
    if not on & ON_MACD_SIGNAL:
        return out + 1
    if macd == macd:
        average = smooth(&self.macd_signal, macd, False)
    out[1] = average
    out[2] = macd - average
    return out + 3


cdef inline void step_bollinger(others* self, double close, double* out) noexcept nogil:
    cdef double mean, squares, band
    if not window_push(&self.bollinger, close, &mean, &squares):
        out[0] = out[1] = out[2] = NAN
        return
    band = self.bollinger_width * sqrt(squares / <double>self.bollinger.period)
    out[0] = mean + band
    out[1] = mean
    out[2] = mean - band


cdef inline double step_vwap(others* self, double high, double low, double close, double volume) noexcept nogil:
    if volume > 0.0:
        add_long(&self.turnover, (high + low + close) / 3.0 * volume)
        add_long(&self.volume, volume)
        self.vwap = read_long(&self.turnover) / read_long(&self.volume)
    return self.vwap


cdef inline double step_volatility(others* self, double log_return) noexcept nogil:
    cdef double mean, squares
    if not window_push(&self.volatility, log_return, &mean, &squares):
        return NAN
    return sqrt(squares / <double>(self.volatility.period - 1))


cdef inline double ema_factor(int64_t period) noexcept:
    return 2.0 / <double>(period + 1)


cdef inline double wilder_factor(int64_t period) noexcept:
    return 1.0 / <double>period if period else 0.0


# How many bars the value that looks back furthest looks back.
cdef inline int64_t longest_period(const averages* state, const others* rest) noexcept nogil:
    cdef int64_t of_averages = max(max(state.ema.period, state.ema_slow.period), max(state.gain.period, state.atr.period))
    cdef int64_t of_windows = max(max(rest.sma.period, rest.bollinger.period), rest.volatility.period)
    cdef int64_t of_macd = rest.macd_slow.period + rest.macd_signal.period
    return max(max(of_averages, of_windows), max(of_macd, <int64_t>1))
