from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, final

from core.frame import Header

HEADER_FIELDS: Final = ("link", "flags", "epoch", "seq", "corr", "origin_ns", "send_ns")

@final
class Layout:
    def __init__(
        self,
        messages: Iterable[type],
        numbers: Mapping[str, tuple[str, int | None]],
        levels: Iterable[str] = (),
        objects: Mapping[str, Callable[[Any], Any]] = {},
    ) -> None: ...

@final
class Rows:
    def __init__(self, layout: Layout) -> None: ...
    def __len__(self) -> int: ...
    def append(self, link: int, header: Header, message: object) -> int: ...
    def numbers(self, name: str) -> memoryview: ...
    def levels(self, name: str) -> tuple[memoryview, memoryview, memoryview]: ...
    def objects(self, name: str) -> list[Any]: ...
    @property
    def layout(self) -> Layout: ...
