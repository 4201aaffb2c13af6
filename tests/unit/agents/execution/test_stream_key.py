"""A private stream whose address has a key: asked for, made to last, followed when it changes; and an unfit account."""

import msgspec

from agents.execution.agent import build
from agents.venues.connection_life import ConnectionLife
from schemas.messages import Ack
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import SECOND, VenueContext, config, submit

KEY, CONFIG, ORDER, TIME = "/fapi/v1/listenKey", "/fapi/v1/accountConfig", "/fapi/v1/order", "/fapi/v1/time"
EXPIRED = b'{"e":"listenKeyExpired","E":1736996475556,"listenKey":"one"}'
MINUTE = 60 * SECOND
ACCOUNT = (
    b'{"assets":[],"totalMarginBalance":"0","availableBalance":"0","totalInitialMargin":"0","totalMaintMargin":"0"}'
)
ANSWERS = {
    "/fapi/v1/openOrders": b"[]",
    "/fapi/v1/userTrades": b"[]",
    "/fapi/v3/account": ACCOUNT,
    "/fapi/v3/positionRisk": b"[]",
    "/fapi/v1/symbolConfig": b"[]",
    "/fapi/v1/income": b"[]",
    "/fapi/v1/countdownCancelAll": b'{"symbol":"BTCUSDT","countdownTime":"60000"}',
}


def url(key):
    return f"wss://fstream.binance.com/private/ws?listenKey={key}"


class Desk:
    """An execution agent on USDT-M; whatever is asked but the key is answered when `settle` is called."""

    def __init__(self, hedges=False):
        found = config()
        venues = (msgspec.structs.replace(found.venues[0], kind="binance_usdm"),)
        self.ctx = VenueContext()
        self.ctx.tells_time = False
        self.hedges = hedges
        self.asked = 0
        self.agent = build("execution", msgspec.structs.replace(found, venues=venues))
        self.agent.bind(self.ctx)
        self.agent.start()

    @property
    def stream(self):
        """Where the private stream was opened; its other connections beside it."""
        return {name: at for name, at in self.ctx.opened.items() if name != "orders"}

    @property
    def figures(self):
        return self.agent.figures()

    def settle(self):
        config_body = b'{"dualSidePosition":true}' if self.hedges else b'{"dualSidePosition":false}'
        answers = {**ANSWERS, CONFIG: config_body, TIME: venue.time_body(self.ctx.wall_ns)}
        while waiting := [(number, call) for number, call in self.ctx.calls.items() if call.path in answers]:
            for number, call in waiting:
                self.ctx.respond(self.agent, number, answers[call.path])

    def keys_asked(self):
        return len(self.ctx.pending("POST", KEY))

    def name(self, key):
        """Answer whoever asked for the key."""
        for number in self.ctx.pending("POST", KEY):
            self.ctx.respond(self.agent, number, b'{"listenKey":"%b"}' % key.encode())

    def refuse(self):
        for number in self.ctx.pending("POST", KEY):
            self.ctx.respond(self.agent, number, venue.error_body(-1000, "no"), status=500)

    def up(self, connection="user"):
        self.agent.on_socket(connection, True, "")

    def ask_refused(self):
        """Return whether an order is not taken on."""
        self.asked += 1
        return self.ctx.ask(self.agent, submit(f"R{self.asked}")).reason == Reason.RECONCILING

    def advance(self, duration_ns):
        """Let time pass; whatever is asked meanwhile, but the key, is answered within a second."""
        until_ns = self.ctx.now_ns + duration_ns
        while self.ctx.now_ns < until_ns:
            self.ctx.advance(self.agent, min(SECOND, until_ns - self.ctx.now_ns))
            self.settle()


def working():
    desk = Desk()
    desk.name("one")
    desk.up()
    desk.name("one")
    desk.settle()
    assert desk.figures.reconciled
    return desk


def test_the_stream_is_opened_where_the_key_says_and_is_subscribed_when_that_is_told_again():
    desk = Desk()
    assert (desk.stream, desk.keys_asked()) == ({}, 1)
    desk.name("one")
    assert desk.stream == {"user": url("one")}
    desk.settle()
    desk.up()
    desk.settle()
    assert not desk.figures.reconciled
    assert desk.ask_refused()
    desk.name("one")
    desk.settle()
    assert desk.figures.reconciled
    assert not [message for connection, message, _ in desk.ctx.sent if connection == "user"]
    assert desk.ctx.ask(desk.agent, submit("T2")) == Ack(True)


