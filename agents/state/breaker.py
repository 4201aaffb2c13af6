"""A circuit breaker: after too many failures in a while nothing is tried any more, then one probe, then all again.

CLOSED counts failures in a sliding window; too many of them, or one that is grave (`trip`), open it. OPEN waits, twice as
long each time (`reliability.md` section 7; M. Nygard, Release It!, 2007). When the wait is over it is HALF_OPEN: as many
probes as are needed must succeed one after another, then it is CLOSED; one that fails opens it again. What may be tried
while it is not CLOSED is for the agent to say; cancels always may.

There is no clock and no chance here: times come in as arguments, and a change goes out as the message that is logged.
"""

from collections import deque
from enum import IntEnum

from schemas.config import BreakerConfig
from schemas.messages import BreakerChanged
from schemas.units import MS

TEXT_MAX = 400


class BreakerState(IntEnum):
    """What a breaker lets through: everything, nothing, or a probe."""

    CLOSED = 0
    OPEN = 1
    HALF_OPEN = 2


CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


class CircuitBreaker:
    """One resource of one agent.

    Every call that may change the state returns the message to publish, None if nothing changed.
    """

    def __init__(self, name: str, config: BreakerConfig) -> None:
        """Begin CLOSED."""
        self.name = name
        self.state = CLOSED
        self.text = ""
        """Why it is not CLOSED."""
        self._config = config
        self._failures: deque[int] = deque(maxlen=config.failures_max)
        self._wait_ns = config.wait_ms * MS
        self._until_ns = 0
        self._good = 0

    @property
    def closed(self) -> bool:
        """Whether everything may be tried."""
        return self.state is CLOSED

    @property
    def retry_ns(self) -> int:
        """When an OPEN breaker becomes HALF_OPEN; set a timer for it and call `on_time`."""
        return self._until_ns

    def fail(self, now_ns: int, wall_ns: int, text: str) -> BreakerChanged | None:
        """Count a failure: enough of them within the window open it, and so does the failure of a probe."""
        if self.state is OPEN:
            return None
        if self.state is HALF_OPEN:
            self._wait_ns = min(2 * self._wait_ns, self._config.wait_ms_max * MS)
            return self._open(now_ns, wall_ns, text)
        self._failures.append(now_ns)
        in_window = now_ns - self._failures[0] <= self._config.window_ms * MS
        if len(self._failures) == self._config.failures_max and in_window:
            return self._open(now_ns, wall_ns, f"{len(self._failures)} failures: {text}")
        return None

    def trip(self, now_ns: int, wall_ns: int, text: str, wait_ns: int = 0) -> BreakerChanged | None:
        """Open it at once, for at least `wait_ns`; what is open already waits as long."""
        if self.state is OPEN:
            self._until_ns = max(self._until_ns, now_ns + wait_ns)
            return None
        return self._open(now_ns, wall_ns, text, wait_ns)

    def succeed(self, wall_ns: int) -> BreakerChanged | None:
        """Count a success; enough probes that succeeded close it."""
        if self.state is not HALF_OPEN:
            return None
        self._good += 1
        if self._good < self._config.probes:
            return None
        self._failures.clear()
        self._wait_ns = self._config.wait_ms * MS
        return self._become(CLOSED, wall_ns, f"{self._good} probes succeeded")

    def on_time(self, now_ns: int, wall_ns: int) -> BreakerChanged | None:
        """Let a probe through if the wait is over."""
        if self.state is not OPEN or now_ns < self._until_ns:
            return None
        self._good = 0
        return self._become(HALF_OPEN, wall_ns, "a probe may go")

    def reset(self, wall_ns: int, text: str) -> BreakerChanged | None:
        """Close it on an operator's word."""
        self._failures.clear()
        self._wait_ns = self._config.wait_ms * MS
        return None if self.state is CLOSED else self._become(CLOSED, wall_ns, text)

    def figures(self) -> dict[str, str]:
        """Return what a status tells: the breaker's name, its state and why; nothing while it is CLOSED."""
        return {} if self.state is CLOSED else {self.name: f"{self.state.name}: {self.text}"}

    def restore(self, message: BreakerChanged, now_ns: int) -> None:
        """Fold the last change of an earlier life: what was not CLOSED is OPEN, and waits anew."""
        self.state = CLOSED if message.state == CLOSED else OPEN
        self.text = "" if self.state is CLOSED else message.text
        self._until_ns = now_ns + self._wait_ns

    def _open(self, now_ns: int, wall_ns: int, text: str, wait_ns: int = 0) -> BreakerChanged:
        wait_ns = max(wait_ns, self._wait_ns)
        self._until_ns = now_ns + wait_ns
        return self._become(OPEN, wall_ns, text, wait_ns)

    def _become(self, state: BreakerState, wall_ns: int, text: str, wait_ns: int = 0) -> BreakerChanged:
        self.state = state
        self.text = "" if state is CLOSED else text[:TEXT_MAX]
        return BreakerChanged(self.name, int(state), text[:TEXT_MAX], wall_ns, wait_ns)
