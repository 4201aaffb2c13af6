"""The operator's commands: what is asked of whom, and when it is done.

A mode goes to risk and to execution at once, and each keeps it in its own log: with either of them dead the other holds
it. Closing goes through risk, whose orders these are; with risk dead through execution, which then closes on the
operator's word only what reduces the venue's own position. With execution dead nothing can be closed: the reaper cancels,
and tells what is held.
"""

import time
from collections.abc import Iterable, Mapping, Sequence

from mesh.operate.outcome import AccountOutcome, CommandOutcome, Word, account_outcome
from mesh.operate.scope import Scope, VenueAccount
from mesh.operate.trading_modes import lines_of, operator_mode, scope_text
from mesh.operate.withdrawal import ANSWER_S_MAX, REPEAT_S, Clock, Pause, Withdrawal, Withdrawn
from mesh.transport.client import Client
from schemas.figures import RiskFigures
from schemas.messages import Ack, CancelOrder, Flatten, Message, ResetRequest, SetTradingMode
from schemas.orders import Reason, TradingMode

ACTIVE, REDUCING, HALTED = TradingMode.ACTIVE, TradingMode.REDUCING, TradingMode.HALTED
ALONE_S_MAX = 4.0
COMMANDS = {HALTED: "halt", REDUCING: "reduce"}


