from typing import Final, Self, final

import numpy as np
import numpy.typing as npt
from _typeshed import ReadableBuffer, WriteableBuffer

FIELDS: tuple[str, ...]
PERIOD_MAX: Final = 65536

@final
class Indicators:
    def __new__(
        cls,
        *,
        ema_period: int = 0,
        ema_slow_period: int = 0,
        rsi_period: int = 0,
        atr_period: int = 0,
        true_range: bool = False,
        sma_period: int = 0,
        macd_fast: int = 0,
        macd_slow: int = 0,
        macd_signal: int = 0,
        bollinger_period: int = 0,
        bollinger_width: float = 2.0,
        vwap: bool = False,
        volatility_period: int = 0,
    ) -> Self: ...
    def update(self, high: float, low: float, close: float, volume: float = 0.0) -> None: ...
    def update_batch(
        self,
        high: ReadableBuffer | npt.NDArray[np.float64],
        low: ReadableBuffer | npt.NDArray[np.float64],
        close: ReadableBuffer | npt.NDArray[np.float64],
        volume: ReadableBuffer | npt.NDArray[np.float64] | None,
        out: WriteableBuffer | npt.NDArray[np.float64],
    ) -> None: ...
    @property
    def count(self) -> int: ...
    @property
    def period_longest(self) -> int: ...
    @property
    def fields(self) -> tuple[str, ...]: ...
    @property
    def ema(self) -> float: ...
    @property
    def ema_slow(self) -> float: ...
    @property
    def rsi(self) -> float: ...
    @property
    def atr(self) -> float: ...
    @property
    def tr(self) -> float: ...
    @property
    def sma(self) -> float: ...
    @property
    def macd(self) -> float: ...
    @property
    def macd_signal(self) -> float: ...
    @property
    def macd_histogram(self) -> float: ...
    @property
    def bollinger_upper(self) -> float: ...
    @property
    def bollinger_middle(self) -> float: ...
    @property
    def bollinger_lower(self) -> float: ...
    @property
    def vwap(self) -> float: ...
    @property
    def volatility(self) -> float: ...
