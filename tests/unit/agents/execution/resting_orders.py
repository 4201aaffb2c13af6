"""Orders that rest at the venue, for tests of what cancels them."""

import msgspec

from schemas.orders import Side
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import LOT, ORDER, Desk
from tests.unit.agents.submissions import approved, submission


def rest(desk, client_id, venue_id, side=Side.BUY, strategy="maker", qty=LOT, **terms):
    """Have an order on these terms taken on, and accepted by the venue."""
    decision = approved(client_id, qty=qty, side=side, strategy=strategy)
    assert desk.ask(submission(msgspec.structs.replace(decision, **terms))).accepted
    desk.answer("POST", ORDER, venue.order_body(client_id, venue_id, side=Side(side).name, qty=f"{qty / LOT:.5f}"))


def hold(desk, qty="1.00000"):
    """Have the account buy `qty` of the instrument."""
    rest(desk, "held", 99, qty=round(float(qty) * LOT))
    desk.event(venue.fill_report("held", 1, qty, qty, 99, "FILLED", q=qty, N="USDT"))


def desk_with_all_kinds(**more):
    """A desk that holds 1, and has an order that closes it, two of two strategies that open, and one placed by hand."""
    desk = Desk(**more)
    hold(desk)
    rest(desk, "close", 1, Side.SELL)
    rest(desk, "open", 2)
    rest(desk, "other", 3, strategy="taker")
    desk.event(venue.report("by-hand", 4))
    return desk


NAMES = {"1": "close", "2": "open", "3": "other", "4": "by-hand"}


def canceled(desk):
    """Return the orders of `desk_with_all_kinds` whose cancel is out."""
    return {NAMES[call.params["orderId"]] for call in desk.ctx.calls.values() if call.method == "DELETE"}


def confirm(desk):
    """Have the venue confirm every cancel that is out."""
    for number, call in list(desk.ctx.calls.items()):
        if call.method == "DELETE":
            venue_id = call.params["orderId"]
            side = "SELL" if venue_id == "1" else "BUY"
            body = venue.order_body(NAMES.get(venue_id, "T1"), int(venue_id), status="CANCELED", side=side)
            desk.ctx.respond(desk.agent, number, body)


def listed():
    """Return what the venue lists as open: the orders of `desk_with_all_kinds`."""
    orders = [venue.order_body(n, int(i), side="SELL" if n == "close" else "BUY") for i, n in NAMES.items()]
    return venue.orders_body(*orders)
