from typing import Final, Self, final

REPEATED: Final = -1
RESTARTED: Final = -2
BACK_MAX: Final = 1_000
GAP_MAX: Final = 1_000_000

@final
class TradeIds:
    def __new__(cls) -> Self: ...
    @property
    def last(self) -> int: ...
    def observe(self, trade_id: str) -> int: ...
