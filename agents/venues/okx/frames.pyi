from typing import Self, final

from agents.venues.base import Channel, Tick
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import FrameReader
from agents.venues.okx.marks import OkxMarks
from agents.venues.trade_spans import TradeSpans

__pyx_capi__: dict[str, object]

def channel_name(frame: bytes) -> bytes | None: ...

@final
class OkxFrameReader(FrameReader):
    def __new__(cls, channel: Channel, marks: OkxMarks) -> Self: ...
    @property
    def spans(self) -> TradeSpans | None: ...
    def read(self, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick] | None: ...
    def channel_name(self, frame: bytes) -> bytes | None: ...
