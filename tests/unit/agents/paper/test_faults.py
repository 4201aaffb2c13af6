"""Misbehaviour on demand: each fault does what it says, as often as it was told."""

import json
from itertools import pairwise

import pytest

from tests.unit.agents.paper.paper_kit import Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.run(1)
    desk.listen()
    return desk


def test_dropped_reply_leaves_the_order_executed(desk: Desk) -> None:
    desk.fault(fault="drop_reply", count=1)
    desk.order("BUY", "0.01", "50000")
    assert [row["orderId"] for row in desk.call("GET", "/api/v3/openOrders")[1]] == [1]
    assert desk.order("BUY", "0.01", "50000")[0] == 200


@pytest.mark.parametrize(("fault", "orders"), [("error_after", 1), ("error_before", 0)])
def test_error_status_comes_after_or_before_execution(desk: Desk, fault: str, orders: int) -> None:
    desk.fault(fault=fault, status=504)
    assert desk.order("BUY", "0.01", "50000")[0] == 504
    assert len(desk.call("GET", "/api/v3/openOrders")[1]) == orders
    assert desk.order("BUY", "0.01", "50000")[0] == 200


def test_hidden_order_is_found_later(desk: Desk) -> None:
    desk.fault(fault="hide", seconds=30)
    desk.order("BUY", "0.01", "50000", newClientOrderId="mine")
    query = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
    assert desk.call("GET", "/api/v3/order", query)[1]["code"] == -2013
    assert desk.call("DELETE", "/api/v3/order", query)[1]["code"] == -2011
    assert desk.call("GET", "/api/v3/openOrders")[1] == []
    desk.wall_ns += 30 * 10**9
    assert desk.call("GET", "/api/v3/order", query)[1]["status"] == "NEW"


def test_muted_user_stream_loses_its_frames(desk: Desk) -> None:
    desk.fault(fault="mute_user", count=2)
    desk.order("BUY", "0.01", "50000")
    assert desk.events() == []
    desk.order("BUY", "0.01", "50000")
    assert [event["e"] for event in desk.events()] == ["executionReport", "outboundAccountPosition"]


def test_dropped_market_frame_is_a_gap_in_its_stream(desk: Desk) -> None:
    desk.exchange.ws_open(1, "/ws/btcusdt@depth@100ms", desk.wall_ns)
    desk.run(1)
    desk.fault(fault="drop_market", stream="btcusdt@depth@100ms")
    desk.run(1)
    frames = [json.loads(frame) for frame in desk.sent[1]]
    gaps = [b["U"] - a["u"] for a, b in pairwise(frames)]
    assert sum(gap != 1 for gap in gaps) == 1


def test_sockets_are_closed_by_role(desk: Desk) -> None:
    desk.exchange.ws_open(1, "/stream?streams=btcusdt@trade", desk.wall_ns)
    desk.fault(fault="close_market")
    assert desk.closed == [1]
    desk.fault(fault="close_user")
    assert desk.closed == [1, 900]


def test_delay_and_rate_limit_hit_the_next_request(desk: Desk) -> None:
    desk.fault(fault="delay", ms=250)
    assert [desk.reply("GET", "/api/v3/time", "").delay_ms for _ in range(2)] == [250, 0]
    desk.fault(fault="rate_limit", retry_after=7)
    reply = desk.reply("GET", "/api/v3/time", "")
    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")


def test_banned_client_is_refused_until_it_has_been_silent_for_so_long(desk: Desk) -> None:
    desk.fault(fault="ban", retry_after=60)
    assert [desk.reply("GET", "/api/v3/time", "").status, desk.order("BUY", "0.01", "50000")[0]] == [418, 418]
    desk.wall_ns += 59 * 10**9
    reply = desk.reply("GET", "/api/v3/time", "")
    assert (reply.status, reply.headers["Retry-After"]) == (418, "60")
    desk.wall_ns += 60 * 10**9
    assert desk.reply("GET", "/api/v3/time", "").status == 200


def test_clock_that_is_off_is_told_and_judged_by(desk: Desk) -> None:
    desk.fault(fault="clock", ms=7_000)
    assert desk.call("GET", "/api/v3/time", signed=False)[1] == {"serverTime": desk.wall_ns // 10**6 + 7_000}
    assert desk.order("BUY", "0.01", "50000")[1]["code"] == -1021
    assert desk.order("BUY", "0.01", "50000", timestamp=desk.wall_ns // 10**6 + 7_000)[0] == 200
    desk.fault(fault="clock", ms=-7_000)
    assert desk.order("BUY", "0.01", "50000")[1]["code"] == -1021
    desk.fault(fault="clear")
    assert desk.order("BUY", "0.01", "50000")[0] == 200


def test_cleared_faults_do_not_happen(desk: Desk) -> None:
    desk.fault(fault="error_before", count=9)
    desk.fault(fault="clear")
    assert desk.order("BUY", "0.01", "50000")[0] == 200


def test_unknown_fault_is_refused(desk: Desk) -> None:
    for body in (b'{"fault":"explode"}', b"nonsense", b'{"fault":"hide","what":1}'):
        assert desk.exchange.http("POST", "/paper/fault", "", {}, body, desk.wall_ns).status == 400


@pytest.mark.parametrize("endpoint", ["/api/v3/order", "DELETE /api/v3/order"])
def test_a_fault_of_an_endpoint_is_none_of_any_other(desk: Desk, endpoint: str) -> None:
    for fault in ("error_before", "error_after"):
        desk.order("BUY", "0.01", "50000", newClientOrderId=fault)
        desk.fault(fault=fault, endpoint=endpoint, status=504)
        assert desk.call("GET", "/api/v3/openOrders")[0] == 200
        if endpoint.startswith("DELETE"):
            assert desk.call("GET", "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": fault})[0] == 200
        query = {"symbol": "BTCUSDT", "origClientOrderId": fault}
        assert desk.call("DELETE", "/api/v3/order", query)[0] == 504
        rows = desk.call("GET", "/api/v3/openOrders")[1]
        assert [row["clientOrderId"] for row in rows] == (["error_before"] if fault == "error_before" else [])
        desk.call("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})


def test_silence_ends_by_itself(desk: Desk) -> None:
    desk.exchange.ws_open(1, "/ws/btcusdt@depth@100ms", desk.wall_ns)
    desk.run(1)
    desk.fault(fault="silence", stream="btcusdt@depth@100ms", seconds=2)
    before = len(desk.sent[1])
    for _ in range(20):
        desk.run(0.099)
    assert len(desk.sent[1]) <= before + 1
    desk.run(1)
    assert len(desk.sent[1]) > before + 3


def test_numbers_that_the_venue_does_not_begin_anew_are_refused(desk: Desk) -> None:
    body = json.dumps({"fault": "reset_sequence"}).encode()
    assert desk.exchange.http("POST", "/paper/fault", "", {}, body, desk.wall_ns).status == 400
