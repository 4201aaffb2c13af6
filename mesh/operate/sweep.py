"""Have the orders of a scope canceled, and look until the venue has confirmed that they are gone.

Execution is asked for what is open before the first cancel leaves, in the same breath, and from then on again and again;
an order is gone when execution does not count it as open any more, which it does on the venue's word alone. Of an account
whose execution does not answer, its reaper is asked the same. The cancel is repeated now and then: an order that was on
its way to the venue shows up late.
"""

import time
from collections.abc import Callable, Sized

import msgspec

from mesh.operate.scope import Scope, VenueAccount
from mesh.transport.client import Client, Question
from schemas.messages import Ack, CancelAll, OpenOrdersAnswer, OpenOrdersRequest
from schemas.orders import Reason

ANSWER_S_MAX = 1.0
"""Who has not answered by then is taken for dead: a live agent takes some milliseconds."""

LOOK_S = 0.01
REPEAT_S = 0.5
NEVER_S = float("inf")

Clock = Callable[[], float]
Pause = Callable[[float], None]


class Swept(msgspec.Struct):
    """What became of the orders of one account."""

    account: VenueAccount
    told_by: str = ""
    """Who tells what is open; empty while nobody does."""
    seen: set[str] = msgspec.field(default_factory=set)
    """Every order that was open at some time since the beginning."""
    last: OpenOrdersAnswer | None = None
    """The last that was told."""
    gone_s: float = 0.0
    """How long it took from the beginning until the last of those that are gone was."""
    refused: str = ""
    """What the teller said when it did not take the cancel on."""

    @property
    def left(self) -> tuple[str, ...]:
        """The orders that are still open, as far as is known."""
        return self.last.open if self.last is not None else ()

    @property
    def gone(self) -> int:
        """How many orders are gone."""
        return len(self.seen) - len(self.left)


class Sweep:
    """The orders of the accounts of a scope, from the operator's word until they are gone."""

    def __init__(
        self,
        client: Client,
        scope: Scope,
        *,
        reason: Reason = Reason.CANCELED_BY_OPERATOR,
        opening_only: bool = False,
        now: Clock = time.monotonic,
        pause: Pause = time.sleep,
    ) -> None:
        """Begin the time, and ask what is open; `opening_only` leaves what reduces a position."""
        self._client = client
        self._opening_only = opening_only
        self._cancel = CancelAll(scope.instrument_id, int(reason), scope.strategy, opening_only)
        self._look = OpenOrdersRequest(scope.strategy, scope.instrument_id)
        self._now, self._pause = now, pause
        self._began_s = now()
        self._repeat_s = NEVER_S
        self._cancels: list[Question] = []
        self.accounts = {account.venue: Swept(account) for account in scope.accounts}
        self._first = client.begin({account.execution: self._look for account in scope.accounts})

    def cancel(self) -> None:
        """Ask for the cancels, of the executions until it is known who answers."""
        self._repeat_s = self._now() + REPEAT_S
        agents = [each.told_by or each.account.execution for each in self.accounts.values()]
        self._cancels.append(self._client.begin(dict.fromkeys(agents, self._cancel)))

    def find_tellers(self) -> None:
        """Take the first answers; of an account whose execution gives none, turn to the reaper."""
        answers = self._client.wait(self._first, ANSWER_S_MAX)
        for each in self.accounts.values():
            self._take(each, each.account.execution, answers.get(each.account.execution))
        self._turn_to_reapers()

    def _turn_to_reapers(self) -> None:
        """Ask the reapers of accounts of which nobody tells, and have them cancel if cancels were asked for."""
        silent = [each for each in self.accounts.values() if not each.told_by]
        reapers = {name: each for each in silent for name in each.account.reapers}
        if not reapers:
            return
        looked = self._client.begin(dict.fromkeys(reapers, self._look))
        if self._cancels:
            self._cancels.append(self._client.begin(dict.fromkeys(reapers, self._cancel)))
            self._repeat_s = self._now() + REPEAT_S
        for name, answer in self._client.wait(looked, ANSWER_S_MAX).items():
            self._take(reapers[name], name, answer)

    def watch(self, deadline_s: float, *, go_on: Callable[[], bool] = lambda: True) -> bool:
        """Look until all orders are gone, and return that they are; give up at `deadline_s` of the clock."""
        while True:
            self.look()
            if self.done or self._now() >= deadline_s or not go_on():
                return self.done
            if self._now() >= self._repeat_s:
                self.cancel()
            self._pause(LOOK_S)

    def look(self) -> None:
        """Ask once more what is open; whoever tells no more is taken for dead."""
        told = {each.told_by: each for each in self.accounts.values() if each.told_by}
        answers = self._client.ask(dict.fromkeys(told, self._look), ANSWER_S_MAX)
        for name, each in told.items():
            self._take(each, name, answers.get(name))
        for question in self._cancels:
            for name, ack in question.answers.items():
                if name in told and isinstance(ack, Ack):
                    told[name].refused = "" if ack.accepted else ack.text
        self._turn_to_reapers()

    @property
    def done(self) -> bool:
        """Whether of every account somebody tells that nothing is left that was to go."""
        return all(each.told_by and each.last and not self._to_go(each.last) for each in self.accounts.values())

    def _to_go(self, answer: OpenOrdersAnswer) -> Sized:
        return answer.canceling if self._opening_only else answer.open

    def _take(self, each: Swept, name: str, answer: object) -> None:
        """Take what an agent says of an account, or that it says nothing."""
        if not isinstance(answer, OpenOrdersAnswer):
            each.told_by = ""
            return
        before = each.gone
        each.told_by, each.last = name, answer
        each.seen.update(answer.open)
        if each.gone != before:
            each.gone_s = self._now() - self._began_s
