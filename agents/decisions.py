"""What risk has decided: the same signal gets the same answer, for ever and across restarts.

Decisions are remembered by (sender, epoch, signal id), the newest of them whole; of older ones only the highest id that
was forgotten, so that a repeat can still be told from a new signal. Everything here is folded from risk's own log.
"""

from collections import deque

from schemas.messages import Approved, Denied, Signal
from schemas.orders import Reason

REMEMBERED_MAX = 65_536

Decision = Approved | Denied


class Decisions:
    """Answers by signal, and how many there were of each kind."""

    def __init__(self, remembered_max: int = REMEMBERED_MAX) -> None:
        """Start without any."""
        self.approved = 0
        self.denied: dict[str, int] = {}
        self._remembered_max = remembered_max
        self._answers: dict[tuple[int, int, int], Decision] = {}
        self._order: deque[tuple[int, int, int]] = deque()
        self._forgotten: dict[tuple[int, int], int] = {}

    def add(self, decision: Decision) -> None:
        """Count a decision and remember it as the answer to its signal, unless the signal had one."""
        if type(decision) is Denied:
            name = reason_name(decision.reason)
            self.denied[name] = self.denied.get(name, 0) + 1
        else:
            self.approved += 1
        key = (decision.signal_sender, decision.signal_epoch, decision.signal_id)
        if key in self._answers:
            return
        self._answers[key] = decision
        self._order.append(key)
        if len(self._answers) > self._remembered_max:
            oldest = self._order.popleft()
            del self._answers[oldest]
            sender, epoch, signal_id = oldest
            self._forgotten[sender, epoch] = max(signal_id, self._forgotten.get((sender, epoch), -1))

    def answer_to(self, sender: int, epoch: int, signal: Signal) -> Decision | None:
        """Return the decision on this very signal, None if there is none or it was about something else."""
        decision = self._answers.get((sender, epoch, signal.signal_id))
        return decision if decision is not None and _matches(decision, signal) else None

    def used(self, sender: int, epoch: int, signal_id: int) -> bool:
        """Return whether the id was decided on, or may have been so long ago that the answer is forgotten."""
        key = (sender, epoch, signal_id)
        return key in self._answers or signal_id <= self._forgotten.get(key[:2], -1)

    def figures(self) -> dict[str, object]:
        """Return the counts of all epochs."""
        return {"approved": self.approved, "denied": dict(sorted(self.denied.items()))}


def reason_name(reason: int) -> str:
    """Return the name of a reason code, or the code itself if a later version wrote it."""
    return Reason(reason).name if reason in Reason._value2member_map_ else str(reason)


def _matches(decision: Decision, signal: Signal) -> bool:
    if (decision.strategy, decision.instrument_id) != (signal.strategy, signal.instrument_id):
        return False
    if isinstance(decision, Denied):
        return True
    asked = (signal.side, signal.qty_lots, signal.price_ticks, signal.time_in_force)
    return asked == (decision.side, decision.qty_lots, decision.price_ticks, decision.time_in_force)
