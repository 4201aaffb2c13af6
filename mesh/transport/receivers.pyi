from collections.abc import Callable
from typing import Any, final

from core.log.tail import LogTail
from mesh.protocol.engine import Engine
from mesh.transport.unix_wire import UnixWire
from mesh.transport.zmq_wire import Wire

_Show = Callable[[str, bytes, int], None]
_ShowRequest = Callable[[bytes, bytes, int], None]

class Receiver:
    show: Callable[[Any, bytes, int], None] | None
    @property
    def more(self) -> bool: ...
    def drain(self, count_max: int) -> int: ...

@final
class XPubReceiver(Receiver):
    def __init__(self, wire: Wire, handler: Callable[[bytes], Any]) -> None: ...

class FrameReceiver(Receiver):
    def __init__(self, engine: Engine, source: str, show: _Show | None = None) -> None: ...

class PublicationReceiver(FrameReceiver): ...

@final
class SubReceiver(PublicationReceiver):
    def __init__(self, wire: Wire, engine: Engine, source: str, show: _Show | None = None) -> None: ...

@final
class RouterReceiver(FrameReceiver):
    def __init__(self, wire: Wire, engine: Engine, show: _ShowRequest | None = None) -> None: ...

@final
class DealerReceiver(FrameReceiver):
    def __init__(self, wire: Wire, engine: Engine, source: str, show: _Show | None = None) -> None: ...

@final
class LogReceiver(PublicationReceiver):
    def __init__(self, tail: LogTail, engine: Engine, source: str, show: _Show | None = None) -> None: ...

class UnixReceiver(FrameReceiver):
    def __init__(self, wire: UnixWire, engine: Engine, source: str, show: _Show | None = None) -> None: ...

@final
class UnixRequestReceiver(UnixReceiver):
    def __init__(
        self, wire: UnixWire, engine: Engine, source: str, token: bytes, show: _Show | None = None
    ) -> None: ...

@final
class UnixReplyReceiver(UnixReceiver): ...
