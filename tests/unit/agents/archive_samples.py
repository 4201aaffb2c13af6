"""A configuration with an archive that follows every role, and one message of every kind with no two equal numbers."""

import struct

from agents.archive.native import Block
from schemas.config import (
    ArchiveConfig,
    BreakerConfig,
    Config,
    ExecutionConfig,
    InstrumentConfig,
    MarketDataConfig,
    MeshConfig,
    PortfolioConfig,
    RiskConfig,
    SignalConfig,
    StrategyConfig,
    VenueConfig,
)
from schemas.messages import (
    AccountMargin,
    Approved,
    BookDelta,
    BookSnapshot,
    BreakerChanged,
    Denied,
    Equity,
    EquityReset,
    FeedState,
    FundingSettled,
    InflowValued,
    Instrument,
    MarkPrice,
    Message,
    OrderFilled,
    OrderInitialized,
    OrdersReaped,
    OrderUpdated,
    Position,
    PositionMargin,
    Quote,
    Reconciled,
    Released,
    Signal,
    StrategyState,
    Trade,
    TradingState,
    Transfer,
    VenueBar,
    VenueClock,
)
from schemas.orders import Liquidity, OrderStatus, Reason, Side, TimeInForce, TradingMode
from schemas.streams import AGENT_STREAM, STATES_STREAM, Kind, StreamState, stream_id

BTC = 7
ETH = 8
T0 = 1_700_000_000_123_456_789
DAY_NS = 86_400 * 10**9

TRADE = stream_id(Kind.TRADE, 1, BTC)
BOOK = stream_id(Kind.BOOK, 1, BTC)
QUOTE = stream_id(Kind.QUOTE, 1, BTC)
MARK = stream_id(Kind.MARK, 1, BTC)
INSTRUMENT = stream_id(Kind.INSTRUMENT, 1, BTC)
BAR = stream_id(Kind.BAR, 1, BTC)
SIGNAL = stream_id(Kind.SIGNAL, 0, BTC)
DECISION = stream_id(Kind.DECISION, 0, BTC)
TRADING_STATE = stream_id(Kind.DECISION, 0, 0)
ORDER = stream_id(Kind.ORDER, 1, 0)
POSITION = stream_id(Kind.POSITION, 1, BTC)
EQUITY = stream_id(Kind.EQUITY, 0, 0)
CLOCK = stream_id(Kind.CLOCK, 1, 0)

BIDS = struct.pack("<4q", 2_810_000, 11, 2_809_900, 12)
ASKS = struct.pack("<6q", 2_810_100, 0, 2_810_200, 14, 2_810_300, 15)


def archive_config(
    state_dir: str = "var/state",
    *,
    dsn: str = "",
    flush_rows: int = 1_000,
    flush_ms: int = 250,
    stop_timeout_ms: int = 10_000,
    breaker: BreakerConfig | None = None,
) -> Config:
    """Return a mesh of one venue, two instruments and one agent of each role."""

    def instrument(number: int, symbol: str, base: str, feeds: tuple[str, ...] = ()) -> InstrumentConfig:
        terms = {"base": base, "quote": "USDT", "tick_size": "0.01", "lot_size": "0.00001"}
        return InstrumentConfig(id=number, venue="binance", symbol=symbol, feeds=feeds, **terms)

    feeds = ("trade", "depth@100ms", "bookTicker", "kline_1m")

    strategy = StrategyConfig(name="ema", path="agents.strategies.ema:Ema", instruments=("BTCUSDT",))
    return Config(
        mesh=MeshConfig(state_dir=state_dir, stop_timeout_ms=stop_timeout_ms),
        venues=(VenueConfig(id=1, name="binance", kind="binance_spot"),),
        instruments=(instrument(BTC, "BTCUSDT", "BTC", feeds), instrument(ETH, "ETHUSDT", "ETH")),
        agents={
            "md": MarketDataConfig(id=1, venue="binance", instruments=("BTCUSDT", "ETHUSDT")),
            "sig": SignalConfig(id=2, market_data=("md",), risk="risk", strategies=(strategy,)),
            "risk": RiskConfig(id=3, market_data=("md",), execution=("exec",), portfolio="port"),
            "exec": ExecutionConfig(id=4, venue="binance"),
            "port": PortfolioConfig(id=5, execution=("exec",), market_data=("md",)),
            "arc": ArchiveConfig(
                id=6,
                sources=("md", "sig", "risk", "exec", "port"),
                dsn=dsn,
                flush_rows=flush_rows,
                flush_ms=flush_ms,
                breaker=breaker or BreakerConfig(),
            ),
        },
    )


def trade(number: int, ts_event_ns: int = T0) -> Trade:
    """Return the trade with that trade id."""
    return Trade(ts_event_ns, ts_event_ns + 1_000, 2_810_000 + number % 50, 1 + number % 9, Side.BUY, str(number))


