from typing import final

from typing_extensions import Buffer

from core.frame import Header
from mesh.protocol.clock import Clock
from schemas.messages import Message

__pyx_capi__: dict[str, object]

def encode(obj: Message, /) -> bytes: ...
def type_number(message: Message) -> int: ...
def decode(number: int, payload: Buffer) -> Message: ...
def decode_frame(header: Header, frame: bytes) -> Message: ...

@final
class Packer:
    def __init__(self, sender: int, clock: Clock | None = None) -> None: ...
    @property
    def frame(self) -> bytes: ...
    @property
    def plain(self) -> Message | None: ...
    @property
    def send_ns(self) -> int: ...
    def pack(
        self,
        message: Message,
        stream: int,
        epoch: int,
        seq: int,
        origin_ns: int,
        recv_ns: int,
        decided_ns: int,
        corr: int,
        flags: int = 0,
        ttl_ms: int = 0,
    ) -> bytes: ...
    def recall(self, frame: bytes, plain: Message | None) -> None: ...
    def message_of(self, frame: bytes) -> Message | None: ...
