"""Orders and their lives, to be compared."""

from agents.backtest.parity.run_orders import OrderLife, RunOrder, TradedPart
from agents.instruments import InstrumentInfo
from core.decimals import Scale
from schemas.config import InstrumentConfig, VenueConfig

MS = 1_000_000
SENT_NS = 1_700_000_000_000_000_000
VENUE = VenueConfig(id=1, name="paper", kind="binance_spot")
TABLE = InstrumentConfig(
    id=1, venue="paper", symbol="BTCUSDT", base="BTC", quote="USDT", tick_size="0.01", lot_size="0.001"
)
INFO = InstrumentInfo(TABLE, VENUE, Scale("0.01"), Scale("0.001"), 1_000_000, 100_000)


def life(*parts: tuple[int, int], accepted_ms: int = 0, status: str = "FILLED", fee_e8: int = 0) -> OrderLife:
    """Return a life of fills of (ms after the order was sent, lots), all at 100 ticks and in the quote."""
    traded = [TradedPart(SENT_NS + at_ms * MS, 100, lots, fee_e8, "USDT", True) for at_ms, lots in parts]
    accepted_ns = SENT_NS + accepted_ms * MS if accepted_ms else 0
    return OrderLife(accepted_ns=accepted_ns, status=status, parts=traded)


def order(number: int, real: OrderLife, *, lots: int = 10, side: int = 1) -> RunOrder:
    """Return an order that was sent at `SENT_NS`."""
    return RunOrder(
        client_order_id=f"T{number}",
        account="paper",
        info=INFO,
        strategy="only",
        side=side,
        time_in_force=4,
        price_ticks=100,
        qty_lots=lots,
        sent_ns=SENT_NS,
        life=real,
    )
