"""OKX as a whole: paths, an announced shutdown, faults in its words, and the same answers after a restart."""

import pytest

from agents.paper.account.account_log import PaperEvent
from schemas.messages import PaperAmended, PaperEnded, PaperFill, PaperOrder
from tests.unit.agents.paper.okx.okx_desk import PRIVATE, OkxDesk


@pytest.fixture
def desk() -> OkxDesk:
    desk = OkxDesk()
    desk.run(1)
    return desk


def test_what_is_not_served_is_not_found(desk: OkxDesk) -> None:
    assert desk.get("/api/v5/nothing") == (404, {"code": "50404", "msg": "Invalid request path", "data": []})
    assert not desk.exchange.ws_open(1, "/ws/v5/nowhere", desk.wall_ns)


def test_a_shutdown_is_announced_and_then_every_connection_is_closed(desk: OkxDesk) -> None:
    desk.open("/ws/v5/public", 1)
    desk.login()
    desk.fault(fault="shutdown", seconds=60)
    for number in (1, PRIVATE):
        told = desk.frames(number)[-1]
        assert (told["event"], told["code"]) == ("notice", "64008")
    desk.open("/ws/v5/public", 2)
    desk.run(59)
    assert desk.closed == []
    desk.run(1.5)
    assert sorted(desk.closed) == [1, PRIVATE]


def test_faults_are_told_in_the_venue_s_words(desk: OkxDesk) -> None:
    desk.fault(fault="error_before", status=503)
    assert (desk.order("buy", "0.01", "50000")["code"], desk.status) == ("50001", 503)
    desk.fault(fault="rate_limit")
    assert (desk.order("buy", "0.01", "50000")["code"], desk.status) == ("50011", 429)
    desk.fault(fault="ban", retry_after=5)
    assert desk.query("/api/v5/account/balance") == "50011"
    desk.run(5)
    assert desk.query("/api/v5/trade/orders-pending") == []


def test_a_batch_whose_answer_is_lost_stands(desk: OkxDesk) -> None:
    desk.fault(fault="drop_reply")
    desk.post("/api/v5/trade/batch-orders", [desk.terms("buy", "0.01", "50000", clOrdId=name) for name in "ab"])
    assert len(desk.query("/api/v5/trade/orders-pending")) == 2


def test_a_hidden_order_is_found_later(desk: OkxDesk) -> None:
    desk.fault(fault="hide", seconds=2)
    desk.order("buy", "0.01", "50000", clOrdId="a")
    assert desk.query("/api/v5/trade/order", instId="BTC-USDT", clOrdId="a") == "51603"
    desk.run(2)
    assert desk.query("/api/v5/trade/order", instId="BTC-USDT", clOrdId="a")[0]["state"] == "live"


def test_a_restart_tells_the_same(desk: OkxDesk) -> None:
    events: list[PaperEvent] = []
    desk.exchange.attach_log(events.append, 1)
    desk.exchange.begin(desk.wall_ns)
    desk.order("buy", "5", "70000", "ioc", instId="BTC-USDT-SWAP", tag="one", clOrdId="a")
    desk.order("sell", "2", "90000", instId="BTC-USDT-SWAP", reduceOnly=True, clOrdId="b")
    desk.post("/api/v5/trade/amend-order", {"instId": "BTC-USDT-SWAP", "clOrdId": "b", "newSz": "3"})
    desk.order("buy", "0.01", "70000", "post_only", clOrdId="c")
    desk.order("sell", "4", "50000", "ioc", instId="BTC-USDT-SWAP", clOrdId="d")
    assert {type(event) for event in events} >= {PaperOrder, PaperFill, PaperAmended, PaperEnded}
    again = OkxDesk()
    again.wall_ns = desk.wall_ns
    for event in events:
        again.exchange.restore(event)
    asked = ("/api/v5/trade/orders-history", "/api/v5/trade/fills", "/api/v5/trade/orders-pending")
    for path in asked:
        assert again.query(path) == desk.query(path) != "50113"
    held = [each.account.positions["BTC-USDT-SWAP"] for each in (desk.exchange.trading, again.exchange.trading)]
    assert held[0] == held[1]
    assert desk.balances() == again.balances()
    causes = {row["clOrdId"]: row["cancelSource"] for row in again.query(asked[0])}
    assert (causes["b"], causes["c"]) == ("17", "31")
