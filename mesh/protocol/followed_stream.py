"""What a link knows of one stream that it follows: how far it is, what it holds, and what that says.

This file is compiled (`followed_stream.pxd` has the C types).
"""

from mesh.agent import Subscription
from schemas.errors import LogGoneError, LogOlderError
from schemas.streams import StreamClass, StreamState, stream_class, stream_name

HELD_FRAMES_MAX = 8_192
"""Frames of a stream held while a repair is under way; later ones are left to the log."""

StreamPosition = tuple[int, int]
FIRST: StreamPosition = (1, 1)
"""Nothing comes before it: a publisher begins with epoch 1."""

NOWHERE: StreamPosition = (0, 0)


class FollowedStream:
    """One stream of one link; `received` leaves out what the tracker passed as in order."""

    def __init__(self, subscription: Subscription) -> None:
        """Know nothing yet of the stream that `subscription` asks for."""
        self.subscription = subscription
        self.event = stream_class(subscription.stream) is StreamClass.EVENT
        self.wants_state = not self.event and not subscription.every
        """Whether a snapshot serves this follower as well as every message."""
        self.state = StreamState.DOWN
        self.joined = False
        self.target: StreamPosition = NOWHERE
        """The highest position that the publisher is known to have reached."""
        self.held: dict[StreamPosition, bytes] = {}
        self.asked = 0
        self.backoff_ns = 0
        self.failures = 0
        self.retry_ns = 0
        self.received = 0
        self.repaired = 0
        self.lost = 0
        self.skipped = 0
        self.gaps = 0
        self.duplicates = 0
        self.came = 0
        self.came_before = 0
        self.silent_gaps = 0

    def begin(self, publisher: str, position: StreamPosition) -> None:
        """Begin with a publisher that is new to us or was restarted, whose `target` is known.

        Raises:
            LogOlderError: If an anchor has more of the stream than the publisher's log.
        """
        self.asked = 0
        if self.subscription.anchored and not self.joined and self.target < position:
            raise LogOlderError(publisher, stream_name(self.subscription.stream), position, self.target)

    def hold(self, where: StreamPosition, frame: bytes) -> None:
        """Keep a frame until its turn comes."""
        if where in self.held:
            self.duplicates += 1
        elif len(self.held) < HELD_FRAMES_MAX:
            self.held[where] = frame

    def let_go(self, position: StreamPosition) -> None:
        """Drop what is held up to `position`, which was reached otherwise."""
        for held in [where for where in self.held if where <= position]:
            del self.held[held]

    def following(self, position: StreamPosition, epoch: int) -> StreamPosition:
        """Return the position that is in order after `position`, in the publisher's present epoch if it was restarted."""
        if self.event:
            following = (position[0], position[1] + 1)
            if following not in self.held:
                following = (epoch, position[1] + 1)
            return following if following in self.held else NOWHERE
        if position[0] == 0 and not self.wants_state:
            # Before the first message of a later epoch there may be older ones in the log: those are asked for.
            return FIRST if FIRST in self.held else NOWHERE
        return position[0], position[1] + 1

    def miss(self, publisher: str, position: StreamPosition, where: StreamPosition, oldest: StreamPosition) -> None:
        """Count what lies between `position` and `where` and cannot come: skipped if the publisher keeps only what begins
        with `oldest`, else lost.

        Raises:
            LogGoneError: If they are skipped and the follower's state is none without them.
        """
        n = self.missing(position, where, oldest)
        if oldest == NOWHERE or where <= oldest:
            if n and self.subscription.whole:
                raise LogGoneError(publisher, stream_name(self.subscription.stream), n, oldest)
            self.skipped += n
        else:
            self.lost += n

    def missing(self, position: StreamPosition, where: StreamPosition, oldest: StreamPosition) -> int:
        """Return how many messages lie between `position` and `where`, as far as can be known, and 1 if it cannot.

        A STATE stream restarts with the epoch, so what followed `position` in an older epoch shows only in the log: where
        the log begins later (`oldest`), nobody can tell how much that was.
        """
        if self.event or position[0] == where[0]:
            return max(0, where[1] - position[1] - 1)
        unknown = position != NOWHERE and oldest[0] > position[0]
        return where[1] - 1 + unknown
