"""The timers of one agent, by name: one of each name, and the next that is due.

A timer that is moved or canceled stays in the heap until its time has come, and is passed over then; the heap is made anew
before such entries outweigh the others.

This file is compiled (`timers.pxd` has the C types).
"""

import heapq

DEAD_MAX = 64
"""So many entries may lie in the heap, beyond two for each timer that stands, before it is made anew."""


class Timers:
    """Timers that stand, and when each is due."""

    def __init__(self) -> None:
        """Begin without any."""
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def set(self, name: str, at_ns: int) -> None:
        """Have the timer come due at `at_ns`, and at no other time that was set before."""
        if self._due.get(name) == at_ns:
            return
        self._due[name] = at_ns
        if len(self._heap) > 2 * len(self._due) + DEAD_MAX:
            self._heap = [(at, each) for each, at in self._due.items()]
            heapq.heapify(self._heap)
        else:
            heapq.heappush(self._heap, (at_ns, name))

    def cancel(self, name: str) -> None:
        """Forget a timer, if it stands."""
        self._due.pop(name, None)

    def next(self, now_ns: int) -> str | None:
        """Return the name of the timer that has been due longest, which stands no more; None if none is due."""
        while self._heap and self._heap[0][0] <= now_ns:
            at_ns, name = heapq.heappop(self._heap)
            if self._due.get(name) == at_ns:
                del self._due[name]
                return name
        return None

    def due_ns(self, otherwise_ns: int) -> int:
        """Return when `next` must be asked again, `otherwise_ns` if that is sooner or no timer stands."""
        return min(self._heap[0][0], otherwise_ns) if self._heap else otherwise_ns
