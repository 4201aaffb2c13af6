"""What a venue lists beside orders, each entry told once: by the venue's own id, in an earlier life as well.

The list is asked for from where the last whole pass had all of it, a little earlier as a venue may list late. What was
there before the account first agreed with its venue is in the balance that it begins with, and is not told. When the
venue says that there was something and not what, it is looked for until it is found, or long enough.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from mesh.context import Context
from schemas.units import SECOND

LATE_NS = 3_600 * SECOND
"""A venue's list may get an entry so much later than younger ones."""
EXPECTED_NS = 60 * SECOND
"""How long to look again and again for what the venue said that there is."""
REMEMBERED_MAX = 16_384

Key = TypeVar("Key", bound=Hashable)


class ListedOnce(Generic[Key]):
    """Which entries were told, and from when on to ask."""

    def __init__(self) -> None:
        """Know of none."""
        self.since_ns = 0
        """When the account first agreed, Unix time; 0 while it has not."""
        self.whole_ns = 0
        """Until when it is known that all was told."""
        self.known: OrderedDict[Key, None] = OrderedDict()
        """What the venue calls those that were told, the oldest first."""
        self._asked_ns = 0
        self._expected_until_ns = 0

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def resume(self, since_ns: int, whole_ns: int, known: Iterable[Key]) -> None:
        """Begin with what an anchor has of the same three."""
        self.since_ns, self.whole_ns = since_ns, whole_ns
        self.known = OrderedDict.fromkeys(known)

    def agreed(self, ts_ns: int) -> None:
        """Take that the account agrees with its venue at that Unix time; entries count from the first time on."""
        self.since_ns = self.since_ns or ts_ns

    def expect(self) -> None:
        """Take note that there was one."""
        self._expected_until_ns = self._ctx.now_ns + EXPECTED_NS

    @property
    def looks_again(self) -> bool:
        """Whether one is expected yet."""
        return self._ctx.now_ns < self._expected_until_ns

    def ask(self) -> tuple[int, int]:
        """Begin to ask; return from when until when, Unix time."""
        self._asked_ns = self._ctx.wall_ns
        return max(self.since_ns, self.whole_ns - LATE_NS), self._asked_ns

    def had_all(self) -> None:
        """Take that a whole pass has had all that was asked for."""
        self.whole_ns = max(self.whole_ns, self._asked_ns)

    def is_new(self, key: Key, ts_event_ns: int) -> bool:
        """Take note of an entry of the venue's list, and return whether it is to be told."""
        if key in self.known or not 0 < self.since_ns <= ts_event_ns:
            return False
        self.note(key, ts_event_ns)
        self._expected_until_ns = 0
        return True

    def note(self, key: Key, ts_event_ns: int) -> None:
        """Take note of one that was told."""
        self.known[key] = None
        self.whole_ns = max(self.whole_ns, ts_event_ns)
        if len(self.known) > REMEMBERED_MAX:
            self.known.popitem(last=False)
