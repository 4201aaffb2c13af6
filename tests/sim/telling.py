"""A strategy that saves what it sees at each bar: what `tickmesh state` is to find again."""

import msgspec

from agents.instruments import InstrumentInfo
from agents.signal.bars import Bar
from agents.signal.strategy import OrderEvent, Strategy
from schemas.messages import OrderFilled


class Told(msgspec.Struct, frozen=True):
    """What it saw: of an instrument indicators by name, the top of its book and its position; and of all how many fills."""

    instrument: str
    indicators: dict[str, float]
    top: tuple[int, int]
    position: int
    fills: int


class Telling(Strategy):
    """Trades a little, so that there are fills."""

    fills = 0
    news = 0

    def on_fill(self, fill: OrderFilled) -> None:
        self.fills += 1

    def on_order(self, event: OrderEvent) -> None:
        self.news += 1

    def on_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        found = self.ctx.indicators(instrument)
        values = {name: getattr(found, name) for name in found.fields}
        told = Told(instrument.name, values, self.ctx.top(instrument), self.ctx.position(instrument), self.fills)
        self.ctx.save(told)
        if self.ctx.idle(instrument):
            side = self.ctx.buy if self.ctx.position(instrument) <= 0 else self.ctx.sell
            price = self.ctx.top(instrument)[1 if side == self.ctx.buy else 0]
            side(instrument, price=price, notional="60")
