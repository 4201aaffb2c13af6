from typing import Final, Self, final

from agents.venues.trade_spans import TradeSpans

REPEATED: Final = -1
RESTARTED: Final = -2
BACK_MAX: Final = 1_000
GAP_MAX: Final = 1_000_000
RESUMED_GAP_MAX: Final = 100_000_000

@final
class TradeIds:
    def __new__(cls, spans: TradeSpans | None = None) -> Self: ...
    @property
    def last(self) -> int: ...
    @property
    def first(self) -> int: ...
    def observe(self, trade_id: str) -> int: ...
    def follows(self, trade_id: str) -> bool: ...
    def resume(self, trade_id: str) -> int: ...
