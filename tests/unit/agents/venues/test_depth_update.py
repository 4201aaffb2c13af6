"""A depth frame: the message as it is published, and the update that it follows."""

from agents.venues.depth_update import DepthUpdate
from schemas.messages import BookDelta


def test_ids_and_levels_are_the_messages():
    delta = BookDelta(1, 2, 11, 12, b"bids", b"asks")
    update = DepthUpdate(delta)
    assert update.delta is delta
    assert (update.first_update_id, update.last_update_id, update.previous_update_id) == (11, 12, -1)
    assert (update.bids, update.asks) == (b"bids", b"asks")
    assert DepthUpdate(delta, 10).previous_update_id == 10
