"""The private connection: login, channels, orders over it, and in which order things are told."""

from itertools import pairwise
from typing import Any

import pytest

from tests.unit.agents.paper.okx.okx_desk import PRIVATE, OkxDesk

CHANNELS = ("orders", "account", "positions", "balance_and_position")


@pytest.fixture
def desk() -> OkxDesk:
    desk = OkxDesk()
    desk.run(1)
    return desk


def spot(desk: OkxDesk, price: str = "50000", kind: str = "limit", **fields: Any) -> dict[str, Any]:
    """Return an order as it is asked for over a connection."""
    return desk.terms("buy", "0.01", price, kind, instIdCode=1, **fields)


def test_nothing_is_told_or_done_without_a_login(desk: OkxDesk) -> None:
    desk.open("/ws/v5/private", PRIVATE)
    assert [frame["code"] for frame in desk.subscribe(*CHANNELS)] == ["60011"] * 4
    assert [frame["code"] for frame in desk.op("order", spot(desk))] == ["60011"]
    assert desk.query("/api/v5/trade/orders-pending") == []


def test_a_connection_logs_in_once(desk: OkxDesk) -> None:
    answer = desk.login()
    assert answer == {"event": "login", "code": "0", "msg": "", "connId": answer["connId"]}
    asked = {"apiKey": "k", "passphrase": "p", "timestamp": "1", "sign": "s"}
    assert desk.say({"op": "login", "args": [asked]}, PRIVATE)[0]["code"] == "60031"
    assert desk.say({"op": "login", "args": []}, PRIVATE)[0]["code"] == "60031"


def test_each_argument_is_answered_and_each_channel_begins_as_it_does(desk: OkxDesk) -> None:
    desk.login()
    frames = desk.subscribe(*CHANNELS)
    acknowledged = [frame["arg"]["channel"] for frame in frames if frame.get("event") == "subscribe"]
    assert acknowledged == list(CHANNELS)
    assert [frame["arg"]["channel"] for frame in frames if "data" in frame] == list(CHANNELS[1:])
    counts = [frame["connCount"] for frame in frames if frame.get("event") == "channel-conn-count"]
    assert counts == ["1"] * 4
    assert desk.pushed("account")[0]["details"][0]["ccy"] == "USDT"
    assert desk.pushed("positions") == []
    assert desk.pushed("balance_and_position")[0]["eventType"] == "snapshot"


def test_a_channel_that_is_none_of_this_connection_s_is_refused(desk: OkxDesk) -> None:
    desk.login()
    answers = desk.say({"op": "subscribe", "args": [{"channel": "books", "instId": "BTC-USDT"}, 7]}, PRIVATE)
    assert [answer["code"] for answer in answers] == ["60018", "60012"]
    assert desk.say({"op": "subscribe", "args": [{"channel": "orders"}]}, PRIVATE)[0]["code"] == "60027"
    assert (
        desk.say({"op": "subscribe", "args": [{"channel": "orders", "instType": "X"}]}, PRIVATE)[0]["code"] == "60018"
    )
    assert desk.say({"op": "dance"}, PRIVATE)[0]["code"] == "60012"
    assert desk.say("ping", PRIVATE) == ["pong"]
    desk.open("/ws/v5/public", 1)
    assert desk.say({"op": "subscribe", "args": [{"channel": "orders", "instType": "ANY"}]}, 1)[0]["event"] == "error"


def test_the_answer_comes_before_what_became_of_the_order(desk: OkxDesk) -> None:
    desk.login()
    desk.subscribe("orders", "account")
    answer, *rest = desk.op("order", spot(desk, clOrdId="a"))
    assert (answer["id"], answer["op"], answer["code"], answer["msg"]) == ("1512", "order", "0", "")
    assert (answer["data"][0]["sCode"], answer["data"][0]["clOrdId"]) == ("0", "a")
    assert [frame["arg"]["channel"] for frame in rest] == ["orders", "account"]
    assert rest[0]["data"][0]["state"] == "live"
    desk.order("buy", "0.01", "50000", clOrdId="b")
    assert [row["clOrdId"] for row in desk.pushed("orders")] == ["a"]
    desk.run(0)
    assert [row["clOrdId"] for row in desk.pushed("orders")] == ["a", "b"]


