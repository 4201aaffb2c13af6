"""The second private stream: its subscription, what it keeps, and what of that only it told."""

from agents.execution.spare_stream import SpareStream
from agents.venues.binance.spot_account import SpotAccount
from agents.venues.reports import BalanceReport
from schemas.config import VenueConfig
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.venue_replies import subscribed

ACCOUNT = SpotAccount(VenueConfig(id=1, name="b", kind="binance_spot"), [])


def balance(free):
    body = f'{{"e":"outboundAccountPosition","B":[{{"a":"BTC","f":"{free}","l":"0"}}]}}'
    return f'{{"subscriptionId":0,"event":{body}}}'.encode()


class Desk:
    def __init__(self):
        self.ctx = FakeContext()
        self.ready = 0
        self.spare = SpareStream("user+", ACCOUNT, self.on_ready)
        self.spare.on_socket(self.ctx, True, 4)

    def on_ready(self):
        self.ready += 1

    def tell(self, frame):
        self.spare.on_frame(self.ctx, frame, ACCOUNT.private_events(frame))


def test_it_subscribes_on_its_own_connection_and_says_when_that_is_acknowledged():
    desk = Desk()
    assert [(connection, message["id"]) for connection, message, _ in desk.ctx.sent] == [("user+", "user-4")]
    desk.tell(subscribed(3))
    assert (desk.ready, desk.spare.subscribed) == (0, False)
    desk.tell(subscribed(4))
    assert (desk.ready, desk.spare.subscribed) == (1, True)
    assert desk.ctx.counters == {"subscription_replies_old": 1}


def test_a_refusal_is_counted():
    desk = Desk()
    desk.tell(b'{"id":"user-4","status":400,"error":{"code":-1022,"msg":"Signature invalid."}}')
    assert not desk.spare.subscribed
    assert desk.ctx.counters == {"subscriptions_refused": 1}


def test_what_the_first_stream_told_too_is_not_told_again():
    desk = Desk()
    desk.spare.note(balance("1"))
    desk.spare.note(balance("2"))
    for free in ("2", "3"):
        desk.tell(balance(free))
    assert desk.spare.untold() == [BalanceReport({"BTC": 300_000_000})]


def test_a_connection_that_is_lost_forgets_what_it_told():
    desk = Desk()
    desk.tell(subscribed(4))
    desk.tell(balance("3"))
    desk.spare.on_socket(desk.ctx, False, 4)
    assert not desk.spare.subscribed
    assert desk.spare.untold() == []
