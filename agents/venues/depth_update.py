"""One depth frame, read: the message that is published, and the same numbers where compiled code finds them.

This file is compiled (`depth_update.pxd` has the C types).
"""

from schemas.messages import BookDelta


class DepthUpdate:
    """A depth frame as it is published, and the update id that it says it follows (-1: the venue says none).

    `check_id` is the id that the venue's ticker has when it tells of the same book; 0 if that is the last update's.
    `checksum` is the venue's, over the book as it is after the update, 0 if it sent none (`BookSync.checksum_holds`).
    """

    def __init__(self, delta: BookDelta, previous_update_id: int = -1, check_id: int = 0, checksum: int = 0) -> None:
        """Take the message; its ids and levels are the update's."""
        self.delta = delta
        self.first_update_id = delta.first_update_id
        self.last_update_id = delta.last_update_id
        self.previous_update_id = previous_update_id
        self.check_id = check_id
        self.checksum = checksum
        self.bids = delta.bids
        self.asks = delta.asks
