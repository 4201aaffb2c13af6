"""When updates of a Binance book continue it, spot and USDT-M.

This file is compiled (`book_rules.pxd` has the C types).
"""

from agents.venues.book_sync import BookSync


class SpotBookSync(BookSync):
    """Binance spot: ids are contiguous. Source: binance-spot-api-docs, web-socket-streams.md, local order book."""

    def precedes(self, last: int, snapshot_id: int) -> bool:
        """Drop `u <= lastUpdateId`."""
        return last <= snapshot_id

    def joins(self, first: int, last: int, previous: int, snapshot_id: int) -> bool:
        """Begin with `U <= lastUpdateId + 1 <= u`."""
        return first <= snapshot_id + 1 <= last

    def continues(self, first: int, previous: int, last_update_id: int) -> bool:
        """Go on with `U == u of the one before + 1`."""
        return first == last_update_id + 1


class UsdmBookSync(BookSync):
    """Binance USDT-M: each update names its predecessor. Source: Binance derivatives docs, local order book."""

    def precedes(self, last: int, snapshot_id: int) -> bool:
        """Drop `u < lastUpdateId`."""
        return last < snapshot_id

    def joins(self, first: int, last: int, previous: int, snapshot_id: int) -> bool:
        """Begin with `U <= lastUpdateId <= u`, or with the very next update of a book that was quiet."""
        return first <= snapshot_id <= last or previous == snapshot_id

    def continues(self, first: int, previous: int, last_update_id: int) -> bool:
        """Go on with `pu == u of the one before`."""
        return previous == last_update_id
