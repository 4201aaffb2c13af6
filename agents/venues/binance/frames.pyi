from typing import Self, final

from agents.venues.base import Channel, Tick
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import FrameReader

__pyx_capi__: dict[str, object]

def stream_name(frame: bytes) -> bytes | None: ...

@final
class BinanceFrameReader(FrameReader):
    def __new__(cls, channel: Channel) -> Self: ...
    def read(self, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | None: ...
    def channel_name(self, frame: bytes) -> bytes | None: ...
