from collections.abc import Callable
from typing import final

__pyx_capi__: dict[str, object]

def monotonic_ns() -> int: ...

@final
class Clock:
    def __init__(self, read: Callable[[], int] | None = None) -> None: ...
    def now_ns(self, input_ns: int) -> int: ...
