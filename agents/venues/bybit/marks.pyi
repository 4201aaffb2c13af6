from collections.abc import Sequence
from typing import final

from schemas.messages import MarkPrice

@final
class TickerMarks:
    def after(
        self, whole: bool, values: Sequence[str | None], ts_ms: int, ts_recv_ns: int
    ) -> MarkPrice | list[MarkPrice]: ...
