from typing import final

__pyx_capi__: dict[str, object]

@final
class SegmentList:
    def __init__(self) -> None: ...