CAUSES = ((TRADE, 1, 41), (BOOK, 1, 42))

ONE_OF_EACH: tuple[tuple[str, int, Message], ...] = (
    ("md", TRADE, Trade(T0, T0 + 1, 2_810_055, 1_234, Side.SELL, "900001", -3)),
    ("md", TRADE, FeedState(T0 + 2, StreamState.LIVE, "open")),
    ("md", BOOK, BookSnapshot(T0 + 3, T0 + 4, 700, BIDS, ASKS)),
    ("md", BOOK, BookDelta(T0 + 5, T0 + 6, 701, 705, b"", ASKS)),
    ("md", BOOK, FeedState(T0 + 7, StreamState.DOWN, "pings unanswered", 7)),
    ("md", QUOTE, Quote(T0 + 8, T0 + 9, 706, 2_810_001, 21, 2_810_101, 22)),
    ("md", MARK, MarkPrice(T0 + 10, T0 + 11, 2_810_055_000_000, 2_810_044_000_000, -12_345, T0 + 12)),
    ("md", BAR, VenueBar(T0 + 13, T0 + 14, 60_000, T0 + 15, 2_810_031, 2_810_034, 2_810_032, 2_810_033, 31, 32)),
    ("md", INSTRUMENT, Instrument(BTC, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", 1, 9_000, 500_000_000, True)),
    ("sig", SIGNAL, Signal(51, "ema", BTC, Side.BUY, 33, 2_810_077, TimeInForce.IOC, 0.625, "crossed up", CAUSES)),
    ("risk", DECISION, Approved(52, "T1", "ema", BTC, Side.BUY, 34, 2_810_078, TimeInForce.GTC, CAUSES, 2, 9)),
    ("risk", DECISION, Denied(53, "ema", BTC, Reason.MAX_POSITION, {"held": 4.5, "limit": 5}, CAUSES, 2, 9)),
    ("risk", AGENT_STREAM, Released("T1", Reason.NEVER_REACHED_VENUE)),
    ("exec", ORDER, OrderInitialized("T1", "ema", BTC, Side.BUY, 34, 2_810_078, TimeInForce.GTC, CAUSES, True)),
    (
        "exec",
        ORDER,
        OrderUpdated(
            "T1", ETH, OrderStatus.CANCELED, "v-1", 3, T0 + 20, T0 + 21, Reason.CANCELED_BY_VENUE, "änd", True
        ),
    ),
    (
        "exec",
        ORDER,
        OrderFilled(
            "T1",
            "ema",
            BTC,
            Side.SELL,
            OrderStatus.PARTIALLY_FILLED,
            "v-1",
            "61",
            62,
            2_810_079,
            63,
            64,
            -65,
            "BNB",
            Liquidity.MAKER,
            T0 + 22,
            T0 + 23,
            True,
        ),
    ),
    (
        "exec",
        ORDER,
        Reconciled(2, 3, T0 + 24, {"BTC": 71, "USDT": -72}, {}, {"BTC": "0.00000071", "BTTC": "46116860185.5"}),
    ),
    ("port", POSITION, Position(BTC, -81, 82, 83, -84, 85, 86, T0 + 25, 87, "-0.00000081", "0.5", "0.25", 88)),
    ("port", EQUITY, Equity(T0 + 26, 91, 92, -93, 94, 95, 96, 97, 98)),
    ("port", EQUITY, InflowValued(T0 + 36, 1, 6, True, {"BTC": "2"}, {"BTC": "59999.5"}, 99)),
    ("port", EQUITY, EquityReset(T0 + 27, True, False, "looked at")),
    ("exec", ORDER, Transfer("BNB", "-0.5", T0 + 28, T0 + 29, "withdrawn")),
    ("exec", ORDER, FundingSettled(BTC, "USDT", "-0.25", "f-1", T0 + 37, T0 + 38, True)),
    (
        "exec",
        stream_id(Kind.ACCOUNT, 1),
        AccountMargin(T0 + 39, "USDT", 101, 102, 103, 104, (PositionMargin(BTC, -1, 2, 3, 4, 5, True),), {BTC: 6}),
    ),
    ("md", CLOCK, VenueClock(T0 + 30, -31, 32)),
    ("risk", AGENT_STREAM, TradingState(TradingMode.REDUCING, "too much", Reason.DAILY_LOSS, "ema", BTC, 1, T0 + 33)),
    ("sig", STATES_STREAM, StrategyState("ema", b"\x01\xff")),
    ("exec", AGENT_STREAM, BreakerChanged("create", 1, "3 failures: timeout", T0 + 34, 1_000)),
    ("exec", AGENT_STREAM, OrdersReaped(7, 1, {"BTCUSDT": "0.5"}, "execution is silent", T0 + 35)),
)


def joined(block: Block) -> bytes:
    """Return all of a Native block."""
    return b"".join(iter(lambda: block.read(1_000), b""))
