"""A strategy that notes on its process's tape when it was called for the last tick."""

import os
from pathlib import Path
from time import monotonic_ns

from agents.instruments import InstrumentInfo
from agents.signal.strategy import Market, Params, Strategy
from bench.agent import TAPE
from bench.tape import Column, Tape
from schemas.messages import Trade


class NotingEveryNth(Strategy):
    """Wants to buy at every n-th trade as many lots as it has seen; a tape in TICKMESH_BENCH_TAPE takes the last's time.

    So the order's quantity tells which tick it answers.
    """

    def __init__(self, params: Params, market: Market) -> None:
        """Take `n`, and the tape."""
        super().__init__(params, market)
        self._n = int(params["n"])
        self._seen = 0
        self._tape = Tape(Path(os.environ[TAPE]))
        self._last = self._tape.count

    def on_trade(self, instrument: InstrumentInfo, trade: Trade) -> None:
        """Count, ask for an order when it is time, and note the last trade."""
        self._seen += 1
        if self._seen % self._n == 0:
            self.ctx.buy(instrument, self._seen, trade.price_ticks)
        if self._seen == self._last:
            self._tape.columns[Column.SIGNAL][self._last - 1] = monotonic_ns()
