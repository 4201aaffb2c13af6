"""What an operator has booked: from a portfolio of the account only, as a transfer on the order stream."""

from agents.execution.bookings import Bookings
from mesh.context import Request
from schemas.messages import Ack, Transfer
from schemas.orders import Reason
from tests.unit.agents.execution.execution_desk import STREAM, working

BOOKED = Transfer("BTC", "-0.1", 1, 1, "looked into")


def asked(transfer, client="folio"):
    """Return the answer to a portfolio's request, and what execution published on it."""
    desk = working()
    desk.ctx.take()
    bookings = Bookings(desk.agent._desk, STREAM, frozenset({"folio"}))
    request = Request(client, None, transfer, b"")
    bookings.book(request, transfer)
    return desk.ctx.answer_to(request), desk.ctx.messages(STREAM)


def test_a_transfer_is_published_as_it_was_asked():
    assert asked(BOOKED) == (Ack(True), [BOOKED])


def test_transfers_are_taken_from_portfolios_of_the_account_only():
    answer, published = asked(BOOKED, client="signal")
    assert (answer.accepted, answer.reason, published) == (False, Reason.FENCED, [])


def test_what_is_no_amount_is_not_booked():
    answer, published = asked(Transfer("BTC", "1e3", 1, 1))
    assert (answer.accepted, answer.text, published) == (False, "'1e3' is not a plain decimal such as 12.5", [])