class Operator:
    """Asks live agents to do what a person wants done."""

    def __init__(self, client: Client, *, now: Clock = time.monotonic, pause: Pause = time.sleep) -> None:
        """Ask through `client`."""
        self._client = client
        self._now, self._pause = now, pause

    def set_mode(self, scope: Scope, mode: TradingMode, text: str, timeout_s: float) -> CommandOutcome:
        """Halt the scope, or let it only reduce; done when the orders that must go are gone and somebody holds the mode."""
        deadline_s = self._now() + timeout_s
        withdrawal = self._withdrawal(scope, opening_only=mode == REDUCING)
        executions = [account.execution for account in scope.accounts]
        risks = [name for account in scope.accounts for name in account.risks]
        asked = self._client.begin({name: _mode(scope, name, mode, text) for name in (*executions, *risks)})
        withdrawal.cancel()
        withdrawal.find_tellers()
        gone = withdrawal.watch(deadline_s)
        words = _words(asked.asked, self._client.wait(asked, ANSWER_S_MAX), f"{mode.name} is set")
        held = {word.agent for word in words if word.accepted}
        kept = all({account.execution, *account.risks} & held for account in scope.accounts)
        notes = [note for account in scope.accounts if (note := _kept_by(account, held))]
        accounts = _accounts(withdrawal, scope)
        return CommandOutcome(COMMANDS[mode], str(scope), gone and kept, words, accounts, notes=notes)

    def resume(self, scope: Scope, text: str) -> CommandOutcome:
        """Go back one step from what an operator set for exactly this scope; what anything else set stays."""
        named = [name for account in scope.accounts for name in (*account.risks, account.execution)]
        agents = list(dict.fromkeys(named))
        before = self._client.statuses(agents, ANSWER_S_MAX)
        lines = lines_of(before)
        modes = {name: operator_mode(lines.get(name, ()), _own(scope, name)) for name in before}
        highest = max(modes.values(), default=ACTIVE)
        step = TradingMode(max(highest - 1, ACTIVE))
        asked = [name for name, mode in modes.items() if mode > step]
        answers = self._client.ask({name: _mode(scope, name, step, text) for name in asked}, ANSWER_S_MAX)
        words = [
            _word(name, answers.get(name), f"{step.name} is set")
            if name in asked
            else Word(name, True if name in before else None, "nothing to change")
            for name in agents
        ]
        notes = (
            [f"{highest.name} -> {step.name}"] if asked else ["nothing was set by an operator for exactly this scope"]
        )
        if step != ACTIVE:
            notes.append("a second `tickmesh resume` goes on to ACTIVE")
        holds = lines_of(self._client.statuses(before, ANSWER_S_MAX)) if before else {}
        done = all(word.accepted for word in words)
        return CommandOutcome("resume", str(scope), done, words, holds=holds, notes=notes)

    def cancel(self, scope: Scope, timeout_s: float) -> CommandOutcome:
        """Cancel the orders of the scope that are open now; done when they are gone."""
        deadline_s = self._now() + timeout_s
        withdrawal = self._withdrawal(scope, trading=True)
        withdrawal.cancel()
        withdrawal.find_tellers()
        gone = withdrawal.watch(deadline_s)
        return CommandOutcome("cancel", str(scope), gone, [], _accounts(withdrawal, scope))

    def cancel_orders(self, scope: Scope, order_ids: Iterable[str], timeout_s: float) -> CommandOutcome:
        """Cancel single orders by client order id; done when each is gone, now or before."""
        deadline_s = self._now() + timeout_s
        executions = [account.execution for account in scope.accounts]
        words: list[Word] = []
        for each in order_ids:
            message = CancelOrder(each, int(Reason.CANCELED_BY_OPERATOR))
            answers = self._client.ask(dict.fromkeys(executions, message), ANSWER_S_MAX)
            words.append(_word_of_order(each, executions, answers))
        wanted = {word.agent for word in words if word.accepted}
        withdrawal = self._withdrawal(scope, trading=True)
        withdrawal.find_tellers()
        while _left(withdrawal) & wanted and self._now() < deadline_s:
            withdrawal.wait_and_look()
        words = [_ended(word, _left(withdrawal)) for word in words]
        return CommandOutcome("cancel", str(scope), all(word.accepted for word in words), words)

    def flatten(self, scope: Scope, text: str, timeout_s: float) -> CommandOutcome:
        """Close the scope's positions; done when the venue's account is flat and nothing is open.

        What part of the account a strategy holds only risk knows: with one named, it is done when risk says so.
        """
        deadline_s = self._now() + timeout_s
        withdrawal = self._withdrawal(scope)
        words = self._ask_to_close(scope, text)
        withdrawal.find_tellers()
        closing = {word.agent for word in words if word.accepted}
        if any(each.reaped for each in withdrawal.accounts):
            withdrawal.cancel()
        while True:
            left = self._left_to_close(scope, closing)
            pending = [_goes_on(each, scope, closing, bool(left)) for each in withdrawal.accounts]
            if not any(pending) or self._now() >= deadline_s:
                break
            withdrawal.wait_and_look()
        accounts = _accounts(withdrawal, scope)
        flat = all(_is_closed(each, scope, closing, bool(left)) for each in withdrawal.accounts)
        notes = left if flat or not closing else [*left, "closing goes on until `tickmesh flatten --end`"]
        return CommandOutcome("flatten", str(scope), flat, words, accounts, notes=notes)

    def end_flatten(self, scope: Scope, text: str) -> CommandOutcome:
        """Have nothing closed any more; what is halted stays so."""
        words = self._ask_to_close(scope, text, ended=True)
        done = all(word.accepted for word in words)
        return CommandOutcome(
            "flatten", str(scope), done, words, notes=["nothing is closed any more; what is halted stays so"]
        )

    def reset(self, names: Sequence[str], request: ResetRequest) -> CommandOutcome:
        """Have peak, day's start or balances begin anew."""
        words = _words(names, self._client.ask(dict.fromkeys(names, request), ANSWER_S_MAX), "done")
        return CommandOutcome("reset", ", ".join(names), all(word.accepted for word in words), words)

    def _withdrawal(self, scope: Scope, *, opening_only: bool = False, trading: bool = False) -> Withdrawal:
        return Withdrawal(
            self._client, scope, opening_only=opening_only, trading=trading, now=self._now, pause=self._pause
        )

    def _left_to_close(self, scope: Scope, closing: set[str]) -> list[str]:
        """Return what the risks that close the scope say is left of it."""
        risks = [name for account in scope.accounts for name in account.risks if name in closing]
        told = self._client.statuses(risks, ANSWER_S_MAX) if risks else {}
        account = scope.one.execution if scope.one is not None else ""
        own = scope_text(scope.strategy, scope.instrument_id, account)
        found = [status.figures for status in told.values() if isinstance(status.figures, RiskFigures)]
        lines = [line for each in found for line in each.flattening]
        return [f"closing {line}" for line in lines if line.startswith(f"{own}: ")]

    def _ask_to_close(self, scope: Scope, text: str, *, ended: bool = False) -> list[Word]:
        """Ask the risks, and the executions of those that do not answer (or of all, where it is to end).

        Execution closes nothing while it takes risk for alive, which it does for a second longer than risk is.
        """

        def flatten(agents: Iterable[str]) -> dict[str, Message]:
            terms = (text, scope.strategy, scope.instrument_id, ended)
            return {name: Flatten(*terms, scope.venue_id(name)) for name in agents}

        risks = list(dict.fromkeys(name for account in scope.accounts for name in account.risks))
        answers = self._client.ask(flatten(risks), ANSWER_S_MAX)
        alone = [a.execution for a in scope.accounts if ended or not any(name in answers for name in a.risks)]
        words = _words(risks, answers, "begun")
        until_s = self._now() + ALONE_S_MAX
        while True:
            of_executions = _words(alone, self._client.ask(flatten(alone), ANSWER_S_MAX), "begun")
            if all(word.accepted is not False for word in of_executions) or self._now() >= until_s:
                return words + of_executions
            self._pause(REPEAT_S)


