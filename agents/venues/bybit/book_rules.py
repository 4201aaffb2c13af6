"""When updates of a Bybit book continue it.

This file is compiled (`book_rules.pxd` has the C types).
"""

from agents.venues.book_sync import BookSync


class BybitBookSync(BookSync):
    """Each update has the id after the one before; snapshots come in the stream, and replace all.

    That ids rise by exactly 1 within a topic is not in the venue's documentation; it is so in everything recorded. Where it
    should not be, the book would be asked for anew with each update, and counted.
    """

    def precedes(self, last: int, snapshot_id: int) -> bool:
        """Drop what the snapshot holds; only asked of snapshots that are fetched, which are none here."""
        return last <= snapshot_id

    def joins(self, first: int, last: int, previous: int, snapshot_id: int) -> bool:
        """Begin with the very next update."""
        return first == snapshot_id + 1

    def continues(self, first: int, previous: int, last_update_id: int) -> bool:
        """Go on with the very next update."""
        return first == last_update_id + 1
