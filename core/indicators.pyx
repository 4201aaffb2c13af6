"""Rolling indicators of one instrument, one bar at a time.

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

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.object cimport PyObject
from libc.math cimport NAN, log
from libc.stdint cimport int64_t

from core.arguments cimport whole
from core.cells cimport PyMemberDef, cell_set_float, cells_free, cells_name
from core.indicator_steps cimport (
    LARGEST, ON_ATR, ON_BOLLINGER, ON_EMA, ON_EMA_SLOW, ON_MACD, ON_MACD_SIGNAL, ON_OTHERS, ON_RSI, ON_SMA, ON_TR,
    ON_VOLATILITY, ON_VWAP, averages, bar_good, bars, ema_factor, longest_period, others, step_bollinger, step_macd,
    step_rsi, step_sma, step_volatility, step_vwap, true_range_of, volume_at, wilder_factor,
)
from core.rolling cimport free_window, init_smoother, init_window, smooth

PERIOD_MAX = 65_536

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

cdef double WIDTH_MAX = 1e6


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
    def period_longest(self) -> int:
        """The longest period that is on, in bars; 1 without any."""
        return longest_period(&self.state, &self.rest)

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
        out[0] = NAN if first else smooth(&state.atr, true_range_of(high, low, previous), settled)
        out += 1
    if state.on & ON_TR:
        out[0] = NAN if first else true_range_of(high, low, previous)
        out += 1
    if state.on & ON_OTHERS:
        step_others(rest, state.on, high, low, close, volume, previous, out)
    state.close = close
    state.count += 1


# Takes one bar, and writes the values that are on to `out`, one behind the other.
cdef inline void indicators_step(
    averages* state, others* rest, double high, double low, double close, double volume, double* out
) noexcept nogil:
    if state.count >= state.settled:
        take_bar(state, rest, high, low, close, volume, out, True)
    else:
        take_bar(state, rest, high, low, close, volume, out, False)


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


cdef int64_t period_of(name, value) except -1:
    return whole(name, value, 0, PERIOD_MAX)


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
