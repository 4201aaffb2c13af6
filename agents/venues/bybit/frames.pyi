from typing import Self, final

from agents.venues.base import Channel, Tick
from agents.venues.bybit.marks import TickerMarks
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import FrameReader

__pyx_capi__: dict[str, object]

def topic_at_head(frame: bytes) -> bytes | None: ...

@final
class BybitFrameReader(FrameReader):
    def __new__(cls, channel: Channel) -> Self: ...
    def read(self, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick] | None: ...
    def channel_name(self, frame: bytes) -> bytes | None: ...
    @property
    def marks(self) -> TickerMarks: ...
