"""Made-up inputs of the micro-benchmarks, seeded, the same for everything that is compared."""

import random
import struct

import numpy as np

from core.frame import HEADER_SIZE, pack
from schemas.streams import Kind, stream_id

SEED = 11
MID_TICKS = 1_000_000
LEVELS = 800
DELETES = 0.23
LEVEL = struct.Struct("<qq")
FRAME_BYTES = 200

Change = tuple[int, int, int]
"""(side, price in ticks, quantity in lots; 0 deletes)."""


def starting_levels() -> list[Change]:
    """Return a full book: `LEVELS` a side, one tick apart."""
    return [(side, MID_TICKS - side * (1 + depth), 1_000 + depth) for side in (1, -1) for depth in range(LEVELS)]


def changes(count: int) -> list[Change]:
    """Return changes of a book, most near its top, that never cross it."""
    rng = random.Random(SEED)
    made = []
    for _ in range(count):
        side = rng.choice((1, -1))
        depth = min(LEVELS - 1, int(rng.expovariate(1 / 40)))
        qty = 0 if rng.random() < DELETES else rng.randrange(1, 100_000)
        made.append((side, MID_TICKS - side * (1 + depth), qty))
    return made


def packed(made: list[Change], each: int) -> list[tuple[bytes, bytes]]:
    """Return changes as messages of `each` levels: (bids, asks) as the book takes them."""
    messages = []
    for start in range(0, len(made), each):
        part = made[start : start + each]
        sides = [b"".join(LEVEL.pack(price, qty) for side, price, qty in part if side == want) for want in (1, -1)]
        messages.append((sides[0], sides[1]))
    return messages


def depth_frame(symbol: str, levels: int, number: int) -> bytes:
    """Return a Binance `depthUpdate` of `levels` a side."""
    rng = random.Random(SEED + number)

    def side(sign: int) -> str:
        rows = (f'["{50_000 - sign * (d + 1) * 0.01:.2f}","{rng.uniform(0.00001, 9):.8f}"]' for d in range(levels))
        return ",".join(rows)

    return (
        f'{{"stream":"{symbol.lower()}@depth@100ms","data":{{"e":"depthUpdate","E":1700000000000,"s":"{symbol}",'
        f'"U":{number},"u":{number},"b":[{side(1)}],"a":[{side(-1)}]}}}}'
    ).encode()


def trade_frame(symbol: str, number: int) -> bytes:
    """Return a Binance `trade`."""
    return (
        f'{{"stream":"{symbol.lower()}@trade","data":{{"e":"trade","E":1700000000000,"s":"{symbol}","t":{number},'
        f'"p":"{50_000 + number % 100 * 0.01:.2f}","q":"0.00310000","T":1700000000000,"m":false,"M":true}}}}'
    ).encode()


def frames(count: int, first: int = 1) -> list[bytes]:
    """Return frames of `FRAME_BYTES` of one stream, sequence from `first`."""
    stream = stream_id(Kind.TRADE, 1, 1)
    body = bytes(FRAME_BYTES - HEADER_SIZE)
    return [pack(stream=stream, type=1, sender=2, epoch=1, seq=first + n, payload=body) for n in range(count)]


def bars(count: int) -> np.ndarray:
    """Return a random walk: rows of high, low, close, volume."""
    rng = np.random.default_rng(SEED)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.001, count)))
    return np.column_stack([close * 1.001, close * 0.999, close, rng.random(count)])
