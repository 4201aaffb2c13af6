from typing import Self, final

from agents.venues.base import Channel, Tick
from agents.venues.depth_update import DepthUpdate

__pyx_capi__: dict[str, object]

def stream_name(frame: bytes) -> bytes | None: ...

@final
class FrameReader:
    def __new__(cls, channel: Channel) -> Self: ...
    def read(self, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | None: ...