def _mode(scope: Scope, agent: str, mode: TradingMode, text: str) -> SetTradingMode:
    """Return what sets a mode at an agent."""
    return SetTradingMode(int(mode), text, scope.strategy, scope.instrument_id, scope.venue_id(agent))


def _own(scope: Scope, agent: str) -> str:
    """Return the scope as it stands in the lines of an agent's modes."""
    return scope_text(scope.strategy, scope.instrument_id, scope.venue_id(agent))


def _words(agents: Iterable[str], answers: Mapping[str, Message], done: str) -> list[Word]:
    """Return what each agent said; `done` is what it says if it was asked something and did it without a word."""
    return [_word(name, answers.get(name), done) for name in agents]


def _word(name: str, answer: Message | None, done: str) -> Word:
    if answer is None:
        return Word(name, None)
    if not isinstance(answer, Ack):
        return Word(name, False, f"answered with {type(answer).__name__}")
    return Word(name, answer.accepted, done if answer.accepted else answer.text)


def _kept_by(account: VenueAccount, held: set[str]) -> str:
    """Return who alone keeps the mode of an account, empty if risk and execution do, or none."""
    keepers = [name for name in (*account.risks, account.execution) if name in held]
    if not keepers or len(keepers) == 1 + len(account.risks):
        return ""
    return f"{', '.join(keepers)} alone keeps it at {account.venue}: repeat the command when the others are back"


def _word_of_order(order_id: str, executions: Sequence[str], answers: Mapping[str, Message]) -> Word:
    """Return what the executions said of one order: that of the one that knows it, if one does."""
    acks = {name: ack for name, ack in answers.items() if isinstance(ack, Ack)}
    for ack in acks.values():
        if ack.accepted:
            return Word(order_id, True, "canceled, as the venue confirmed")
        if ack.reason == Reason.ALREADY_TERMINAL:
            return Word(order_id, True, f"had ended before: {ack.text}")
    silent = [name for name in executions if name not in acks]
    if silent:
        return Word(order_id, None if len(silent) == len(executions) else False, f"no answer from {', '.join(silent)}")
    return Word(order_id, False, f"not an order of {', '.join(executions)}")


def _ended(word: Word, left: set[str]) -> Word:
    return Word(word.agent, False, "still open when the time was over") if word.agent in left else word


def _left(withdrawal: Withdrawal) -> set[str]:
    return {order_id for each in withdrawal.accounts for order_id in each.left}


def _is_closed(each: Withdrawn, scope: Scope, closing: set[str], left: bool) -> bool:
    """Return whether what is to be closed of an account is; `left` is whether risk says that something is left."""
    if scope.strategy and closing.intersection(each.account.risks):
        return bool(each.told_by) and not each.reaped and not each.left and not left
    return account_outcome(each, scope.symbol).flat


def _goes_on(each: Withdrawn, scope: Scope, closing: set[str], left: bool) -> bool:
    """Return whether something is still to come of closing an account: of who closes it, or of the reaper's cancels."""
    if not each.told_by or _is_closed(each, scope, closing, left):
        return False
    if each.reaped:
        return bool(each.left)
    return bool(closing & {each.account.execution, *each.account.risks})


def _accounts(withdrawal: Withdrawal, scope: Scope) -> list[AccountOutcome]:
    return [account_outcome(each, scope.symbol) for each in withdrawal.accounts]
