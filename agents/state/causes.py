"""Causes: the positions of the messages that a decision rests on, each named once.

This file is compiled (`causes.pxd` has the C types).
"""

from schemas.messages import Cause


def add_cause(found: list[Cause], stream: int, epoch: int, seq: int) -> None:
    """Add a position to `found` unless it is there."""
    for cause in found:
        # Of two positions the sequences differ most often.
        was_seq, was_epoch, was_stream = cause[2], cause[1], cause[0]
        if was_seq == seq and was_epoch == epoch and was_stream == stream:
            return
    found.append((stream, epoch, seq))
