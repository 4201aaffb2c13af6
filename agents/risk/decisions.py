"""What risk has decided: the same signal gets the same answer, for ever and across restarts.

Decisions are remembered by (sender, epoch, signal id), the newest of them whole; of older ones only the highest id that
was forgotten, so that a repeat can still be told from a new signal. Everything here is folded from risk's own log.
"""

from collections.abc import Sequence

from agents.state.message_fields import APPROVED_ORIGIN, DENIED_ORIGIN, SIGNAL, DecisionOrigin
from agents.state.recent import Recent
from schemas.figures import DecisionFigures
from schemas.messages import Approved, Denied, Signal
from schemas.orders import Reason

REMEMBERED_MAX = 16_384

Decision = Approved | Denied


class _Asker:
    """The answers to one sender in one of its epochs, by signal id."""

    def __init__(self, sender: int, epoch: int) -> None:
        self.sender = sender
        self.epoch = epoch
        self.answers: dict[int, Decision] = {}
        self.forgotten = -1
        """The highest signal id whose answer was forgotten."""


class Decisions:
    """Answers by signal, and how many there were of each kind."""

    def __init__(self, remembered_max: int = REMEMBERED_MAX) -> None:
        """Start without any."""
        self.approved = 0
        self.denied: dict[str, int] = {}
        self._recent = Recent(remembered_max)
        self._last = _Asker(0, 0)
        """Who was answered last, mostly who asks next too."""
        self._askers = {(0, 0): self._last}

    def add(self, decision: Decision) -> None:
        """Count a decision and remember it as the answer to its signal, unless the signal had one."""
        if type(decision) is Denied:
            name = reason_name(decision.reason)
            self.denied[name] = self.denied.get(name, 0) + 1
        else:
            self.approved += 1
        origin = _origin_of(decision)
        asker = self._last = self._begin(origin.signal_sender.int_of(decision), origin.signal_epoch.int_of(decision))
        signal_id = origin.signal_id.of(decision)
        if signal_id in asker.answers:
            return
        asker.answers[signal_id] = decision
        forgotten = self._recent.push(decision)
        if forgotten is not None:
            self._forget(forgotten)

    def answer_to(self, sender: int, epoch: int, signal: Signal) -> Decision | None:
        """Return the decision on this very signal, None if there is none or it was about something else."""
        asker = self._asker(sender, epoch)
        decision = None if asker is None else asker.answers.get(SIGNAL.signal_id.of(signal))
        return decision if decision is not None and _matches(decision, signal) else None

    def used(self, sender: int, epoch: int, signal_id: int) -> bool:
        """Return whether the id was decided on, or may have been so long ago that the answer is forgotten."""
        asker, number = self._asker(sender, epoch), signal_id
        return asker is not None and (number <= asker.forgotten or signal_id in asker.answers)

    def remembered(self) -> list[Decision]:
        """Return the decisions that are answers, in the order in which they were taken."""
        return self._recent.items()

    def forgotten(self) -> list[tuple[int, int, int]]:
        """Return (sender, epoch, highest signal id whose answer was forgotten) of each asker that has one."""
        askers = self._askers.items()
        return [(sender, epoch, each.forgotten) for (sender, epoch), each in askers if each.forgotten >= 0]

    def resume(
        self,
        approved: int,
        denied: dict[str, int],
        remembered: Sequence[Decision],
        forgotten: Sequence[tuple[int, int, int]],
    ) -> None:
        """Begin with counts and answers as an anchor has them."""
        for decision in remembered:
            self.add(decision)
        for sender, epoch, signal_id in forgotten:
            self._begin(sender, epoch).forgotten = signal_id
        self.approved, self.denied = approved, dict(denied)

    def figures(self) -> DecisionFigures:
        """Return the counts of all epochs."""
        return DecisionFigures(approved=self.approved, denied=dict(sorted(self.denied.items())))

    def _asker(self, sender: int, epoch: int) -> _Asker | None:
        if self._last.sender == sender and self._last.epoch == epoch:
            return self._last
        return self._askers.get((sender, epoch))

    def _begin(self, sender: int, epoch: int) -> _Asker:
        asker = self._asker(sender, epoch)
        if asker is None:
            asker = self._askers[sender, epoch] = _Asker(sender, epoch)
        return asker

    def _forget(self, decision: Decision) -> None:
        origin = _origin_of(decision)
        asker = self._begin(origin.signal_sender.int_of(decision), origin.signal_epoch.int_of(decision))
        signal_id = origin.signal_id.of(decision)
        del asker.answers[signal_id]
        asker.forgotten = max(asker.forgotten, signal_id)


def reason_name(reason: int) -> str:
    """Return the name of a reason code, or the code itself if a later version wrote it."""
    return Reason(reason).name if reason in Reason._value2member_map_ else str(reason)


def _origin_of(decision: Decision) -> DecisionOrigin:
    return DENIED_ORIGIN if type(decision) is Denied else APPROVED_ORIGIN


def _matches(decision: Decision, signal: Signal) -> bool:
    if (decision.strategy, decision.instrument_id) != (signal.strategy, signal.instrument_id):
        return False
    if isinstance(decision, Denied):
        return True
    return _terms_of(decision) == _terms_of(signal)


def _terms_of(order: Approved | Signal) -> tuple[int | str, ...]:
    return (
        order.side,
        order.qty_lots,
        order.price_ticks,
        order.time_in_force,
        order.exec_inst,
        order.lifetime_ms,
        order.take_profit_ticks,
        order.stop_ticks,
        order.replaces,
    )
