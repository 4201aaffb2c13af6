"""A book as text: its levels in the venue's units as decimals, the best first."""

from agents.instruments import InstrumentInfo
from core.book import ASK, BID, OrderBook

Levels = list[tuple[str, str]]


def levels_of(info: InstrumentInfo, book: OrderBook) -> dict[str, Levels]:
    """Return all levels of both sides, each as price and quantity."""
    px, qty = info.price.format, info.qty.format
    sides = {"bids": book.depth(BID, book.bid_levels), "asks": book.depth(ASK, book.ask_levels)}
    return {side: [(px(price), qty(lots)) for price, lots in levels] for side, levels in sides.items()}
