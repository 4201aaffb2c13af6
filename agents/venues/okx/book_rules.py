"""When updates of an OKX book continue it.

An update names the one before (`prevSeqId`), by whatever step the numbers rise. Quiet books repeat their number in an empty
update each minute (`seqId == prevSeqId`), and after maintenance the venue goes on from a lower one, once, in an update that
still names the last. Because of that a lower number alone does not make an update old: it is, if it is older by the
venue's time too. All else is a gap.

Books of 2021 and 2022 were not numbered (`previous_update_id` is -1, and the id is the venue's time, which never came twice
for one book). Nothing but the checksum proves those, which is of the best 25 levels of each side: what was missed
below them shows once it is among them. A snapshot of such a book can only come in the stream.

Source: OKX v5 docs, order book channel (sequence id, checksum). This file is compiled (`book_rules.pxd` has the C types).
"""

from agents.instruments import InstrumentInfo
from agents.venues.book_sync import BookSync, SyncStep
from agents.venues.depth_update import DepthUpdate
from agents.venues.okx.checksum import LEVELS_MAX, levels_checksum
from core.book import OrderBook

_APPLY = SyncStep.APPLY
_OLD = SyncStep.OLD
_KEPT = SyncStep.KEPT
_GAP = SyncStep.GAP
"""Finding a member in its enumeration runs Python code (3.11), a global does not."""


class OkxBookSync(BookSync):
    """One book; it begins with a snapshot in the stream, or with a fetched one that the updates around it join."""

    def __init__(self) -> None:
        """Begin without a snapshot."""
        super().__init__()
        self._before: DepthUpdate | None = None

    def reset(self) -> None:
        """Forget everything."""
        BookSync.reset(self)
        self._before = None

    def on_update(self, update: DepthUpdate) -> SyncStep:
        """Take the next update of the feed."""
        last, previous = update.last_update_id, update.previous_update_id
        if previous < 0:
            return self._on_unnumbered(update)
        if not self.synced:
            if last < previous:
                self._kept.clear()
            return self._keep(update)
        if previous == self.last_update_id or (self._fresh and self.joins(0, last, previous, self.last_update_id)):
            self._fresh = False
            self._before = update
            self.last_update_id = last
            return _APPLY
        if last <= self.last_update_id and self._is_old(update):
            return _OLD
        self.reset()
        self._kept.append(update)
        return _GAP

    def _on_unnumbered(self, update: DepthUpdate) -> SyncStep:
        if not self.synced:
            return _KEPT
        if update.last_update_id <= self.last_update_id:
            return _OLD
        self.last_update_id = update.last_update_id
        return _APPLY

    def _is_old(self, update: DepthUpdate) -> bool:
        before = self._before
        return before is None or bool(update.delta.ts_event_ns <= before.delta.ts_event_ns)

    def precedes(self, last: int, snapshot_id: int) -> bool:
        """Drop `seqId <= seqId of the snapshot`."""
        return last <= snapshot_id

    def joins(self, first: int, last: int, previous: int, snapshot_id: int) -> bool:
        """Begin with `prevSeqId <= seqId of the snapshot < seqId`."""
        return previous <= snapshot_id < last

    def continues(self, first: int, previous: int, last_update_id: int) -> bool:
        """Go on with `prevSeqId == seqId of the one before`."""
        return previous == last_update_id

    def restarts(self, last: int, previous: int, last_update_id: int) -> bool:
        """Go on from a lower number, or from the same, in an update that names the last."""
        return previous == last_update_id

    def checksum_holds(self, levels: OrderBook, info: InstrumentInfo, checksum: int) -> bool:
        """Return whether a checksum is that of the best levels."""
        bids, asks = levels.snapshot(LEVELS_MAX)
        return levels_checksum(bids, asks, info.price, info.qty) == checksum
