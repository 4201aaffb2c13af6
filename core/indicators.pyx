"""Rolling indicators of one instrument, and the correlation of several, one bar or return at a time.

A strategy reads half a dozen indicators on each bar, so they are one C struct that one C function steps: nothing is
allocated, and a batch over arrays is the same function in a loop, equal bit for bit. Only what was asked for is computed
and written.

Long streams stay exact: no rolling sum subtracts what leaves it, and the sums of the VWAP are compensated
(`core/rolling.pxd` says how).

Conventions, which differ between libraries: every exponential average starts from the plain mean of its first `period`
values; RSI and ATR use Wilder's smoothing, and the first bar has no true range as it has no previous close; Bollinger
bands use the population deviation, volatility the sample deviation, not annualised. A value is NaN until its indicator
has seen enough bars, and always if it was not asked for. Averages below 1e-200 count as 0.

It holds no clock and starts no session of its own: a VWAP that restarts each day is a new object each day.
"""

from operator import index

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.object cimport PyObject
from libc.math cimport NAN, exp, expm1, fabs, log, sqrt
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free

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
    """Step the chosen indicators of one instrument by one bar; read them as attributes, NaN until warm.

    Each period is a count of bars from 0 (this indicator is off) to `PERIOD_MAX`. `macd_fast` must be below
    `macd_slow`, and either of them 0 switches the MACD off. `volatility_period` may not be 1. `true_range` and `vwap`
    have no period and are switched on. `fields` names the values that are on, in the order of `FIELDS`.

    Raises:
        ValueError: If a period or `bollinger_width` is out of range; the message names it.
    """

    def __cinit__(
        self, *, ema_period=0, ema_slow_period=0, rsi_period=0, atr_period=0, bint true_range=False, sma_period=0,
        macd_fast=0, macd_slow=0, macd_signal=0, bollinger_period=0, double bollinger_width=2.0, bint vwap=False,
        volatility_period=0
    ):
        cdef averages* state = &self.state
        cdef others* rest = &self.rest
        init_smoother(&state.ema, period_of("ema_period", ema_period), ema_factor(ema_period))
        init_smoother(&state.ema_slow, period_of("ema_slow_period", ema_slow_period), ema_factor(ema_slow_period))
        init_smoother(&state.gain, period_of("rsi_period", rsi_period), wilder_factor(rsi_period))
        state.loss = state.gain
        init_smoother(&state.atr, period_of("atr_period", atr_period), wilder_factor(atr_period))
        init_macd(rest, macd_fast, macd_slow, macd_signal)
        if not 0.0 < bollinger_width <= WIDTH_MAX:
            raise ValueError(f"bollinger_width must be above 0 and at most {WIDTH_MAX:g}, found {bollinger_width!r}")
        rest.bollinger_width = bollinger_width
        if period_of("volatility_period", volatility_period) == 1:
            raise ValueError("volatility_period must be 0 (off) or at least 2: one return has no deviation, found 1")
        init_window(&rest.sma, period_of("sma_period", sma_period))
        init_window(&rest.bollinger, period_of("bollinger_period", bollinger_period))
        init_window(&rest.volatility, volatility_period)
        state.close = rest.vwap = NAN
        state.settled = max(max(state.ema.period, state.ema_slow.period), max(state.gain.period, state.atr.period) + 1)
        state.on = chosen(state, rest, true_range, vwap)
        self._start()

    def __dealloc__(self):
        cells_free(self.cells, FIELD_COUNT)
        free_window(&self.rest.sma)
        free_window(&self.rest.bollinger)
        free_window(&self.rest.volatility)

    def update(self, double high, double low, double close, double volume=0.0) -> None:
        """Step every indicator that is on by one finished bar (prices and volume in any one unit; `low` at most `high`).

        Raises:
            ValueError: If a value is not finite, beyond 1e100, or not possible; nothing is changed.
        """
        cdef double[FIELD_COUNT] row
        if not bar_good(self.state.on, high, low, close, volume):
            raise ValueError(complaint(high, low, close, volume))
        indicators_step(&self.state, &self.rest, high, low, close, volume, row)
        self.show(row)

    def update_batch(
        self, const double[:] high not None, const double[:] low not None, const double[:] close not None,
        const double[:] volume, double[:, ::1] out not None
    ) -> None:
        """Step by n bars, continuing from where this object stands, and fill `out[n, len(fields)]`, a row per bar.

        All are float64 buffers; without `volume` no bar has one. The rows of `out` equal, bit for bit, what n calls of
        `update` give.

        Raises:
            ValueError: If shapes differ or a bar is refused as in `update`; nothing is changed.
        """
        cdef Py_ssize_t n = high.shape[0], bad
        cdef list copies = []
        cdef bars given
        cdef double* rows = NULL
        check_shapes(n, low.shape[0], close.shape[0], n if volume is None else volume.shape[0])
        if (out.shape[0], out.shape[1]) != (n, self.shown_count):
            raise ValueError(f"out must have the shape ({n}, {self.shown_count}), found ({out.shape[0]}, {out.shape[1]})")
        if n == 0:
            return
        given.high, given.low = side_by_side(high, copies), side_by_side(low, copies)
        given.close, given.volume = side_by_side(close, copies), side_by_side(volume, copies)
        if self.shown_count:
            rows = &out[0, 0]
        with nogil:
            bad = first_bad(self.state.on, &given, n)
            if bad == n:
                take_bars(&self.state, &self.rest, &given, n, rows, self.shown_count)
        if bad < n:
            raise ValueError(
                f"row {bad}: "
                f"{complaint(given.high[bad], given.low[bad], given.close[bad], volume_at(&given, bad))}"
            )
        self.show(rows + (n - 1) * self.shown_count)

    def __repr__(self) -> str:
        return f"Indicators(count={self.count}, close={self.state.close})"

    @property
    def count(self) -> int:
        """How many bars were taken."""
        return self.state.count

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the values that are on: the columns of `update_batch`."""
        return tuple([FIELDS[self.shown[i]] for i in range(self.shown_count)])

    # Every value is NaN; notes which ones are on.
    cdef int _start(self) except -1:
        cdef int i
        for i in range(FIELD_COUNT):
            cell_set_float(&self.cells[i], NAN)
            if self.state.on >> i & 1:
                self.shown[self.shown_count] = i
                self.shown_count += 1
        return 0

    # Makes the attributes show the values of a step.
    cdef int show(self, const double* row) except -1:
        cdef int i
        for i in range(self.shown_count):
            cell_set_float(&self.cells[self.shown[i]], row[i])
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


cdef inline bint bar_good(int on, double high, double low, double close, double volume) noexcept nogil:
    return (
        -LARGEST <= low <= high <= LARGEST and least_close(on) <= close <= LARGEST and 0.0 <= volume <= LARGEST
    )


cdef inline double least_close(int on) noexcept nogil:
    return LEAST_FOR_LOG if on & ON_VOLATILITY else -LARGEST


# The place of the first bar that is refused, `count` if there is none.
cdef Py_ssize_t first_bad(int on, const bars* given, Py_ssize_t count) noexcept nogil:
    cdef const double* high = given.high
    cdef const double* low = given.low
    cdef const double* close = given.close
    cdef const double* volume = given.volume
    cdef Py_ssize_t i
    if volume is NULL:
        for i in range(count):
            if not bar_good(on, high[i], low[i], close[i], 0.0):
                return i
    else:
        for i in range(count):
            if not bar_good(on, high[i], low[i], close[i], volume[i]):
                return i
    return count


# Takes bars that are good; the values of each are a row of `width`.
cdef void take_bars(
    averages* state, others* rest, const bars* given, Py_ssize_t count, double* row, int width
) noexcept nogil:
    cdef averages copy = state[0]  # nothing that is written to a row can change it, so it is kept in registers
    cdef bars at = given[0]
    cdef Py_ssize_t i
    for i in range(count):
        indicators_step(&copy, rest, at.high[i], at.low[i], at.close[i], volume_at(&at, i), row)
        row += width
    state[0] = copy


cdef inline double volume_at(const bars* given, Py_ssize_t i) noexcept nogil:
    return 0.0 if given.volume is NULL else given.volume[i]


# Takes one bar, and writes the values that are on to `out`, one behind the other.
cdef inline void indicators_step(
    averages* state, others* rest, double high, double low, double close, double volume, double* out
) noexcept nogil:
    if state.count >= state.settled:
        take_bar(state, rest, high, low, close, volume, out, True)
    else:
        take_bar(state, rest, high, low, close, volume, out, False)


# The body of `indicators_step`. `settled` is known to the compiler: then no average needs to ask whether it is warm.
cdef inline void take_bar(
    averages* state, others* rest, double high, double low, double close, double volume, double* out, bint settled
) noexcept nogil:
    cdef double previous = state.close
    cdef bint first = not settled and state.count == 0
    if state.on & ON_EMA:
        out[0] = smooth(&state.ema, close, settled)
        out += 1
    if state.on & ON_EMA_SLOW:
        out[0] = smooth(&state.ema_slow, close, settled)
        out += 1
    if state.on & ON_RSI:
        out[0] = NAN if first else step_rsi(state, close - previous, settled)
        out += 1
    if state.on & ON_ATR:
        out[0] = NAN if first else smooth(&state.atr, true_range(high, low, previous), settled)
        out += 1
    if state.on & ON_TR:
        out[0] = NAN if first else true_range(high, low, previous)
        out += 1
    if state.on & ON_OTHERS:
        step_others(rest, state.on, high, low, close, volume, previous, out)
    state.close = close
    state.count += 1


cdef inline double step_rsi(averages* state, double change, bint settled) noexcept nogil:
    cdef double rise = change if change > 0.0 else 0.0
    cdef double gain = smooth(&state.gain, rise, settled)
    cdef double loss = smooth(&state.loss, rise - change, settled)
    return 50.0 if gain + loss == 0.0 else 100.0 * (gain / (gain + loss))


cdef inline double true_range(double high, double low, double previous) noexcept nogil:
    return (high if high > previous else previous) - (low if low < previous else previous)


# What is seldom asked for. `previous` is the close before, NaN if there was none.
cdef void step_others(
    others* self, int on, double high, double low, double close, double volume, double previous, double* out
) noexcept nogil:
    if on & ON_SMA:
        out[0] = step_sma(self, close)
        out += 1
    if on & ON_MACD:
        out = step_macd(self, on, close, out)
    if on & ON_BOLLINGER:
        step_bollinger(self, close, out)
        out += 3
    if on & ON_VWAP:
        out[0] = step_vwap(self, high, low, close, volume)
        out += 1
    if on & ON_VOLATILITY:
        out[0] = NAN if previous != previous else step_volatility(self, log(close / previous))


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


cdef inline double step_vwap(others* self, double high, double low, double close, double volume) noexcept nogil:
    if volume > 0.0:
        add_long(&self.turnover, (high + low + close) / 3.0 * volume)
        add_long(&self.volume, volume)
        self.vwap = read_long(&self.turnover) / read_long(&self.volume)
    return self.vwap


cdef double step_sma(others* self, double close) noexcept nogil:
    cdef double mean, squares
    return mean if window_push(&self.sma, close, &mean, &squares) else NAN


cdef void step_bollinger(others* self, double close, double* out) noexcept nogil:
    cdef double mean, squares, band
    if not window_push(&self.bollinger, close, &mean, &squares):
        out[0] = out[1] = out[2] = NAN
        return
    band = self.bollinger_width * sqrt(squares / <double>self.bollinger.period)
    out[0] = mean + band
    out[1] = mean
    out[2] = mean - band


cdef double step_volatility(others* self, double log_return) noexcept nogil:
    cdef double mean, squares
    if not window_push(&self.volatility, log_return, &mean, &squares):
        return NAN
    return sqrt(squares / <double>(self.volatility.period - 1))


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


cdef int init_macd(others* self, fast, slow, signal) except -1:
    cdef int64_t fast_period = period_of("macd_fast", fast)
    cdef int64_t slow_period = period_of("macd_slow", slow)
    cdef int64_t signal_period = period_of("macd_signal", signal)
    if fast_period == 0 or slow_period == 0:
        fast_period = slow_period = 0
    elif fast_period >= slow_period:
        raise ValueError(f"macd_fast must be below macd_slow ({slow_period}), found {fast_period}")
    init_smoother(&self.macd_fast, fast_period, ema_factor(fast_period))
    init_smoother(&self.macd_slow, slow_period, ema_factor(slow_period))
    init_smoother(&self.macd_signal, signal_period, ema_factor(signal_period))
    return 0


# The values that are on, as bits.
cdef int chosen(const averages* state, const others* rest, bint true_range, bint vwap) noexcept:
    cdef int on = 0
    on |= ON_EMA if state.ema.period else 0
    on |= ON_EMA_SLOW if state.ema_slow.period else 0
    on |= ON_RSI if state.gain.period else 0
    on |= ON_ATR if state.atr.period else 0
    on |= ON_TR if true_range else 0
    on |= ON_SMA if rest.sma.period else 0
    on |= ON_MACD if rest.macd_slow.period else 0
    on |= ON_MACD_SIGNAL if rest.macd_slow.period and rest.macd_signal.period else 0
    on |= ON_BOLLINGER if rest.bollinger.period else 0
    on |= ON_VWAP if vwap else 0
    on |= ON_VOLATILITY if rest.volatility.period else 0
    return on


# The values one behind the other: where they are, or in a copy that is added to `copies`; NULL if there are none.
cdef const double* side_by_side(const double[:] values, list copies) except? NULL:
    cdef Py_ssize_t i
    cdef double* copied
    cdef bytes copy
    if values is None:
        return NULL
    if values.strides[0] == sizeof(double):
        return &values[0]
    copy = PyBytes_FromStringAndSize(NULL, values.shape[0] * sizeof(double))
    copies.append(copy)
    copied = <double*>PyBytes_AS_STRING(copy)
    for i in range(values.shape[0]):
        copied[i] = values[i]
    return copied


cdef check_shapes(Py_ssize_t n, Py_ssize_t low, Py_ssize_t close, Py_ssize_t volume):
    for name, found in (("low", low), ("close", close), ("volume", volume)):
        if found != n:
            raise ValueError(f"{name} must hold {n} values, as many as high, found {found}")


# What is wrong with a bar that is not good.
cdef complaint(double high, double low, double close, double volume):
    for name, value in (("high", high), ("low", low), ("close", close)):
        if not abs(value) <= LARGEST:
            return f"{name} must be finite and within 1e100, found {value!r}"
    if not 0.0 <= volume <= LARGEST:
        return f"volume must be finite, from 0 to 1e100, found {volume!r}"
    if low > high:
        return f"low must not exceed high ({high!r}), found {low!r}"
    return f"close must be at least 1e-100 for its logarithm (volatility_period=0 lifts this), found {close!r}"


cdef PyMemberDef[FIELD_COUNT] members


cdef int name_cells() except -1:
    cdef Indicators sample = Indicators()
    return cells_name(Indicators, <char*>&sample.cells[0] - <char*><PyObject*>sample, NAMES, members)


name_cells()
