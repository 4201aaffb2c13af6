"""What stands behind a submission: a decision of risk, shown as the record that risk published.

A submission has no terms of its own. It carries the record of the decision, and execution acts on what that says if risk's
decision it is: an Approved, published by the very agent that asks, in the very life in which it asks, on the decision
stream of the instrument. A restart of risk voids what it had not submitted before; it never submits it again. That a
decision is acted on once is for the orders to say, which are known by it (`OrderTable.by_decision`).

We chose the record over its position alone, which execution would have to look up in risk's stream: between hosts the
request may come before the publication, or instead of it, and an order would wait for a repair. What we gave up is that
execution compares it with risk's log itself. That the record is in the log before it is shown is the contract of
`Context.published_record`, and the simulation checks every order for it.

This file is compiled (`approval.pxd`).
"""

from agents.execution.order_table import Decision
from agents.state.message_fields import APPROVED
from core.frame import Header, unpack
from mesh.context import Context
from schemas.errors import FrameError
from schemas.messages import Approved
from schemas.streams import Kind, stream_id, stream_name

_DECISIONS = stream_id(Kind.DECISION)


class Approval:
    """A decision that may be acted on: its terms, and where it stands."""

    def __init__(self, terms: Approved, decision: Decision) -> None:
        """Begin with what a record shows."""
        self.terms = terms
        self.decision = decision


def approval_in(record: bytes, asked: Header, ctx: Context) -> Approval | str:
    """Return the approval that `record` shows, submitted by the request with the header `asked`; or why it shows none."""
    try:
        header = unpack(record)
        terms = ctx.message_in(header, record)
    except FrameError as error:
        return f"no decision: {error}"
    if type(terms) is not Approved:
        return f"{type(terms).__name__} is not an approval"
    return _fault(terms, header, asked) or Approval(terms, (header.sender, (header.stream, header.epoch, header.seq)))


def _fault(terms: Approved, header: Header, asked: Header) -> str:
    """Return why an approval is not for whoever asks to submit, empty if it is."""
    if header.sender != asked.sender:
        return f"the decision is of agent {header.sender}, and agent {asked.sender} asks"
    if header.epoch != asked.epoch:
        return f"the decision is of epoch {header.epoch}, and epoch {asked.epoch} asks"
    if header.stream != _DECISIONS + APPROVED.instrument_id.int_of(terms):
        return f"{stream_name(header.stream)} has no decisions on instrument {terms.instrument_id}"
    if header.seq < 1 or header.flags:
        return f"no publication has sequence {header.seq} and flags {header.flags}"
    return ""
