"""Rolling indicators of one instrument, and the correlation of several, one bar or return at a time.

A strategy reads half a dozen indicators on each bar, so they are one C struct that one C function steps: nothing is
allocated, and a batch over arrays is the same function in a loop, equal bit for bit.

Long streams stay exact: no rolling sum subtracts what leaves it, and the sums of the VWAP are compensated
(`core/rolling.pxd` says how).

Conventions, which differ between libraries: every exponential average starts from the plain mean of its first `period`
values; RSI and ATR use Wilder's smoothing, and the first bar has no true range as it has no previous close; Bollinger
bands use the population deviation, volatility the sample deviation, not annualised. A value is NaN until its indicator
has seen enough bars, and always if its period is 0. Averages below 1e-200 count as 0.

It holds no clock and starts no session of its own: a VWAP that restarts each day is a new object each day.
"""

from operator import index

cimport cython
from cpython.object cimport PyObject
from libc.math cimport NAN, exp, expm1, fabs, log, sqrt
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from core.cells cimport PyMemberDef, cell_set_float, cells_free, cells_name
from core.rolling cimport (
    add_long, free_window, init_smoother, init_window, negligible_is_zero, read_long, smooth, window_push
)

PERIOD_MAX = 65_536
SERIES_MAX = 1_024

# Name and docstring of each value, in the order of `indicator_values`.
cdef tuple NAMES = (
    (
        b"ema",
        b"Exponential moving average of the close, factor 2 / (period + 1), from the SMA of the first `ema_period`.",
    ),
    (b"ema_slow", b"A second exponential moving average, of `ema_slow_period`."),
    (
        b"rsi",
        b"Relative strength index, 0 to 100 (Wilder 1978, New Concepts in Technical Trading Systems, section VI).\n\n"
        b"Wilder's averages of gains and losses start from the plain mean of the first `rsi_period` changes, so it is\n"
        b"warm after `rsi_period` + 1 bars. Where no price has moved at all, which the formula leaves open, it is 50.",
    ),
    (
        b"atr",
        b"Average true range (Wilder 1978, section III), Wilder's average of `tr` from the second bar on.\n\n"
        b"The first bar is skipped, so it is warm after `atr_period` + 1 bars.",
    ),
    (b"tr", b"True range of the last bar: greatest of high - low, |high - previous close|, |low - previous close|."),
    (b"sma", b"Plain mean of the last `sma_period` closes."),
    (b"macd", b"Fast minus slow exponential average of the close (Appel 1979), each seeded from its own SMA."),
    (
        b"macd_signal",
        b"Exponential average of `macd`, seeded from the mean of its first `macd_signal` values (Appel 1979).",
    ),
    (b"macd_histogram", b"`macd` minus `macd_signal`."),
    (
        b"bollinger_upper",
        b"`bollinger_middle` plus `bollinger_width` population deviations (Bollinger on Bollinger Bands, 2001).",
    ),
    (b"bollinger_middle", b"Plain mean of the last `bollinger_period` closes."),
    (b"bollinger_lower", b"`bollinger_middle` minus `bollinger_width` population deviations."),
    (
        b"vwap",
        b"Volume-weighted mean of (high + low + close) / 3 over all bars so far; NaN until there is volume.\n\n"
        b"The measure is that of Berkowitz, Logue and Noser (1988), on bars instead of trades.",
    ),
    (
        b"volatility",
        b"Sample deviation of the last `volatility_period` log returns of the close, per bar.\n\n"
        b"The historical volatility of Hull (Options, Futures, and Other Derivatives), not annualised: multiply by the\n"
        b"root of the number of bars in a year for that. Warm after `volatility_period` + 1 bars.",
    ),
)
FIELDS = tuple([name.decode() for name, _ in NAMES])

cdef double LARGEST = 1e100  # squares and products of two stay far from overflow
cdef double LEAST_FOR_LOG = 1e-100
cdef double WIDTH_MAX = 1e6
cdef double HALF_LIFE_MAX = 1e9
cdef double LOG_2 = 0.6931471805599453