def test_the_key_is_made_to_last_every_half_hour():
    desk = working()
    desk.advance(MINUTE)
    for _ in range(3):
        desk.advance(28 * MINUTE)
        assert desk.keys_asked() == 0
        desk.advance(2 * MINUTE)
        assert desk.keys_asked() == 1
        desk.name("one")
    assert desk.stream == {"user": url("one")}
    assert desk.figures.reconciled


def test_a_key_that_cannot_be_made_to_last_is_asked_for_again_after_a_minute():
    desk = working()
    desk.advance(31 * MINUTE)
    desk.refuse()
    assert desk.figures.reconciled
    desk.advance(61 * SECOND)
    assert desk.keys_asked() == 1
    desk.name("one")
    assert desk.stream == {"user": url("one")}


def test_another_key_is_followed_and_nothing_is_created_meanwhile():
    desk = working()
    desk.advance(31 * MINUTE)
    desk.name("two")
    assert desk.stream == {"user": url("two")}
    assert desk.ask_refused()
    desk.up()
    desk.name("two")
    desk.settle()
    desk.advance(2 * SECOND)
    assert desk.figures.reconciled


def test_a_key_that_has_ended_is_replaced():
    desk = working()
    desk.agent.on_frame("user", EXPIRED)
    assert desk.ask_refused()
    assert desk.keys_asked() == 1
    desk.name("two")
    assert desk.stream == {"user": url("two")}


def test_a_connection_that_comes_again_is_subscribed_when_its_key_is_told_to_be_the_same():
    desk = working()
    desk.agent.on_socket("user", False, "closed")
    desk.up()
    assert desk.ask_refused()
    desk.name("one")
    desk.advance(2 * SECOND)
    assert desk.figures.reconciled
    assert desk.stream == {"user": url("one")}


def test_an_answer_from_before_the_connection_came_acknowledges_nothing():
    desk = working()
    desk.advance(31 * MINUTE)
    desk.agent.on_socket("user", False, "closed")
    desk.name("one")
    assert desk.ask_refused()
    desk.up()
    assert desk.keys_asked() == 1
    desk.name("one")
    desk.advance(2 * SECOND)
    assert desk.figures.reconciled


def test_a_key_that_is_refused_at_the_start_is_asked_for_again():
    desk = Desk()
    desk.refuse()
    assert desk.stream == {}
    desk.advance(6 * SECOND)
    desk.name("one")
    assert desk.stream == {"user": url("one")}


def test_an_answer_without_a_key_is_counted():
    desk = Desk()
    (number,) = desk.ctx.pending("POST", KEY)
    desk.ctx.respond(desk.agent, number, b"{}")
    assert desk.ctx.counters["venue_reply_bad"] == 1
    assert desk.stream == {}


def test_nothing_is_asked_during_a_ban():
    desk = working()
    desk.ctx.ask(desk.agent, submit())
    (number,) = desk.ctx.pending("POST", ORDER)
    body = venue.error_body(-1003, "banned")
    desk.ctx.respond(desk.agent, number, body, status=418, headers={"Retry-After": "3600"})
    desk.advance(31 * MINUTE)
    assert desk.keys_asked() == 0
    desk.advance(30 * MINUTE)
    assert desk.keys_asked() == 1


def test_another_connection_of_the_same_key_takes_over_before_the_end_of_a_day():
    desk = working()
    young_ns = ConnectionLife(24 * 3_600_000).young_ns
    while desk.ctx.now_ns < young_ns + 2 * SECOND:
        desk.advance(10 * MINUTE)
        desk.name("one")
    assert desk.stream == {"user": url("one"), "user+": url("one")}
    desk.up("user+")
    desk.advance(2 * SECOND)
    assert desk.stream == {"user+": url("one")}
    assert desk.ctx.counters["connections_replaced"] == 1
    desk.advance(2 * SECOND)
    assert desk.figures.reconciled
    desk.advance(31 * MINUTE)
    desk.name("two")
    assert desk.stream == {"user+": url("two")}


def test_an_account_that_is_not_fit_is_not_traded_on_and_says_why():
    desk = Desk(hedges=True)
    desk.name("one")
    desk.up()
    desk.name("one")
    desk.settle()
    assert not desk.figures.reconciled
    assert "dualSidePosition" in desk.figures.trouble
    assert desk.ask_refused()
    desk.hedges = False
    desk.advance(2 * SECOND)
    assert desk.figures.reconciled
