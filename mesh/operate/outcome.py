"""What an operator's word did, account by account: for programs one object, for people a line for each fact.

A word is done when the venue's account says so. The exit status follows: 0 if all is done, 69 if no agent answered at all,
else 1.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from mesh.operate.withdrawal import Withdrawn
from schemas.errors import ExitStatus

IDS_MAX = 5
NAME_WIDTH = 11


class Word(msgspec.Struct, frozen=True):
    """What one agent answered; `accepted` is null if it did not."""

    agent: str
    accepted: bool | None
    text: str = ""

    def __str__(self) -> str:
        if self.accepted is None:
            return f"{self.agent}: no answer"
        return f"{self.agent}: {self.text}" if self.accepted else f"{self.agent}: refused: {self.text}"


class AccountOutcome(msgspec.Struct, frozen=True):
    """One account: who tells of it (empty: nobody), how many orders are gone, in what time, what is left and held.

    Gone is what the venue has confirmed: canceled, or filled before the cancel came. `positions` are those of the venue's
    account, null if they are not known; `trouble` says why, or why an agent did not do what it was asked.
    """

    venue: str
    told_by: str
    gone: int
    gone_ms: float
    left: list[str]
    unknown: list[str]
    positions: dict[str, Decimal] | None
    trouble: str = ""

    @property
    def flat(self) -> bool:
        """Whether it is known that nothing is open and nothing held."""
        return bool(self.told_by) and not self.left and self.positions == {}


class CommandOutcome(msgspec.Struct, frozen=True):
    """What a command did. `notes` are what is to be known beside it, `holds` the trading modes that are set now."""

    command: str
    scope: str
    done: bool
    words: list[Word]
    accounts: list[AccountOutcome] = []
    holds: dict[str, list[str]] = {}
    notes: list[str] = []

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status of the command."""
        if self.done:
            return ExitStatus.OK
        answered = any(word.accepted is not None for word in self.words) or any(each.told_by for each in self.accounts)
        return ExitStatus.FAILED if answered else ExitStatus.UNAVAILABLE


def account_outcome(withdrawn: Withdrawn, symbol: str = "") -> AccountOutcome:
    """Return what became of an account's orders; of its positions only that in `symbol`, if one is given."""
    last = withdrawn.last if withdrawn.told_by else None
    positions = None
    if last is not None and not last.trouble:
        held = {name: Decimal(text) for name, text in last.positions.items() if not symbol or name == symbol}
        positions = {name: qty for name, qty in held.items() if qty}
    return AccountOutcome(
        venue=withdrawn.account.venue,
        told_by=withdrawn.told_by,
        gone=withdrawn.gone,
        gone_ms=round(withdrawn.gone_s * 1e3, 1),
        left=list(withdrawn.left),
        unknown=list(last.unknown) if last is not None else [],
        positions=positions,
        trouble=withdrawn.refused or (last.trouble if last is not None else ""),
    )


def encode(outcome: CommandOutcome) -> bytes:
    """Return the outcome as one JSON object; decimals are numbers, digit for digit."""
    return msgspec.json.Encoder(decimal_format="number").encode(outcome)


def text(outcome: CommandOutcome) -> str:
    """Return the outcome as lines for people."""
    return "\n".join(f"{name:{NAME_WIDTH}} {told}" for name, told in _lines(outcome))


def _lines(outcome: CommandOutcome) -> Iterator[tuple[str, str]]:
    yield outcome.command, outcome.scope
    for word in outcome.words:
        yield "told", str(word)
    for account in outcome.accounts:
        for told in _account_lines(account):
            yield account.venue, told
    for agent, modes in outcome.holds.items():
        for mode in modes:
            yield "holds", f"{agent}: {mode}"
    for note in outcome.notes:
        yield "note", note


def _account_lines(account: AccountOutcome) -> Iterator[str]:
    if not account.told_by:
        yield "nobody tells what is open and what is held: neither execution nor a reaper answers; look at the venue"
    else:
        took = f" in {account.gone_ms:.0f} ms" if account.gone else ""
        yield f"{account.gone} orders gone{took}, as the venue confirmed to {account.told_by}; {len(account.left)} left"
    if account.left:
        yield f"left: {_ids(account.left)}"
    if account.unknown:
        yield f"not known what became of: {_ids(account.unknown)}"
    if account.positions is not None:
        held = ", ".join(f"{symbol} {qty:f}" for symbol, qty in account.positions.items())
        yield f"positions: {held or 'none'}"
    if account.trouble:
        yield f"trouble: {account.trouble}"


def _ids(found: list[str]) -> str:
    more = f" and {len(found) - IDS_MAX} more" if len(found) > IDS_MAX else ""
    return ", ".join(found[:IDS_MAX]) + more