@cython.final
@cython.binding(False)
cdef class Indicators:
    """Step all indicators of one instrument by one bar; read them as attributes, NaN until warm.

    Each period is a count of bars from 0 (this indicator is off) to `PERIOD_MAX`. `macd_fast` must be below
    `macd_slow`, and either of them 0 switches the MACD off. `volatility_period` may not be 1.

    Raises:
        ValueError: If a period or `bollinger_width` is out of range; the message names it.
    """

    def __cinit__(
        self, *, ema_period=20, ema_slow_period=0, rsi_period=14, atr_period=14, sma_period=20, macd_fast=12,
        macd_slow=26, macd_signal=9, bollinger_period=20, double bollinger_width=2.0, volatility_period=20
    ):
        cdef indicator_state* state = &self.state
        init_smoother(&state.ema, period_of("ema_period", ema_period), ema_factor(ema_period))
        init_smoother(&state.ema_slow, period_of("ema_slow_period", ema_slow_period), ema_factor(ema_slow_period))
        init_smoother(&state.gain, period_of("rsi_period", rsi_period), wilder_factor(rsi_period))
        state.loss = state.gain
        init_smoother(&state.atr, period_of("atr_period", atr_period), wilder_factor(atr_period))
        init_macd(state, macd_fast, macd_slow, macd_signal)
        if not 0.0 < bollinger_width <= WIDTH_MAX:
            raise ValueError(f"bollinger_width must be above 0 and at most {WIDTH_MAX:g}, found {bollinger_width!r}")
        state.bollinger_width = bollinger_width
        if period_of("volatility_period", volatility_period) == 1:
            raise ValueError("volatility_period must be 0 (off) or at least 2: one return has no deviation, found 1")
        init_window(&state.sma, period_of("sma_period", sma_period))
        init_window(&state.bollinger, period_of("bollinger_period", bollinger_period))
        init_window(&state.volatility, volatility_period)
        self._start()

    def __dealloc__(self):
        cells_free(self.cells, FIELD_COUNT)
        free_window(&self.state.sma)
        free_window(&self.state.bollinger)
        free_window(&self.state.volatility)

    def update(self, double high, double low, double close, double volume=0.0) -> None:
        """Step every indicator by one finished bar (prices and volume in any one unit; `low` at most `high`).

        Raises:
            ValueError: If a value is not finite, beyond 1e100, or not possible; nothing is changed.
        """
        cdef bar_fault fault = indicators_check(&self.state, high, low, close, volume)
        if fault != BAR_GOOD:
            raise ValueError(complaint(fault, high, low, close, volume))
        indicators_step(&self.state, high, low, close, volume)
        self.show()

    def update_batch(
        self, const double[:] high not None, const double[:] low not None, const double[:] close not None,
        const double[:] volume not None, double[:, ::1] out not None
    ) -> None:
        """Step by n bars, continuing from where this object stands, and fill `out[n, len(FIELDS)]`, a row per bar.

        All are float64 buffers; the rows of `out` equal, bit for bit, what n calls of `update` give.

        Raises:
            ValueError: If shapes differ or a bar is refused as in `update`; nothing is changed.
        """
        cdef Py_ssize_t n = high.shape[0], i = 0
        cdef indicator_state state
        cdef bar_fault fault = BAR_GOOD
        check_shapes(n, low.shape[0], close.shape[0], volume.shape[0], out.shape[0], out.shape[1])
        with nogil:
            for i in range(n):
                fault = indicators_check(&self.state, high[i], low[i], close[i], volume[i])
                if fault != BAR_GOOD:
                    break
            else:
                state = self.state  # no view can overlap it, so the compiler keeps it in registers
                for i in range(n):
                    indicators_step(&state, high[i], low[i], close[i], volume[i])
                    memcpy(&out[i, 0], &state.values, sizeof(indicator_values))
                self.state = state
        self.show()
        if fault != BAR_GOOD:
            raise ValueError(f"row {i}: {complaint(fault, high[i], low[i], close[i], volume[i])}")

    def __repr__(self) -> str:
        return f"Indicators(count={self.count}, close={self.state.close if self.count else NAN})"

    @property
    def count(self) -> int:
        """How many bars were taken."""
        return self.state.count

    # Every value is NaN; finds out which ones will ever be another.
    cdef int _start(self) except -1:
        cdef double* values = <double*>&self.state.values
        cdef int64_t[FIELD_COUNT] periods
        cdef int i
        field_periods(&self.state, periods)
        for i in range(FIELD_COUNT):
            values[i] = NAN
            cell_set_float(&self.cells[i], NAN)
            if periods[i]:
                self.shown[self.shown_count] = i
                self.shown_count += 1
        return 0

    # Makes the attributes show the state.
    cdef int show(self) except -1:
        cdef const double* values = <const double*>&self.state.values
        cdef int i
        for i in range(self.shown_count):
            cell_set_float(&self.cells[self.shown[i]], values[self.shown[i]])
        return 0


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


