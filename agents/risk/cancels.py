"""Passes cancels on to execution, in every state, and brings back its answer: one of one account, or of several together.

An order's cancel goes to the account that has the order; where none is known to have it, to all, and of their answers that
counts which took it on, or else which does not just say that it knows no such order. What is to be canceled on several
accounts has been taken on when each has taken it on.
"""

from agents.risk.desk import Desk
from agents.risk.judged_account import JudgedAccount
from mesh.context import Context, Outcome, Reply, Request
from schemas.messages import Ack, CancelAll, CancelOrder
from schemas.orders import Reason


class _Passed:
    """A request that was passed on, and the answers that have come."""

    def __init__(self, request: Request, count: int) -> None:
        self.request = request
        self.waiting = count
        self.answer: Ack | None = None


class Cancels:
    """The cancels of a desk that are under way."""

    def __init__(self, desk: Desk, ttl_ms: int) -> None:
        """Begin with none; a cancel that has no time to live of its own has `ttl_ms`."""
        self._desk = desk
        self._ttl_ms = ttl_ms
        self._passed: dict[int, _Passed] = {}

    def take(self, ctx: Context, request: Request, cancel: CancelOrder | CancelAll) -> None:
        """Pass a cancel on."""
        accounts = self._accounts(cancel)
        if not accounts:
            text = "the instrument is traded on no account"
            ctx.reply(request, Ack(accepted=False, reason=int(Reason.INSTRUMENT_NOT_FOUND), text=text))
            return
        passed = _Passed(request, len(accounts))
        ttl_ms = request.header.ttl_ms or self._ttl_ms
        for own in accounts:
            request_id = ctx.request(own.execution, cancel, ttl_ms=ttl_ms, corr=request.header.corr)
            self._passed[request_id] = passed

    def take_reply(self, ctx: Context, reply: Reply) -> bool:
        """Take execution's answer; return whether it was to one of these."""
        passed = self._passed.pop(reply.request_id, None)
        if passed is None:
            return False
        passed.waiting -= 1
        answer = ack_of(reply)
        any_is_enough = isinstance(reply.request, CancelOrder)
        if passed.answer is None or _says_more(answer, passed.answer, any_is_enough):
            passed.answer = answer
        if passed.waiting == 0:
            ctx.reply(passed.request, passed.answer)
        return True

    def _accounts(self, cancel: CancelOrder | CancelAll) -> list[JudgedAccount]:
        if isinstance(cancel, CancelAll):
            return self._desk.trading(cancel.instrument_id)
        own = self._desk.with_order(cancel.client_order_id)
        return list(self._desk.accounts) if own is None else [own]


def _says_more(answer: Ack, before: Ack, any_is_enough: bool) -> bool:
    """Return whether of two accounts' answers the second is the one to bring back."""
    if any_is_enough:
        return not before.accepted and (answer.accepted or before.reason == Reason.ORDER_NOT_FOUND)
    return before.accepted and not answer.accepted


def ack_of(reply: Reply) -> Ack:
    """Return the answer of execution, or one that says why there is none."""
    if isinstance(reply.message, Ack):
        return reply.message
    unsent = reply.outcome is Outcome.NOT_SENT
    reason = Reason.EXECUTION_UNAVAILABLE if unsent else Reason.OUTCOME_UNKNOWN
    return Ack(accepted=False, reason=int(reason), text=f"execution: {reply.outcome.name}")
