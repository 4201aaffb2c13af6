"""A strategy that raises, in the whole mesh: it stops alone, what it has resting to open goes, and it is let in again."""

from pathlib import Path

import msgspec
import pytest

from agents.instruments import InstrumentInfo
from agents.paper.rehearsal import Rehearsal
from agents.signal.bars import Bar
from agents.signal.strategy import Strategy, smallest_lots
from agents.state.breaker import BreakerState
from mesh.config import load
from mesh.run.starter import write
from schemas.config import Config, SignalConfig, StrategyConfig
from schemas.messages import BreakerChanged, OrderFilled, OrderInitialized, OrderUpdated
from schemas.orders import OrderStatus, Reason, TimeInForce

HERE = "tests.sim.test_strategy_stop"


class Resting(Strategy):
    """Rests a buy far below the market with the third bar, holds a little, rests a sale of it, and raises at the tenth."""

    bars = 0

    def on_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        self.bars += 1
        bid, ask = self.ctx.top(instrument)
        lots = 2 * smallest_lots(instrument, bid)
        if self.bars == 3:
            self.ctx.buy(instrument, lots, ask + 1_000)
        if self.bars == 6:
            self.ctx.buy(instrument, lots, bid * 995 // 1_000, time_in_force=TimeInForce.GTC)
            self.ctx.sell(
                instrument, self.ctx.position(instrument), ask * 1_005 // 1_000, reduce_only=True, lifetime_ms=600_000
            )
        if self.bars == 10:
            raise ZeroDivisionError("the tenth bar")


@pytest.fixture
def desk(tmp_path: Path) -> Config:
    """The starter's desk, with a strategy that raises before its own."""
    folder = tmp_path / "new"
    write(folder)
    config = load(folder / "tickmesh.toml")
    signal = config.agents["signal"]
    assert isinstance(signal, SignalConfig)
    own = msgspec.structs.replace(signal.strategies[0], path="agents.starter.mine:Mine")
    bad = StrategyConfig(name="bad", path=f"{HERE}:Resting", instruments=("BTCUSDT",))
    both = msgspec.structs.replace(signal, strategies=(bad, own))
    return msgspec.structs.replace(config, agents=config.agents | {"signal": both})


def test_a_strategy_that_raises_leaves_no_opening_order_and_the_others_trade_on(desk: Config, tmp_path: Path) -> None:
    with Rehearsal(desk, tmp_path / "run") as rehearsal:
        rehearsal.run(40)
        orders = list(rehearsal.published("execution"))
        changes = [message for message in rehearsal.published("signal") if isinstance(message, BreakerChanged)]
    assert [change.state for change in changes[:2]] == [BreakerState.OPEN, BreakerState.HALF_OPEN]
    assert changes[0].breaker == "strategy:bad"
    assert "ZeroDivisionError: the tenth bar" in changes[0].text
    mine = {message.client_order_id: message for message in orders if isinstance(message, OrderInitialized)}
    bad = [order for order in mine.values() if order.strategy == "bad"]
    opening = [order for order in bad if order.side > 0 and order.time_in_force == TimeInForce.GTC]
    closing = [order for order in bad if order.side < 0]
    assert len(opening) >= 1
    assert len(closing) >= 1
    ended = {
        message.client_order_id: message.reason
        for message in orders
        if isinstance(message, OrderUpdated) and message.status == OrderStatus.CANCELED
    }
    assert ended[opening[0].client_order_id] == Reason.STRATEGY_GONE
    assert closing[0].client_order_id not in ended
    fills = [message for message in orders if isinstance(message, OrderFilled) and message.strategy == "mine"]
    assert fills[-1].ts_event_ns > changes[0].ts_ns