cdef inline bar_fault indicators_check(
    const indicator_state* state, double high, double low, double close, double volume
) noexcept nogil:
    if not fabs(high) <= LARGEST:
        return BAR_HIGH
    if not fabs(low) <= LARGEST:
        return BAR_LOW
    if not fabs(close) <= LARGEST:
        return BAR_CLOSE
    if not 0.0 <= volume <= LARGEST:
        return BAR_VOLUME
    if low > high:
        return BAR_ORDER
    if state.volatility.period and close < LEAST_FOR_LOG:
        return BAR_CLOSE_FOR_LOG
    return BAR_GOOD


cdef inline void indicators_step(indicator_state* state, double high, double low, double close, double volume) noexcept nogil:
    state.values.ema = smooth(&state.ema, close)
    if state.ema_slow.period:
        state.values.ema_slow = smooth(&state.ema_slow, close)
    if state.macd_slow.period:
        step_macd(state, close)
    if state.sma.period:
        step_sma(state, close)
    if state.bollinger.period:
        step_bollinger(state, close)
    step_vwap(state, high, low, close, volume)
    if state.count:
        step_changes(state, high, low, close)
    state.close = close
    state.count += 1


cdef inline void step_macd(indicator_state* state, double close) noexcept nogil:
    cdef indicator_values* values = &state.values
    cdef double fast = smooth(&state.macd_fast, close)
    values.macd = fast - smooth(&state.macd_slow, close)
    if values.macd == values.macd:
        values.macd_signal = smooth(&state.macd_signal, values.macd)
        values.macd_histogram = values.macd - values.macd_signal


cdef inline void step_sma(indicator_state* state, double close) noexcept nogil:
    cdef double mean, squares
    if window_push(&state.sma, close, &mean, &squares):
        state.values.sma = mean


cdef inline void step_bollinger(indicator_state* state, double close) noexcept nogil:
    cdef double mean, squares, band
    if window_push(&state.bollinger, close, &mean, &squares):
        band = state.bollinger_width * sqrt(squares / <double>state.bollinger.period)
        state.values.bollinger_upper = mean + band
        state.values.bollinger_middle = mean
        state.values.bollinger_lower = mean - band


cdef inline void step_vwap(
    indicator_state* state, double high, double low, double close, double volume
) noexcept nogil:
    if volume > 0.0:
        add_long(&state.turnover, (high + low + close) / 3.0 * volume)
        add_long(&state.volume, volume)
        state.values.vwap = read_long(&state.turnover) / read_long(&state.volume)


# What needs the previous close: true range, gains and losses, returns.
cdef inline void step_changes(indicator_state* state, double high, double low, double close) noexcept nogil:
    cdef double change = close - state.close
    cdef double gain, loss, mean, squares
    state.values.tr = max(high - low, max(fabs(high - state.close), fabs(low - state.close)))
    state.values.atr = smooth(&state.atr, state.values.tr)
    gain = smooth(&state.gain, change if change > 0.0 else 0.0)
    loss = smooth(&state.loss, -change if change < 0.0 else 0.0)
    state.values.rsi = 50.0 if gain + loss == 0.0 else 100.0 * (gain / (gain + loss))
    if state.volatility.period and window_push(&state.volatility, log(close / state.close), &mean, &squares):
        state.values.volatility = sqrt(squares / <double>(state.volatility.period - 1))