def test_an_answer_may_come_after(desk: OkxDesk) -> None:
    desk.login()
    desk.subscribe("orders")
    desk.fault(fault="early_user")
    first, last = desk.op("order", spot(desk))
    assert (first["data"][0]["state"], last["op"]) == ("live", "order")
    desk.fault(fault="delay", ms=300)
    (pushed,) = desk.op("order", spot(desk))
    assert pushed["data"][0]["state"] == "live"
    desk.run(0.2)
    assert len([frame for frame in desk.frames(PRIVATE) if "op" in frame]) == 1
    desk.run(0.2)
    assert len([frame for frame in desk.frames(PRIVATE) if "op" in frame]) == 2


def test_an_instrument_is_named_by_its_code_and_by_nothing_else(desk: OkxDesk) -> None:
    desk.login()
    terms = spot(desk)
    (answer,) = desk.op("order", {name: value for name, value in terms.items() if name != "instIdCode"})
    assert (answer["code"], answer["msg"]) == ("50014", "Parameter instIdCode can not be empty.")
    for code in (0, 99, "x", -1):
        (answer,) = desk.op("order", terms | {"instIdCode": code})
        assert (answer["code"], answer["data"]) == ("51001", [])
    answer = desk.op("order", terms | {"instId": "BTC-USDT-SWAP"})[0]
    assert answer["data"][0]["sCode"] == "0"
    assert desk.query("/api/v5/trade/orders-pending")[0]["instId"] == "BTC-USDT"
    assert desk.op("order", terms, terms)[0]["code"] == "60013"
    assert desk.op("order")[0]["code"] == "60013"


def test_orders_are_placed_amended_and_canceled_one_or_many(desk: OkxDesk) -> None:
    desk.login()
    desk.subscribe("orders")
    answer = desk.op("batch-orders", spot(desk, clOrdId="a"), spot(desk, clOrdId="b"))[0]
    assert [row["sCode"] for row in answer["data"]] == ["0", "0"]
    named = [{"instIdCode": 1, "clOrdId": name} for name in "ab"]
    answer, pushed = desk.op("amend-order", named[0] | {"newSz": "0.02", "reqId": "r1"})
    assert answer["data"][0]["reqId"] == "r1"
    row = pushed["data"][0]
    assert (row["state"], row["sz"], row["reqId"], row["amendResult"]) == ("live", "0.02", "r1", "0")
    answer = desk.op("batch-amend-orders", *(each | {"newPx": "50001"} for each in named))[0]
    assert [row["sCode"] for row in answer["data"]] == ["0", "0"]
    assert desk.op("cancel-order", named[0])[0]["data"][0]["sCode"] == "0"
    answer = desk.op("batch-cancel-orders", *named)[0]
    assert (answer["code"], [row["sCode"] for row in answer["data"]]) == ("2", ["51400", "0"])
    assert [row["state"] for row in desk.pushed("orders")][-2:] == ["canceled", "canceled"]


def test_each_push_has_one_execution_at_most_and_they_add_up(desk: OkxDesk) -> None:
    desk.login()
    desk.subscribe("orders")
    desk.op("order", desk.terms("buy", "900", "70000", "ioc", instId="BTC-USDT-SWAP", instIdCode=2))
    rows = desk.pushed("orders")
    fills = [row for row in rows if row["tradeId"]]
    assert len(fills) > 1
    assert len({row["tradeId"] for row in fills}) == len(fills)
    assert (rows[0]["state"], rows[0]["fillSz"]) == ("live", "0")
    sizes = [float(row["accFillSz"]) for row in fills]
    assert all(after > before for before, after in pairwise(sizes))
    assert sum(float(row["fillSz"]) for row in fills) == pytest.approx(sizes[-1])
    assert float(fills[-1]["fee"]) == pytest.approx(sum(float(row["fillFee"]) for row in fills))


