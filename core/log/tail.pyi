from collections.abc import Callable
from typing import Any, final

from core.log.reader import LogReader
from core.sequence import SequenceTracker

@final
class LogTail(LogReader):
    def __init__(self, path: str) -> None: ...
    def poll(self, count_max: int = 1024) -> list[bytes]: ...
    def drain_tracked(
        self,
        tracker: SequenceTracker,
        in_order: Callable[[bytes], Any],
        other: Callable[[bytes], Any],
        count_max: int,
    ) -> int: ...
