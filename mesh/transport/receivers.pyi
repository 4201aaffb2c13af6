from collections.abc import Callable
from typing import final

from core.log.tail import LogTail
from mesh.protocol.engine import Engine
from mesh.transport.unix_wire import UnixWire
from mesh.transport.zmq_wire import Wire

_Show = Callable[[str, bytes, int], None]

class Receiver:
    @property
    def more(self) -> bool: ...
    def drain(self, count_max: int) -> int: ...

class PublicationReceiver(Receiver): ...

@final
class SubReceiver(PublicationReceiver):
    def __init__(self, wire: Wire, engine: Engine, source: str) -> None: ...

@final
class RouterReceiver(Receiver):
    def __init__(self, wire: Wire, engine: Engine, source: str) -> None: ...

@final
class DealerReceiver(Receiver):
    def __init__(self, wire: Wire, engine: Engine, source: str) -> None: ...

@final
class LogReceiver(PublicationReceiver):
    def __init__(self, tail: LogTail, engine: Engine, source: str, show: _Show | None = None) -> None: ...

class UnixReceiver(Receiver):
    def __init__(self, wire: UnixWire, engine: Engine, source: str, show: _Show | None = None) -> None: ...

@final
class UnixRequestReceiver(UnixReceiver):
    def __init__(
        self, wire: UnixWire, engine: Engine, source: str, token: bytes, show: _Show | None = None
    ) -> None: ...

@final
class UnixReplyReceiver(UnixReceiver): ...
