from typing import Final

from core.decimals import Scale

__pyx_capi__: dict[str, object]

LEVELS_MAX: Final = 25

def levels_checksum(bids: bytes, asks: bytes, price: Scale, qty: Scale) -> int: ...
