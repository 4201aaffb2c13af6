"""How long execution was not heard, counted only while this process was awake to hear it.

A publisher that falls silent is doubted first and then DOWN, `down_ns` after its last BEAT; one that says that it ends is
DOWN at once. From then on each look counts the time since the one before, but never more than a look should take: who was
stopped or starved itself has not heard silence, and must not wake up and act on it.
"""

from schemas.streams import StreamState
from schemas.units import MS

LOOK_NS = 100 * MS
"""How often to look while execution is not heard."""


class Silence:
    """Counts up to `limit_ns`; execution that was never heard counts as silent from `begin` on."""

    def __init__(self, limit_ns: int, down_ns: int) -> None:
        """Take how long is too long, and how long a publisher is silent when its stream is DOWN."""
        self.silent_ns = 0
        self.heard = False
        """Whether execution is heard, as far as is known."""
        self.fell = False
        """Whether execution fell silent, where it might have said that it ends."""
        self._limit_ns = limit_ns
        self._down_ns = down_ns
        self._looked_ns = 0
        self._state = StreamState.DOWN

    @property
    def over(self) -> bool:
        """Whether execution has been silent for too long."""
        return not self.heard and self.silent_ns >= self._limit_ns

    def begin(self, now_ns: int) -> None:
        """Begin to count, with nothing heard."""
        self.heard = self.fell = False
        self.silent_ns = 0
        self._looked_ns = now_ns

    def learn(self, state: StreamState, now_ns: int) -> None:
        """Take that execution's stream changed its state."""
        before, self._state = self._state, state
        if state is not StreamState.DOWN:
            self.heard = True
            self.silent_ns = 0
        elif self.heard:
            self.begin(now_ns)
            self.fell = before is not StreamState.LIVE
            self.silent_ns = self._down_ns if self.fell else 0

    def look(self, now_ns: int) -> None:
        """Count the time since the look before."""
        self.silent_ns += min(now_ns - self._looked_ns, 2 * LOOK_NS)
        self._looked_ns = now_ns
