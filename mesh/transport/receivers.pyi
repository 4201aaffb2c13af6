from collections.abc import Callable
from typing import final

from core.log.tail import LogTail
from mesh.protocol.engine import Engine
from mesh.transport.unix_wire import LocalWire
from mesh.transport.zmq_wire import Wire

_Show = Callable[[str, bytes, int], None]

class Inlet:
    @property
    def more(self) -> bool: ...
    def drain(self, count_max: int) -> int: ...

class Following(Inlet): ...

@final
class Publications(Following):
    def __init__(self, wire: Wire, engine: Engine, source: str) -> None: ...

@final
class Requests(Inlet):
    def __init__(self, wire: Wire, engine: Engine, source: str) -> None: ...

@final
class Replies(Inlet):
    def __init__(self, wire: Wire, engine: Engine, source: str) -> None: ...

@final
class LocalPublications(Following):
    def __init__(self, tail: LogTail, engine: Engine, source: str, show: _Show | None = None) -> None: ...

class LocalFrames(Inlet):
    def __init__(self, wire: LocalWire, engine: Engine, source: str, show: _Show | None = None) -> None: ...

@final
class LocalRequests(LocalFrames):
    def __init__(
        self, wire: LocalWire, engine: Engine, source: str, token: bytes, show: _Show | None = None
    ) -> None: ...

@final
class LocalReplies(LocalFrames): ...
