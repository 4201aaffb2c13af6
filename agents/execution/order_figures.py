"""What execution shows of its orders: how many are in each state, and the terms of those that are open."""

from agents.execution.order_table import Order, OrderTable
from agents.instruments import InstrumentInfo
from schemas.figures import OpenOrder, OrderFigures
from schemas.orders import OrderStatus, Side

FIGURES_ORDERS_MAX = 50


def open_orders(table: OrderTable, instruments: dict[int, InstrumentInfo]) -> list[OpenOrder]:
    """Return the open orders, up to `FIGURES_ORDERS_MAX` of them."""
    return [
        _open_order(order, instruments[order.instrument_id]) for order in list(table.open.values())[:FIGURES_ORDERS_MAX]
    ]


def _open_order(order: Order, info: InstrumentInfo) -> OpenOrder:
    return OpenOrder(
        client_order_id=order.client_order_id,
        instrument=info.symbol,
        side=Side(order.side).name,
        status=OrderStatus(order.status).name,
        price_ticks=order.price_ticks,
        qty_lots=order.qty_lots,
        cum_qty_lots=order.cum_qty_lots,
        venue_order_id=order.venue_order_id,
        external=order.external,
    )


def order_figures(table: OrderTable) -> OrderFigures:
    """Return how many orders are in each state, those that have been forgotten included."""
    counts = table.counts
    return OrderFigures(
        submitted=table.submitted,
        external=table.external,
        new=counts[OrderStatus.NEW],
        partially_filled=counts[OrderStatus.PARTIALLY_FILLED],
        pending_cancel=counts[OrderStatus.PENDING_CANCEL],
        unknown=counts[OrderStatus.UNKNOWN],
        filled=counts[OrderStatus.FILLED],
        canceled=counts[OrderStatus.CANCELED],
        rejected=counts[OrderStatus.REJECTED],
        expired=counts[OrderStatus.EXPIRED],
    )