def test_a_change_may_be_told_twice_with_another_time(desk: OkxDesk) -> None:
    desk.login()
    desk.subscribe("orders")
    desk.fault(fault="repeat_user", count=1)
    desk.op("order", spot(desk))
    first, again = desk.pushed("orders")
    assert int(again["uTime"]) == int(first["uTime"]) + 1
    assert again | {"uTime": ""} == first | {"uTime": ""}


def test_a_lost_answer_ends_the_connection_and_the_order_stands(desk: OkxDesk) -> None:
    desk.login()
    desk.subscribe("orders")
    desk.fault(fault="drop_reply")
    assert desk.op("order", spot(desk, clOrdId="a")) == []
    assert desk.closed == [PRIVATE]
    assert [row["clOrdId"] for row in desk.query("/api/v5/trade/orders-pending")] == ["a"]


def test_a_venue_that_breaks_down_says_so_over_the_connection(desk: OkxDesk) -> None:
    desk.login()
    desk.fault(fault="error_after", status=503)
    (answer,) = desk.op("order", spot(desk, clOrdId="a"))
    assert (answer["code"], answer["data"]) == ("50001", [])
    assert len(desk.query("/api/v5/trade/orders-pending")) == 1


def test_a_request_over_the_connection_has_its_time_too(desk: OkxDesk) -> None:
    desk.login()
    now = desk.wall_ns // 10**6
    assert desk.op("order", spot(desk), expTime=str(now - 1))[0]["code"] == "50036"
    assert desk.op("order", spot(desk), expTime=now + 1_000)[0]["code"] == "0"


def test_the_account_s_channels_tell_of_changes_alone(desk: OkxDesk) -> None:
    desk.login()
    desk.subscribe("account", "positions", "balance_and_position")
    desk.op("order", spot(desk))
    assert (len(desk.pushed("account")), len(desk.pushed("balance_and_position"))) == (2, 1)
    desk.order("buy", "1", "70000", "ioc", instId="BTC-USDT-SWAP")
    desk.run(0)
    both, position = desk.pushed("balance_and_position")[-1], desk.pushed("positions")[-1]
    assert (both["eventType"], both["posData"][0]["pos"], position["pos"]) == ("filled", "1", "1")
    assert both["trades"] == [{"instId": "BTC-USDT-SWAP", "tradeId": position["tradeId"]}]
    body = b'{"asset": "USDT", "amount": "5"}'
    desk.exchange.http("POST", "/paper/transfer", "", {}, body, desk.wall_ns)
    assert desk.pushed("balance_and_position")[-1]["eventType"] == "transferred"


def test_an_argument_says_which_instruments_are_meant(desk: OkxDesk) -> None:
    desk.login()
    asked = [{"channel": "orders", "instType": "SWAP"}, {"channel": "orders", "instType": "ANY", "instId": "BTC-USDT"}]
    desk.say({"op": "subscribe", "id": "1", "args": asked}, PRIVATE)
    desk.op("order", spot(desk))
    desk.op("order", desk.terms("buy", "1", "50000", instId="BTC-USDT-SWAP", instIdCode=2))
    told = [frame["arg"] for frame in desk.frames(PRIVATE) if "data" in frame and frame.get("arg")]
    assert [(arg["instType"], arg.get("instId")) for arg in told] == [("ANY", "BTC-USDT"), ("SWAP", None)]
    desk.say({"op": "unsubscribe", "args": asked}, PRIVATE)
    before = len(desk.pushed("orders"))
    desk.op("order", spot(desk))
    assert len(desk.pushed("orders")) == before


def test_connections_of_a_channel_are_counted(desk: OkxDesk) -> None:
    desk.login(7)
    desk.login(8)
    desk.subscribe("orders", number=7)
    desk.subscribe("orders", number=8)
    desk.exchange.ws_close(8)
    counts = [frame["connCount"] for frame in desk.frames(7) if frame.get("event") == "channel-conn-count"]
    assert counts == ["1", "2", "1"]
