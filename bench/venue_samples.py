"""Frames of market data as each venue sends them, one after the other: what a bench hands to every reader of them.

Each is one that was recorded, or where none was, the example of the venue's own document (`docs/venues.md` says which),
with its numbers moved on: identities and sequence numbers follow each other, as a reader insists on, and prices move.
Fields, their order and the length of the texts are those of the venue.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from bench.workloads import depth_frame, trade_frame

SEED = 11
SYMBOL = "BTCUSDT"
BEGIN_MS = 1_786_310_819_000
MID = 65_000
LEVELS = 8
"""Levels of a side that a depth frame of Bybit and OKX changes, about what the recorded ones do."""
LEVELS_BINANCE = 20
TRADES_AT_ONCE = 3
"""Trades in a frame of Bybit: 150 came in 44."""

Frame = Callable[[int], bytes]


class Kind(NamedTuple):
    """One kind of frame of one venue: `feed` is what it is called in a configuration.

    `cryptofeed` is what that library follows it as, empty if it has no handler for it. `before` are frames without which
    those of the kind mean nothing: the book that updates change.
    """

    venue: str
    name: str
    feed: str
    frame: Frame
    cryptofeed: str = ""
    before: Callable[[], list[bytes]] = list
    category: str = "spot"
    tick_size: str = "0.01"
    lot_size: str = "0.00000001"

    @property
    def key(self) -> str:
        """What its figures are called; the first two have had their names before there were others."""
        return f"{self.venue}_{self.name}".removeprefix("binance_spot_")

    def frames(self, count: int) -> list[bytes]:
        """Return `count` frames, of which each follows the one before."""
        return [self.frame(number) for number in range(1, count + 1)]


def _levels(number: int, count: int, sign: int, text: str, decimals: int = 2) -> str:
    rng = random.Random(SEED * number + sign)
    rows = (
        (f"{MID - sign * (depth + 1) * 0.1:.{decimals}f}", f"{0 if rng.random() < 0.2 else rng.uniform(0.001, 9):.3f}")
        for depth in range(count)
    )
    return ",".join(text.format(*row) for row in rows)


def _ms(number: int) -> int:
    return BEGIN_MS + 100 * number


def _price(number: int, decimals: int) -> str:
    return f"{MID + number % 100 * 0.1:.{decimals}f}"


# Binance


def _binance(stream: str, data: str) -> bytes:
    return f'{{"stream":"btcusdt@{stream}","data":{{{data}}}}}'.encode()


def _usdm_trade(number: int) -> bytes:
    return _binance(
        "trade",
        f'"e":"trade","E":{_ms(number)},"T":{_ms(number)},"s":"BTCUSDT","t":{3_700_000_000 + number},'
        f'"p":"{_price(number, 2)}","q":"0.003","X":"MARKET","m":false',
    )


def _binance_aggregate(number: int) -> bytes:
    return _binance(
        "aggTrade",
        f'"e":"aggTrade","E":{_ms(number)},"s":"BTCUSDT","a":{1_800_000_000 + number},"p":"{_price(number, 8)}",'
        f'"q":"0.00310000","f":{3_700_000_000 + number},"l":{3_700_000_000 + number},"T":{_ms(number)},"m":false,"M":true',
    )


def _usdm_aggregate(number: int) -> bytes:
    return _binance(
        "aggTrade",
        f'"e":"aggTrade","E":{_ms(number)},"a":{1_800_000_000 + number},"s":"BTCUSDT","p":"{_price(number, 2)}",'
        f'"q":"0.003","f":{3_700_000_000 + number},"l":{3_700_000_000 + number},"T":{_ms(number)},"m":false',
    )


def _binance_ticker(number: int) -> bytes:
    return _binance(
        "bookTicker",
        f'"u":{50_093_239_212 + number},"s":"BTCUSDT","b":"{_price(number, 8)}","B":"3.78826000",'
        f'"a":"{_price(number + 1, 8)}","A":"1.54698000"',
    )


def _usdm_ticker(number: int) -> bytes:
    return _binance(
        "bookTicker",
        f'"e":"bookTicker","u":{2_710_249_422_918 + number},"s":"BTCUSDT","b":"{_price(number, 2)}","B":"0.060",'
        f'"a":"{_price(number + 1, 2)}","A":"3.793","T":{_ms(number)},"E":{_ms(number)}',
    )


def _usdm_depth(number: int) -> bytes:
    bids, asks = (_levels(number, LEVELS_BINANCE, sign, '["{}","{}"]') for sign in (1, -1))
    return _binance(
        "depth@100ms",
        f'"e":"depthUpdate","E":{_ms(number)},"T":{_ms(number)},"s":"BTCUSDT","U":{number},"u":{number},'
        f'"pu":{number - 1},"b":[{bids}],"a":[{asks}]',
    )


def _usdm_mark(number: int) -> bytes:
    return _binance(
        "markPrice@1s",
        f'"e":"markPriceUpdate","E":{_ms(number)},"s":"BTCUSDT","p":"{_price(number, 8)}","P":"28141.47600845",'
        f'"i":"28165.04857143","r":"0.00002760","T":{BEGIN_MS}',
    )


# Bybit


def _bybit_trades(number: int) -> bytes:
    trades = ",".join(
        f'{{"T":{_ms(number)},"s":"BTCUSDT","S":"Sell","v":"0.004","p":"{_price(number, 2)}","L":"MinusTick",'
        f'"i":"a9188a0a-82bc-50de-be60-{number * TRADES_AT_ONCE + place:012x}","BT":false,"RPI":false,'
        f'"seq":{753_843_954_913 + number}}}'
        for place in range(TRADES_AT_ONCE)
    )
    return f'{{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":{_ms(number)},"data":[{trades}]}}'.encode()


def _bybit_book(number: int, topic: str, kind: str, levels: int, bids: str = "", asks: str = "") -> bytes:
    bids, asks = bids or _levels(number, levels, 1, '["{}","{}"]'), asks or _levels(number, levels, -1, '["{}","{}"]')
    return (
        f'{{"topic":"{topic}","type":"{kind}","ts":{_ms(number)},"data":{{"s":"BTCUSDT","b":[{bids}],"a":[{asks}],'
        f'"u":{62_505_679 + number},"seq":{112_488_551_502 + number}}},"cts":{_ms(number)}}}'
    ).encode()


def _bybit_top(number: int) -> bytes:
    bids, asks = f'["{_price(number, 2)}","0.012"]', f'["{_price(number + 1, 2)}","0.034"]'
    return _bybit_book(number, "orderbook.1.BTCUSDT", "snapshot", 1, bids, asks)


def _bybit_ticker(number: int) -> bytes:
    return (
        f'{{"topic":"tickers.BTCUSDT","type":"delta","data":{{"symbol":"BTCUSDT","markPrice":"{_price(number, 2)}",'
        f'"indexPrice":"{_price(number + 1, 2)}","bid1Price":"{_price(number, 2)}","bid1Size":"8.674"}},'
        f'"cs":{753_844_527_452 + number},"ts":{_ms(number)}}}'
    ).encode()


def _bybit_ticker_whole() -> list[bytes]:
    return [
        (
            '{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","tickDirection":"ZeroPlusTick",'
            '"price24hPcnt":"-0.006899","lastPrice":"65000.10","prevPrice24h":"65102.00","highPrice24h":"65305.60",'
            '"lowPrice24h":"64727.90","prevPrice1h":"65038.00","markPrice":"65000.10","indexPrice":"65000.20",'
            '"openInterest":"51391.590","openInterestValue":"3340176740.96","turnover24h":"3615554334.37",'
            '"volume24h":"55446.383","fundingIntervalHour":"8","fundingCap":"0.005","nextFundingTime":"1786320000000",'
            '"fundingRate":"0.0001","bid1Price":"65000.00","bid1Size":"3.078","ask1Price":"65000.10","ask1Size":"1.639"},'
            f'"cs":753844527452,"ts":{BEGIN_MS}}}'
        ).encode()
    ]


# OKX


def _okx(channel: str, instrument: str, data: str, action: str = "") -> bytes:
    said = f'"action":"{action}",' if action else ""
    return f'{{"arg":{{"channel":"{channel}","instId":"{instrument}"}},{said}"data":[{{{data}}}]}}'.encode()


def _okx_trade(number: int) -> bytes:
    return _okx(
        "trades",
        "BTC-USDT",
        f'"instId":"BTC-USDT","tradeId":"{332_000_000 + number}","px":"{_price(number, 1)}","sz":"0.00335244",'
        f'"side":"sell","ts":"{_ms(number)}","count":"1","source":"0","seqId":{1_234_000 + number}',
    )


def _okx_book(number: int, action: str, levels: int) -> bytes:
    level = '["{}","{}","0","1"]'
    bids, asks = _levels(number, levels, 1, level, 1), _levels(number, levels, -1, level, 1)
    before = -1 if action == "snapshot" else number - 1
    return _okx(
        "books",
        "BTC-USDT",
        f'"asks":[{asks}],"bids":[{bids}],"ts":"{_ms(number)}","checksum":0,"seqId":{number},"prevSeqId":{before}',
        action,
    )


def _okx_top(number: int) -> bytes:
    return _okx(
        "bbo-tbt",
        "BTC-USDT",
        f'"asks":[["{_price(number + 1, 1)}","0.415","0","13"]],"bids":[["{_price(number, 1)}","0.256","0","12"]],'
        f'"ts":"{_ms(number)}","seqId":{number}',
    )


def _okx_mark(number: int) -> bytes:
    return _okx(
        "mark-price",
        "BTC-USDT-SWAP",
        f'"instType":"SWAP","instId":"BTC-USDT-SWAP","markPx":"{_price(number, 1)}","ts":"{_ms(number)}"',
    )


def _okx_funding() -> list[bytes]:
    data = (
        '"instType":"SWAP","instId":"BTC-USDT-SWAP","fundingRate":"0.0001","nextFundingRate":"","fundingTime":'
        f'"{BEGIN_MS + 3_600_000}","nextFundingTime":"{BEGIN_MS + 32_400_000}","ts":"{BEGIN_MS}"'
    )
    return [_okx("funding-rate", "BTC-USDT-SWAP", data)]


BYBIT_BOOK = "orderbook.200.BTCUSDT"
KINDS = (
    Kind("binance_spot", "trade", "trade", partial(trade_frame, SYMBOL)),
    Kind("binance_spot", "aggTrade", "aggTrade", _binance_aggregate, "trades"),
    Kind("binance_spot", "bookTicker", "bookTicker", _binance_ticker, "ticker"),
    Kind("binance_spot", "depth", "depth@100ms", partial(depth_frame, SYMBOL, LEVELS_BINANCE), "l2_book"),
    Kind("binance_usdm", "trade", "trade", _usdm_trade, category="linear"),
    Kind("binance_usdm", "aggTrade", "aggTrade", _usdm_aggregate, "trades", category="linear"),
    Kind("binance_usdm", "bookTicker", "bookTicker", _usdm_ticker, "ticker", category="linear"),
    Kind("binance_usdm", "depth", "depth@100ms", _usdm_depth, "l2_book", category="linear"),
    Kind("binance_usdm", "markPrice", "markPrice@1s", _usdm_mark, "funding", category="linear"),
    Kind("bybit", "publicTrade", "trade", _bybit_trades, "trades", category="linear"),
    Kind(
        "bybit",
        "orderbook",
        "depth@100ms",
        lambda number: _bybit_book(number, BYBIT_BOOK, "delta", LEVELS),
        "l2_book",
        lambda: [_bybit_book(0, BYBIT_BOOK, "snapshot", 200)],
        category="linear",
    ),
    Kind("bybit", "orderbook_1", "bookTicker", _bybit_top, category="linear"),
    Kind("bybit", "tickers", "markPrice", _bybit_ticker, "funding", _bybit_ticker_whole, category="linear"),
    Kind("okx", "trades", "trade", _okx_trade, "trades"),
    Kind(
        "okx",
        "books",
        "depth",
        lambda number: _okx_book(number, "update", LEVELS),
        "l2_book",
        lambda: [_okx_book(0, "snapshot", 400)],
    ),
    Kind("okx", "bbo_tbt", "bookTicker", _okx_top),
    Kind("okx", "mark_price", "markPrice", _okx_mark, before=_okx_funding, category="linear"),
)
"""All that is measured."""
