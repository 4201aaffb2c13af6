from collections.abc import Mapping
from typing import Generic, TypeVar, final

_T = TypeVar("_T")

@final
class StreamTable(Generic[_T]):
    def __init__(self, items: Mapping[int, _T]) -> None: ...
    def get(self, stream: int) -> _T | None: ...
