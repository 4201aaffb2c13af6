from collections.abc import Sequence
from typing import final

from mesh.sim.recording import Recording

class VenueSide:
    def __init__(self) -> None: ...
    @property
    def streams(self) -> list[int]: ...

@final
class Latency:
    def __init__(
        self, text: str, constant_ns: int = 0, measured: Sequence[tuple[int, int, int]] = (), seed: int = 0
    ) -> None: ...
    @property
    def text(self) -> str: ...
    def draw(self) -> int: ...

@final
class LedRecording(Recording):
    def __init__(
        self, source: Recording, side: VenueSide, latency: Latency | None = None, clock_ns: int = 0
    ) -> None: ...
    @property
    def due_ns(self) -> int: ...
