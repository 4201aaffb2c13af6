"""What instruments are called at OKX, and what that says of them."""

from agents.paper.dialect import Floor

DOLLARS = ("USDT", "USDC")


def category_of(symbol: str) -> str:
    """Return the category of an instrument by its name, "" if it is none that we follow."""
    parts = symbol.split("-")
    if len(parts) == 2:
        return "spot"
    return "linear" if len(parts) == 3 and parts[1] in DOLLARS and parts[2] == "SWAP" else ""


def symbol_of(floor: Floor, inst_id: str) -> str:
    """Return our name of an instrument: as it is configured, else the venue's own."""
    listing = floor.listing_of(category_of(inst_id), inst_id)
    return listing.symbol if listing is not None else inst_id
