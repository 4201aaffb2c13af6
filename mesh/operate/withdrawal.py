"""Have the orders of a scope canceled, and look until the venue has confirmed that they are gone.

Execution is asked for what is open before the first cancel leaves, in the same breath, and from then on again and again;
an order is gone when execution does not count it as open any more, which it does on the venue's word alone. Of an account
whose execution does not answer, its reaper is asked the same. It knows orders by their instrument only, so that it cancels
what reduces a position too, and of a single strategy nothing on an operator's word: all of the account it cancels by
itself, when execution was silent for long enough.

Where nothing new may come, the cancel is repeated now and then: an order that was on its way to the venue shows up late.
Where trading goes on, what is to go is what was open at the beginning.
"""

import time
from collections.abc import Callable, Iterable, Sequence

import msgspec

from mesh.operate.scope import Scope, VenueAccount
from mesh.transport.client import Client, Question
from schemas.messages import Ack, CancelAll, OpenOrdersAnswer, OpenOrdersRequest
from schemas.orders import Reason

ANSWER_S_MAX = 1.0
"""Who has not answered by then is taken for dead: a live agent takes some milliseconds."""

REAPER_S_MAX = 3.0
"""A reaper asks the venue before it answers."""

LOOK_S, REAPER_LOOK_S = 0.01, 0.5
REPEAT_S = 0.5
NEVER_S = float("inf")

Clock = Callable[[], float]
Pause = Callable[[float], None]


class Withdrawn(msgspec.Struct):
    """What became of the orders of one account."""

    account: VenueAccount
    told_by: str = ""
    """Who tells what is open; empty while nobody does."""
    seen: set[str] = msgspec.field(default_factory=set)
    """The orders that were open: at the beginning, or at any time since."""
    last: OpenOrdersAnswer | None = None
    """The last that was told."""
    gone_s: float = 0.0
    """How long it took from the beginning until the last of those that are gone was."""
    refused: str = ""
    """What the teller said when it did not take the cancel on."""

    @property
    def left(self) -> list[str]:
        """Those of them that are still open, as far as is known."""
        return [each for each in self.last.open if each in self.seen] if self.last is not None else []

    @property
    def gone(self) -> int:
        """How many of them are gone."""
        return len(self.seen) - len(self.left)

    @property
    def reaped(self) -> bool:
        """Whether the reaper tells, because execution does not."""
        return self.told_by in self.account.reapers


class Withdrawal:
    """The orders of the accounts of a scope, from the operator's word until they are gone."""

    def __init__(
        self,
        client: Client,
        scope: Scope,
        *,
        reason: Reason = Reason.CANCELED_BY_OPERATOR,
        opening_only: bool = False,
        own_only: bool = False,
        trading: bool = False,
        now: Clock = time.monotonic,
        pause: Pause = time.sleep,
    ) -> None:
        """Begin the time, and ask what is open.

        Args:
            client: Who asks.
            scope: Which orders.
            reason: Why they are canceled.
            opening_only: Leave what reduces a position.
            own_only: Leave orders that others made on the account, as execution does with this reason.
            trading: New orders may come, and are left alone.
            now: Seconds, from anywhere.
            pause: What lets time pass.
        """
        self._client = client
        self._scope = scope
        self._leaves_some = opening_only or own_only
        self._trading = trading
        self._cancel = CancelAll(scope.instrument_id, int(reason), scope.strategy, opening_only)
        self._look = OpenOrdersRequest(scope.strategy, scope.instrument_id)
        self._now, self._pause = now, pause
        self._began_s = now()
        self._repeat_s = NEVER_S
        self._cancels: list[Question] = []
        self.accounts = [Withdrawn(account) for account in scope.accounts]
        self._first = client.begin({account.execution: self._look for account in scope.accounts})

    def cancel(self) -> None:
        """Ask for the cancels: the executions, as long as it is not known that they are dead."""
        self._repeat_s = NEVER_S if self._trading else self._now() + REPEAT_S
        alive = [each.account.execution for each in self.accounts if not each.reaped]
        self._cancels.append(self._client.begin(dict.fromkeys(alive, self._cancel)))
        self._have_reaped([each.told_by for each in self.accounts if each.reaped])

    def find_tellers(self) -> None:
        """Take the first answers; of an account whose execution gives none, turn to the reaper."""
        answers = self._client.wait(self._first, ANSWER_S_MAX)
        for each in self.accounts:
            self._take(each, each.account.execution, answers.get(each.account.execution))
        self._turn_to_reapers()

    def watch(self, deadline_s: float, *, go_on: Callable[[], bool] = lambda: True) -> bool:
        """Look until all orders are gone, and return that they are; give up at `deadline_s` of the clock."""
        while True:
            self.wait_and_look()
            if self.done or self._now() >= deadline_s or not go_on():
                return self.done
            if self._now() >= self._repeat_s:
                self.cancel()

    def wait_and_look(self) -> None:
        """Ask once more what is open, in a while; whoever tells no more is taken for dead."""
        self._pause(REAPER_LOOK_S if any(each.reaped for each in self.accounts) else LOOK_S)
        told = {each.told_by: each for each in self.accounts if each.told_by}
        timeout_s = REAPER_S_MAX if any(each.reaped for each in self.accounts) else ANSWER_S_MAX
        answers = self._client.ask(dict.fromkeys(told, self._look), timeout_s)
        for name, each in told.items():
            self._take(each, name, answers.get(name))
        for question in self._cancels:
            for name, ack in question.answers.items():
                if name in told and isinstance(ack, Ack):
                    told[name].refused = "" if ack.accepted else ack.text
        self._turn_to_reapers()

    @property
    def done(self) -> bool:
        """Whether of every account somebody tells that nothing is left that was to go, as of the last look."""
        return all(each.told_by and not self.still_open(each) for each in self.accounts)

    def still_open(self, each: Withdrawn) -> Sequence[str]:
        """Return the orders of an account that are to go and are not gone."""
        if self._leaves_some and not each.reaped:
            return each.last.canceling if each.last is not None else ()
        return each.left

    def _turn_to_reapers(self) -> None:
        """Ask the reapers of accounts of which nobody tells, and have them cancel if cancels were asked for."""
        reapers = {name: each for each in self.accounts if not each.told_by for name in each.account.reapers}
        if not reapers:
            return
        looked = self._client.begin(dict.fromkeys(reapers, self._look))
        if self._cancels:
            self._have_reaped(reapers)
        for name, answer in self._client.wait(looked, REAPER_S_MAX).items():
            self._take(reapers[name], name, answer)

    def _have_reaped(self, reapers: Iterable[str]) -> None:
        if not self._scope.strategy:
            message = CancelAll(self._scope.instrument_id, self._cancel.reason)
            self._cancels.append(self._client.begin(dict.fromkeys(reapers, message)))
            self._repeat_s = self._now() + REPEAT_S

    def _take(self, each: Withdrawn, name: str, answer: object) -> None:
        """Take what an agent says of an account, or that it says nothing."""
        if not isinstance(answer, OpenOrdersAnswer):
            each.told_by = ""
            return
        before = each.gone
        if each.last is None or not self._trading:
            each.seen.update(answer.open)
        each.told_by, each.last = name, answer
        if each.gone != before:
            each.gone_s = self._now() - self._began_s