cdef int64_t period_of(name, value) except -1:
    return whole(name, value, 0, PERIOD_MAX)


cdef int64_t whole(name, value, int64_t least, int64_t most) except -1:
    allowed = f"{name} must be a whole number from {least} to {most}{' (0 is off)' if least == 0 else ''}"
    try:
        number = index(value)
    except TypeError:
        raise ValueError(f"{allowed}, found {value!r}") from None
    if not least <= number <= most:
        raise ValueError(f"{allowed}, found {value!r}")
    return number


cdef int place_of(name, value, int series) except -1:
    number = index(value)
    if not 0 <= number < series:
        raise IndexError(f"{name} must be a series from 0 to {series - 1}, found {value!r}")
    return number


cdef double ema_factor(int64_t period) noexcept:
    return 2.0 / <double>(period + 1)


cdef double wilder_factor(int64_t period) noexcept:
    return 1.0 / <double>period if period else 0.0


cdef int init_macd(indicator_state* state, fast, slow, signal) except -1:
    cdef int64_t fast_period = period_of("macd_fast", fast)
    cdef int64_t slow_period = period_of("macd_slow", slow)
    cdef int64_t signal_period = period_of("macd_signal", signal)
    if fast_period == 0 or slow_period == 0:
        fast_period = slow_period = 0
    elif fast_period >= slow_period:
        raise ValueError(f"macd_fast must be below macd_slow ({slow_period}), found {fast_period}")
    init_smoother(&state.macd_fast, fast_period, ema_factor(fast_period))
    init_smoother(&state.macd_slow, slow_period, ema_factor(slow_period))
    init_smoother(&state.macd_signal, signal_period, ema_factor(signal_period))
    return 0


# The period of each value, 0 if it is off.
cdef void field_periods(const indicator_state* state, int64_t* out) noexcept:
    out[0], out[1], out[2], out[3] = state.ema.period, state.ema_slow.period, state.gain.period, state.atr.period
    out[4], out[5], out[6] = 1, state.sma.period, state.macd_slow.period
    out[7] = out[8] = state.macd_signal.period if state.macd_slow.period else 0
    out[9] = out[10] = out[11] = state.bollinger.period
    out[12], out[13] = 1, state.volatility.period


cdef check_shapes(
    Py_ssize_t n, Py_ssize_t low, Py_ssize_t close, Py_ssize_t volume, Py_ssize_t rows, Py_ssize_t columns
):
    for name, found in (("low", low), ("close", close), ("volume", volume)):
        if found != n:
            raise ValueError(f"{name} must hold {n} values, as many as high, found {found}")
    if (rows, columns) != (n, FIELD_COUNT):
        raise ValueError(f"out must have the shape ({n}, {FIELD_COUNT}), found ({rows}, {columns})")


cdef complaint(bar_fault fault, double high, double low, double close, double volume):
    if fault == BAR_HIGH:
        return f"high must be finite and within 1e100, found {high!r}"
    if fault == BAR_LOW:
        return f"low must be finite and within 1e100, found {low!r}"
    if fault == BAR_CLOSE:
        return f"close must be finite and within 1e100, found {close!r}"
    if fault == BAR_VOLUME:
        return f"volume must be finite, from 0 to 1e100, found {volume!r}"
    if fault == BAR_ORDER:
        return f"low must not exceed high ({high!r}), found {low!r}"
    return f"close must be at least 1e-100 for its logarithm (volatility_period=0 lifts this), found {close!r}"


cdef PyMemberDef[FIELD_COUNT] members


cdef int name_cells() except -1:
    cdef Indicators sample = Indicators()
    return cells_name(Indicators, <char*>&sample.cells[0] - <char*><PyObject*>sample, NAMES, members)


name_cells()
