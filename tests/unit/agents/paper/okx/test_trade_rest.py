"""Placing, canceling and amending: what is answered at once, what became of it, and what the venue remembers."""

import json

import pytest

from tests.unit.agents.paper.okx.okx_desk import OkxDesk


@pytest.fixture
def desk() -> OkxDesk:
    desk = OkxDesk()
    desk.run(1)
    return desk


def state(desk: OkxDesk, name: str, symbol: str = "BTC-USDT") -> tuple[str, str]:
    rows = desk.query("/api/v5/trade/order", instId=symbol, clOrdId=name)
    return (rows, "") if isinstance(rows, str) else (rows[0]["state"], rows[0]["cancelSource"])


def test_an_order_rests_and_is_canceled_once(desk: OkxDesk) -> None:
    assert desk.order("buy", "0.01", "50000", clOrdId="a")["sCode"] == "0"
    assert state(desk, "a") == ("live", "")
    cancel = {"instId": "BTC-USDT", "clOrdId": "a"}
    answer = desk.post("/api/v5/trade/cancel-order", cancel)
    assert (answer["code"], answer["data"][0]["clOrdId"], answer["data"][0]["sCode"]) == ("0", "a", "0")
    assert state(desk, "a") == ("canceled", "1")
    answer = desk.post("/api/v5/trade/cancel-order", cancel)
    assert (answer["code"], answer["msg"]) == ("1", "All operations failed")
    assert answer["data"][0]["sCode"] == "51400"
    assert answer["inTime"] == str(desk.wall_ns // 1000)


@pytest.mark.parametrize(
    ("kind", "above", "expected"),
    [
        ("ioc", -1000, ("canceled", "14")),
        ("fok", -1000, ("canceled", "13")),
        ("post_only", 1000, ("canceled", "31")),
        ("post_only", -1000, ("live", "")),
        ("ioc", 1000, ("filled", "")),
        ("fok", 1000, ("filled", "")),
    ],
)
def test_terms_end_an_order_as_the_venue_says(desk: OkxDesk, kind: str, above: int, expected: tuple[str, str]) -> None:
    _, ask = desk.best()
    assert desk.order("buy", "0.001", f"{ask + above:.1f}", kind, clOrdId="a")["sCode"] == "0"
    assert state(desk, "a") == expected


def test_an_id_is_refused_while_it_is_known_and_free_when_the_order_is_forgotten(desk: OkxDesk) -> None:
    desk.order("buy", "0.01", "50000", clOrdId="a")
    assert desk.order("buy", "0.01", "50000", clOrdId="a")["sCode"] == "51016"
    assert desk.order("buy", "1", "50000", clOrdId="a", instId="BTC-USDT-SWAP")["sCode"] == "51016"
    desk.post("/api/v5/trade/cancel-order", {"instId": "BTC-USDT", "clOrdId": "a"})
    desk.wall_ns += 7_200 * 10**9
    assert state(desk, "a") == ("canceled", "1")
    assert desk.order("buy", "0.01", "50000", clOrdId="a")["sCode"] == "51016"
    desk.wall_ns += 1
    assert state(desk, "a") == ("51603", "")
    assert desk.query("/api/v5/trade/orders-history", instType="SPOT") == []
    assert desk.order("buy", "0.01", "50000", clOrdId="a")["sCode"] == "0"


def test_how_long_the_venue_remembers_can_be_set() -> None:
    desk = OkxDesk(forget_after_s=0.5)
    desk.run(1)
    desk.order("buy", "0.01", "50000", "ioc", clOrdId="empty")
    desk.order("buy", "0.01", "70000", "ioc", clOrdId="filled")
    desk.run(0.6)
    assert state(desk, "empty") == ("51603", "")
    assert state(desk, "filled") == ("filled", "")


def test_a_batch_is_answered_order_by_order(desk: OkxDesk) -> None:
    good, bad = desk.terms("buy", "0.01", "50000", clOrdId="a"), desk.terms("buy", "0.01", "50000", instId="X-Y")
    answer = desk.post("/api/v5/trade/batch-orders", [good, bad, good])
    assert (answer["code"], answer["msg"]) == ("2", "Bulk operation partially succeeded.")
    assert [row["sCode"] for row in answer["data"]] == ["0", "51001", "51016"]
    answer = desk.post("/api/v5/trade/cancel-batch-orders", [{"instId": "BTC-USDT", "clOrdId": "a"}] * 2)
    assert [row["sCode"] for row in answer["data"]] == ["0", "51400"]
    assert desk.post("/api/v5/trade/batch-orders", [good] * 21)["code"] == "51111"
    assert desk.post("/api/v5/trade/batch-orders", [])["code"] == "50014"
    assert desk.post("/api/v5/trade/batch-orders", good)["code"] == "50002"


def test_an_amended_order_has_its_new_terms(desk: OkxDesk) -> None:
    desk.order("buy", "0.01", "50000", clOrdId="a")
    asked = {"instId": "BTC-USDT", "clOrdId": "a", "newSz": "0.03", "newPx": "50100", "reqId": "r1"}
    answer = desk.post("/api/v5/trade/amend-order", asked)
    assert (answer["code"], answer["data"][0]["reqId"]) == ("0", "r1")
    row = desk.query("/api/v5/trade/order", instId="BTC-USDT", clOrdId="a")[0]
    assert (row["state"], row["sz"], row["px"]) == ("live", "0.03", "50100")
    assert desk.query("/api/v5/account/balance", ccy="USDT")[0]["details"][0]["ordFrozen"] == "1503"


def test_an_order_amended_into_the_market_takes(desk: OkxDesk) -> None:
    _, ask = desk.best()
    desk.order("buy", "0.001", "50000", clOrdId="a")
    desk.post("/api/v5/trade/amend-order", {"instId": "BTC-USDT", "clOrdId": "a", "newPx": f"{ask + 100:.1f}"})
    assert state(desk, "a") == ("filled", "")


def test_a_request_is_not_carried_out_after_its_time(desk: OkxDesk) -> None:
    now = desk.wall_ns // 10**6
    terms = desk.terms("buy", "0.01", "50000")
    assert desk.post("/api/v5/trade/order", terms, expTime=str(now - 1))["code"] == "50036"
    assert desk.post("/api/v5/trade/order", terms, expTime="soon")["code"] == "51000"
    desk.fault(fault="late", ms=3_000)
    assert desk.post("/api/v5/trade/order", terms, expTime=str(now + 2_000))["code"] == "50037"
    assert desk.query("/api/v5/trade/orders-pending") == []
    assert desk.post("/api/v5/trade/order", terms, expTime=str(now + 2_000))["code"] == "0"


@pytest.mark.parametrize(("body", "code"), [(b"", "50000"), (b"{", "50002"), (b"[]", "50002")])
def test_a_body_that_cannot_be_read_is_refused(desk: OkxDesk, body: bytes, code: str) -> None:
    path = "/api/v5/trade/order"
    reply = desk.exchange.http("POST", path, "", desk.headers("POST", path, body.decode()), body, desk.wall_ns)
    assert (reply.status, json.loads(reply.body)["code"]) == (400, code)


def test_the_switch_cancels_all_orders_or_those_of_a_tag(desk: OkxDesk) -> None:
    path = "/api/v5/trade/cancel-all-after"
    desk.order("buy", "0.01", "50000", clOrdId="a", tag="one")
    desk.order("buy", "0.01", "50000", clOrdId="b", tag="two")
    row = desk.post(path, {"timeOut": "10", "tag": "one"})["data"][0]
    assert row == {"triggerTime": str(desk.wall_ns // 10**6 + 10_000), "tag": "one", "ts": str(desk.wall_ns // 10**6)}
    desk.run(9.5)
    assert desk.post(path, {"timeOut": "10", "tag": "one"})["code"] == "0"
    desk.run(9.9)
    assert state(desk, "a") == ("live", "")
    desk.run(0.2)
    assert state(desk, "a") == ("canceled", "20")
    assert state(desk, "b") == ("live", "")
    desk.post(path, {"timeOut": "10"})
    desk.post(path, {"timeOut": "0"})
    desk.run(11)
    assert state(desk, "b") == ("live", "")
    desk.post(path, {"timeOut": "10"})
    desk.run(11)
    assert state(desk, "b") == ("canceled", "20")


@pytest.mark.parametrize("seconds", ["9", "121", "-1", "a"])
def test_the_switch_takes_ten_to_a_hundred_and_twenty_seconds(desk: OkxDesk, seconds: str) -> None:
    assert desk.post("/api/v5/trade/cancel-all-after", {"timeOut": seconds})["code"] == "51000"


def test_there_are_twenty_switches_with_a_tag_at_most(desk: OkxDesk) -> None:
    answers = [desk.post("/api/v5/trade/cancel-all-after", {"timeOut": "20", "tag": f"t{n}"}) for n in range(21)]
    assert [answer["code"] for answer in answers] == ["0"] * 20 + ["51071"]


def test_too_many_open_orders_are_refused(desk: OkxDesk) -> None:
    for number in range(200):
        desk.run(0.1)
        assert desk.order("buy", "0.0005", "50000", clOrdId=f"n{number}")["sCode"] == "0"
    assert desk.order("buy", "0.0005", "50000")["sCode"] == "51174"
