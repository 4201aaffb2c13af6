"""Joining a book snapshot with the updates around it, without I/O.

Updates are kept from the moment that the feed is up. A snapshot is fetched beside them; it is good if the updates continue
it without a hole. From then on every update must continue the one before. What "continue" means is the venue's rule, and
a subclass says it. A snapshot that is older than the first update kept can never be joined: fetch another.

A fetched snapshot waits for the first update, as the venues ask: only an update proves that nothing was missed between the
two. One that comes in the stream is in order with the updates already: it replaces the book at once, whenever it comes.

This file is compiled (`book_sync.pxd` has the C types).
"""

from enum import IntEnum

from agents.instruments import InstrumentInfo
from agents.venues.depth_update import DepthUpdate
from core.book import OrderBook

KEPT_MAX = 10_000
"""Updates kept while there is no snapshot; at 10 a second this is a quarter of an hour."""


class SyncStep(IntEnum):
    """What became of an update or a snapshot."""

    KEPT = 1
    """Not synchronised yet: the update waits for a snapshot, or the snapshot for an update."""
    APPLY = 2
    """Apply the update to the book now."""
    OLD = 3
    """The book holds the update already; leave it."""
    GAP = 4
    """Updates were missed: the book is invalid, and this update is the first that waits for a new snapshot."""
    SYNCED = 5
    """The book is the snapshot and then `joined()`, in order."""
    SNAPSHOT_TOO_OLD = 6
    """The snapshot ends before the first update kept: fetch another."""


_APPLY = SyncStep.APPLY
_OLD = SyncStep.OLD
_KEPT = SyncStep.KEPT
"""What most updates get; finding a member in its enumeration runs Python code (3.11), a global does not."""


class BookSync:
    """The state of one book's synchronisation; a subclass has the venue's rule in `precedes`, `joins` and `continues`."""

    def __init__(self) -> None:
        """Begin without a snapshot."""
        self.synced = False
        self.last_update_id = 0
        self._kept: list[DepthUpdate] = []
        self._snapshot_id = -1
        self._joined: list[DepthUpdate] = []
        self._fresh = False

    def reset(self) -> None:
        """Forget everything: the feed is down, or the book cannot be trusted."""
        self.synced = False
        self.last_update_id = 0
        self._kept.clear()
        self._joined = []
        self._snapshot_id = -1

    def on_update(self, update: DepthUpdate) -> SyncStep:
        """Take the next update of the feed."""
        if not self.synced:
            return self._keep(update)
        first, last, previous = update.first_update_id, update.last_update_id, update.previous_update_id
        if last <= self.last_update_id and not self.restarts(last, previous, self.last_update_id):
            return _OLD
        if self._fresh:
            follows = self.joins(first, last, previous, self.last_update_id)
        else:
            follows = self.continues(first, previous, self.last_update_id)
        self._fresh = False
        if not follows:
            self.reset()
            self._kept.append(update)
            return SyncStep.GAP
        self.last_update_id = last
        return _APPLY

    def on_snapshot(self, last_update_id: int) -> SyncStep:
        """Take a snapshot as of `last_update_id`; the caller keeps its levels until SYNCED or SNAPSHOT_TOO_OLD."""
        self._snapshot_id = last_update_id
        return self._join() if self._kept else _KEPT

    def on_stream_snapshot(self, last_update_id: int) -> SyncStep:
        """Take a snapshot that came between the updates: the book is it, and the next update continues it."""
        self.reset()
        self.synced = True
        self._fresh = False
        self.last_update_id = last_update_id
        return SyncStep.SYNCED

    def resume(self) -> None:
        """Have the next update join the book as it would join a snapshot: it may hold what the book has already."""
        self._fresh = self.synced

    def joined(self) -> list[DepthUpdate]:
        """Return the kept updates that belong on top of the snapshot, once after SYNCED."""
        updates, self._joined = self._joined, []
        return updates

    def _keep(self, update: DepthUpdate) -> SyncStep:
        kept = self._kept
        if kept:
            before = kept[len(kept) - 1]
            if not self.continues(update.first_update_id, update.previous_update_id, before.last_update_id):
                kept.clear()
        if len(kept) == KEPT_MAX:
            kept.clear()
        kept.append(update)
        return self._join() if self._snapshot_id >= 0 else _KEPT

    def _join(self) -> SyncStep:
        last = self._snapshot_id
        updates = [update for update in self._kept if not self.precedes(update.last_update_id, last)]
        if updates:
            first = updates[0]
            if not self.joins(first.first_update_id, first.last_update_id, first.previous_update_id, last):
                self._snapshot_id = -1
                return SyncStep.SNAPSHOT_TOO_OLD
        self.synced = True
        self._fresh = not updates
        self.last_update_id = updates[len(updates) - 1].last_update_id if updates else last
        self._joined = updates
        self._kept = []
        self._snapshot_id = -1
        return SyncStep.SYNCED

    def precedes(self, last: int, snapshot_id: int) -> bool:
        """Return whether the snapshot holds the whole update that ends with `last`, so that it is dropped."""
        raise NotImplementedError

    def joins(self, first: int, last: int, previous: int, snapshot_id: int) -> bool:
        """Return whether the update may be the first one on top of the snapshot."""
        raise NotImplementedError

    def continues(self, first: int, previous: int, last_update_id: int) -> bool:
        """Return whether the update follows the one that ended with `last_update_id` without a hole."""
        raise NotImplementedError

    def restarts(self, last: int, previous: int, last_update_id: int) -> bool:
        """Return whether the venue goes on from a lower id with this update, where it may; else it is an old one."""
        return False

    def checksum_holds(self, levels: OrderBook, info: InstrumentInfo, checksum: int) -> bool:
        """Return whether a checksum that came with an update is that of the book after it; where none come, it is."""
        return True
