"""A strategy that notes on its process's tape when it was called for the last tick."""

import os
from pathlib import Path
from time import monotonic_ns

from agents.common import InstrumentInfo
from agents.strategy import Market, Params
from bench.agent import TAPE
from bench.strategies import EveryNth
from bench.tape import Column, Tape
from schemas.messages import Trade


class NotingEveryNth(EveryNth):
    """Wants to buy at every n-th trade; a tape in TICKMESH_BENCH_TAPE takes the time of the last."""

    def __init__(self, params: Params, market: Market) -> None:
        """Take `n`, and the tape."""
        super().__init__(params, market)
        self._tape = Tape(Path(os.environ[TAPE]))
        self._last = self._tape.count

    def on_trade(self, instrument: InstrumentInfo, trade: Trade) -> None:
        """Count, ask for an order when it is time, and note the last trade."""
        super().on_trade(instrument, trade)
        if self.seen == self._last:
            self._tape.columns[Column.SIGNAL][self._last - 1] = monotonic_ns()
