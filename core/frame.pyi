from typing import Final, final

from typing_extensions import Buffer

HEADER_SIZE: Final = 64
VERSION: Final = 3
FLAG_SNAPSHOT: Final = 1
FLAG_REPLAY: Final = 2
FLAG_STALE: Final = 4
FLAG_LAST: Final = 8
__pyx_capi__: dict[str, object]

@final
class Header:
    def __init__(
        self,
        *,
        stream: int,
        type: int,
        sender: int,
        epoch: int,
        seq: int,
        version: int = 2,
        flags: int = 0,
        ttl_ms: int = 0,
        origin_ns: int = 0,
        send_ns: int = 0,
        corr: int = 0,
        recv_ns: int = 0,
        decided_ns: int = 0,
    ) -> None: ...
    @property
    def stream(self) -> int: ...
    @property
    def version(self) -> int: ...
    @property
    def flags(self) -> int: ...
    @property
    def type(self) -> int: ...
    @property
    def sender(self) -> int: ...
    @property
    def ttl_ms(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def origin_ns(self) -> int: ...
    @property
    def send_ns(self) -> int: ...
    @property
    def corr(self) -> int: ...
    @property
    def recv_ns(self) -> int: ...
    @property
    def decided_ns(self) -> int: ...
    @property
    def kind(self) -> int: ...
    @property
    def venue(self) -> int: ...
    @property
    def instrument(self) -> int: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def pack(
    *,
    stream: int,
    type: int,
    sender: int,
    epoch: int,
    seq: int,
    origin_ns: int = 0,
    send_ns: int = 0,
    corr: int = 0,
    flags: int = 0,
    ttl_ms: int = 0,
    recv_ns: int = 0,
    decided_ns: int = 0,
    payload: Buffer = b"",
) -> bytes: ...
def unpack(frame: Buffer) -> Header: ...
def payload(frame: Buffer) -> memoryview: ...
def with_flags(frame: bytes, flags: int) -> bytes: ...
