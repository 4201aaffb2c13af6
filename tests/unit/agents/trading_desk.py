"""A small desk for tests of signal, risk and portfolio: one configuration and builders of messages.

BTCUSDT has ticks of 0.01 and lots of 0.00001, ETHUSDT ticks of 0.01 and lots of 0.0001; so 6_000_000 ticks are 60000.00
and 100_000 lots are 1 BTC.
"""

import struct

from schemas.config import (
    Config,
    ExecutionConfig,
    InstrumentConfig,
    LimitsConfig,
    MarketDataConfig,
    PortfolioConfig,
    RiskConfig,
    SignalConfig,
    StrategyConfig,
    VenueConfig,
)
from schemas.messages import (
    BookSnapshot,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
    Quote,
    Reconciled,
    Signal,
    Trade,
    Transfer,
)
from schemas.orders import OrderStatus, Side, TimeInForce
from schemas.streams import Kind, stream_id

BTC, ETH = 1, 2
ORDERS = stream_id(Kind.ORDER, 1, 0)
EQUITY = stream_id(Kind.EQUITY, 0, 0)


def stream(kind, instrument=BTC):
    return stream_id(kind, 1 if kind < 0x20 or kind == Kind.POSITION else 0, instrument)


def config(limits=None, strategies=(), instruments=("BTCUSDT", "ETHUSDT"), **portfolio):
    return Config(
        venues=(VenueConfig(id=1, name="paper", kind="binance_spot"),),
        instruments=(
            InstrumentConfig(
                id=BTC,
                venue="paper",
                symbol="BTCUSDT",
                base="BTC",
                quote="USDT",
                tick_size="0.01",
                lot_size="0.00001",
                min_notional="5",
            ),
            InstrumentConfig(
                id=ETH,
                venue="paper",
                symbol="ETHUSDT",
                base="ETH",
                quote="USDT",
                tick_size="0.01",
                lot_size="0.0001",
                min_notional="5",
            ),
        ),
        agents={
            "md": MarketDataConfig(id=1, venue="paper", instruments=instruments),
            "signal": SignalConfig(id=2, market_data=("md",), risk="risk", strategies=strategies),
            "risk": RiskConfig(
                id=3, market_data=("md",), execution=("exec",), portfolio="folio", limits=limits or LimitsConfig()
            ),
            "exec": ExecutionConfig(id=4, venue="paper"),
            "folio": PortfolioConfig(id=5, execution=("exec",), market_data=("md",), **portfolio),
        },
    )


def strategy(name, path, instruments=("BTCUSDT",), **params):
    """A strategy that begins without the venue's bars."""
    return StrategyConfig(name=name, path=path, instruments=instruments, warm_up_bars=0, params=params)


def levels(*pairs):
    return b"".join(struct.pack("<qq", price, qty) for price, qty in pairs)


def quote(ctx, bid=5_999_900, ask=6_000_100, lots=100_000):
    return Quote(ctx.wall_ns, ctx.wall_ns, 1, bid, lots, ask, lots)


def book(ctx, bids=((5_999_900, 100_000),), asks=((6_000_100, 100_000),)):
    return BookSnapshot(ctx.wall_ns, ctx.wall_ns, 1, levels(*bids), levels(*asks))


def trade(ctx, price=6_000_000, qty=1_000, trade_id=1, event_ns=None):
    return Trade(ctx.wall_ns if event_ns is None else event_ns, ctx.wall_ns, price, qty, int(Side.BUY), str(trade_id))


def signal(number=1, side=Side.BUY, qty=10_000, price=6_000_000, tif=TimeInForce.GTC, instrument=BTC, name="test"):
    return Signal(
        number, name, instrument, int(side), qty, price, int(tif), 0.5, "because", ((stream(Kind.BOOK), 1, 7),)
    )


def initialized(order_id, side=Side.BUY, qty=10_000, price=6_000_000, instrument=BTC, name="test", external=False):
    return OrderInitialized(order_id, name, instrument, int(side), qty, price, int(TimeInForce.GTC), external=external)


def updated(order_id, status, cum=0, instrument=BTC):
    return OrderUpdated(order_id, instrument, int(status), "v1", cum, 1, 1)


def filled(
    order_id,
    trade_id,
    qty,
    price=6_000_000,
    side=Side.BUY,
    status=OrderStatus.PARTIALLY_FILLED,
    cum=0,
    commission=0,
    asset="USDT",
    instrument=BTC,
    name="test",
):
    return OrderFilled(
        client_order_id=order_id,
        strategy=name,
        instrument_id=instrument,
        side=int(side),
        status=int(status),
        venue_order_id=f"v-{order_id}",
        trade_id=str(trade_id),
        last_qty_lots=qty,
        last_px_ticks=price,
        cum_qty_lots=cum or qty,
        leaves_qty_lots=0,
        commission_e8=commission,
        commission_asset=asset,
        liquidity=2,
        ts_event_ns=1,
        ts_recv_ns=1,
    )


def reconciled(**balances):
    """Return an agreement with the venue that tells these balances, decimals by asset."""
    return Reconciled(0, 0, 0, balances=balances)


def transfer(asset, amount):
    return Transfer(asset, amount, 1, 1)
