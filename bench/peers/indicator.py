"""Indicators that people use instead: talipp bar by bar, TA-Lib's streaming functions and its whole-array ones."""

import importlib.util
from collections.abc import Callable

import numpy as np

from bench.workloads import bars

Case = tuple[Callable[[], object], int]
WINDOW = 100
"""Bars that TA-Lib's streaming functions are given: they work the window through anew at each bar."""


def cases(n: int, skip: Callable[[str], None]) -> dict[str, Case]:
    """Return EMA(20), RSI(14) and ATR(14) of the libraries that are installed."""
    found: dict[str, Case] = {}
    if importlib.util.find_spec("talipp") is None:
        skip("indicators: talipp is not installed (requirements-bench.txt has it)")
    else:
        found["indicators_talipp"] = _talipp(max(WINDOW, n // 20))
    if importlib.util.find_spec("talib") is None:
        skip("indicators: TA-Lib is not installed (requirements-bench.txt has it)")
    else:
        found["indicators_talib_stream"] = _talib_stream(n)
        found["indicators_batch_talib"] = _talib_batch(n)
    return found


def _talipp(n: int) -> Case:
    from talipp.indicators import ATR, EMA, RSI
    from talipp.ohlcv import OHLCV

    rows = [OHLCV(close, high, low, close, volume) for high, low, close, volume in bars(n).tolist()]

    def run() -> None:
        ema, rsi, atr = EMA(20), RSI(14), ATR(14)
        for row in rows:
            ema.add(row.close)
            rsi.add(row.close)
            atr.add(row)

    return run, n


def _talib_stream(n: int) -> Case:
    from talib import stream

    high, low, close, _ = np.ascontiguousarray(bars(max(WINDOW * 2, n // 20)).T)
    ends = range(WINDOW, len(close))

    def run() -> None:
        for end in ends:
            part = slice(end - WINDOW, end)
            stream.EMA(close[part], timeperiod=20)
            stream.RSI(close[part], timeperiod=14)
            stream.ATR(high[part], low[part], close[part], timeperiod=14)

    return run, len(ends)


def _talib_batch(n: int) -> Case:
    import talib

    high, low, close, _ = np.ascontiguousarray(bars(n).T)

    def run() -> None:
        talib.EMA(close, timeperiod=20)
        talib.RSI(close, timeperiod=14)
        talib.ATR(high, low, close, timeperiod=14)

    return run, n
