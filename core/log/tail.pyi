from typing import final

from core.log.reader import LogReader

@final
class LogTail(LogReader):
    def __init__(self, path: str) -> None: ...
    def poll(self, count_max: int = 1024) -> list[bytes]: ...
