"""When another connection must take over from one that the venue will end.

A quarter of its life before the end, ten minutes at most, leaves time for a second try; half of that, a minute at most, is
the time for the two to tell the same. After an announcement, which leaves a minute at best, it is a minute.
"""

from schemas.units import MS, SECOND

LEAD_NS_MAX = 600 * SECOND
WINDOW_NS_MAX = 60 * SECOND


class ConnectionLife:
    """The figures of one venue's connections."""

    def __init__(self, life_ms: int) -> None:
        """Take after how long the venue ends a connection, 0 if its age does not end it."""
        lead_ns = min(LEAD_NS_MAX, life_ms * MS // 4)
        self.young_ns = life_ms * MS - lead_ns
        """How old a connection is when another is opened, 0 if it may get as old as it likes."""
        self.window_ns = min(WINDOW_NS_MAX, lead_ns // 2) if life_ms else WINDOW_NS_MAX
        """How long both may be there."""
