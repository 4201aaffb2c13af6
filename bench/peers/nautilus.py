"""Replays trades through nautilus_trader's BacktestEngine and prints nanoseconds per tick: `nautilus.py TICKS EVERY`.

Run by an interpreter that has nautilus_trader; it imports nothing of Tickmesh. The strategy sends a market order at every
EVERY-th tick, buying and selling by turns. Building and adding the data is not counted, only `run`.
"""

import sys
import time
from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide
from nautilus_trader.model.identifiers import TradeId, Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

INSTRUMENT = TestInstrumentProvider.btcusdt_binance()
START_NS = 1_700_000_000_000_000_000
TICK_NS = 1_000_000


class EveryNth(Strategy):
    """Sends an order at every n-th trade."""

    def __init__(self, n: int) -> None:
        """Take `n`."""
        super().__init__(StrategyConfig())
        self._n = n
        self._seen = 0

    def on_start(self) -> None:
        """Follow the trades."""
        self.subscribe_trade_ticks(INSTRUMENT.id)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Count, and send an order when it is time."""
        self._seen += 1
        if self._seen % self._n == 0:
            side = OrderSide.BUY if self._seen // self._n % 2 else OrderSide.SELL
            order = self.order_factory.market(INSTRUMENT.id, side, INSTRUMENT.make_qty(Decimal("0.01")))
            self.submit_order(order)


def main(ticks: int, every: int) -> float:
    """Return nanoseconds per tick."""
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=None,
        starting_balances=[Money(10_000_000, USDT)],
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_data(
        [
            TradeTick(
                INSTRUMENT.id,
                INSTRUMENT.make_price(50_000 + number % 50 * 0.01),
                INSTRUMENT.make_qty(1),
                AggressorSide.BUYER if number % 2 else AggressorSide.SELLER,
                TradeId(str(number)),
                START_NS + number * TICK_NS,
                START_NS + number * TICK_NS,
            )
            for number in range(ticks)
        ]
    )
    engine.add_strategy(EveryNth(every))
    begun_ns = time.perf_counter_ns()
    engine.run()
    took_ns = time.perf_counter_ns() - begun_ns
    engine.dispose()
    return took_ns / ticks


if __name__ == "__main__":
    sys.stdout.write(f"{main(int(sys.argv[1]), int(sys.argv[2]))}\n")
