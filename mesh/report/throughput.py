"""How many messages a second each agent takes and publishes, from the statuses that it gives one after the other.

Counts begin anew with an agent's process, but the sequences of event streams go on: what a new process published is what
its streams grew by, and of its other streams all that they hold. What an agent did before the first status does not count.
"""

from collections.abc import Mapping

import msgspec

from schemas.messages import AgentStatus
from schemas.streams import StreamClass, stream_class


class Rate(msgspec.Struct, frozen=True):
    """Messages a second of one agent: those of its subscriptions, and those that it published."""

    received_per_s: float = 0.0
    published_per_s: float = 0.0


class Meter:
    """Follows the statuses of all agents: their rates now, and over all the time so far."""

    def __init__(self) -> None:
        """Begin without any status."""
        self._last: dict[str, AgentStatus] = {}
        self._last_s = 0.0
        self._first_s: float | None = None
        self._received: dict[str, int] = {}
        self._published: dict[str, int] = {}
        self.now: dict[str, Rate] = {}
        """Between the last two looks."""

    def look(self, statuses: Mapping[str, AgentStatus], at_s: float) -> None:
        """Take the statuses of a moment; of an agent without one, the next counts from the last that it gave."""
        seconds = at_s - self._last_s
        now: dict[str, Rate] = {}
        for name, status in statuses.items():
            before = self._last.get(name, status)
            received, published = _received(before, status), _published(before, status)
            self._received[name] = self._received.get(name, 0) + received
            self._published[name] = self._published.get(name, 0) + published
            now[name] = _rate(received, published, seconds)
        self.now = now
        self._last |= statuses
        self._last_s = at_s
        if self._first_s is None:
            self._first_s = at_s

    def mean(self) -> dict[str, Rate]:
        """Return the rates between the first look and the last."""
        seconds = self._last_s - (self._first_s or 0.0)
        return {name: _rate(n, self._published[name], seconds) for name, n in self._received.items()}


def _rate(received: int, published: int, seconds: float) -> Rate:
    return Rate(round(received / seconds, 1), round(published / seconds, 1)) if seconds > 0 else Rate()


def _received(before: AgentStatus, after: AgentStatus) -> int:
    earlier = _taken(before) if before.epoch == after.epoch else 0
    return max(0, _taken(after) - earlier)


def _taken(status: AgentStatus) -> int:
    return sum(link.received + link.repaired for link in status.links)


def _published(before: AgentStatus, after: AgentStatus) -> int:
    return sum(
        max(0, seq - (before.published.get(stream, 0) if _goes_on(stream, before, after) else 0))
        for stream, seq in after.published.items()
    )


def _goes_on(stream: int, before: AgentStatus, after: AgentStatus) -> bool:
    return before.epoch == after.epoch or stream_class(stream) is StreamClass.EVENT
