"""OKX's account: how each call is written, and what is known of the venue before it."""

import pytest

from agents.venues.base import VenueLimit
from agents.venues.okx.account import OkxAccount, tag_of
from agents.venues.okx.signer import EXPIRES_MS
from agents.venues.reports import FillPage
from mesh.agent import VenueCall
from schemas.config import VenueConfig
from schemas.errors import VenueError
from schemas.orders import Side, TimeInForce
from schemas.units import MS, SECOND
from tests.unit.agents.venues.okx.okx_account import SPOT, SWAP, account, answer, infos, reply
from tests.unit.agents.venues.okx.okx_market import VENUE

ORDER = "/api/v5/trade/order"


def test_where_the_private_stream_is_and_what_the_account_can_do():
    made = account()
    assert made.private_url == "wss://ws.okx.com:8443/ws/v5/private"
    here = VenueConfig(id=1, name="o", kind="okx", ws_url="ws://127.0.0.1:1/")
    assert OkxAccount(here, infos(SPOT)).private_url == "ws://127.0.0.1:1/ws/v5/private"
    assert (made.has_amend, made.has_cancel_all, made.has_dead_man_switch, made.dead_man_of_account) == (
        True,
        False,
        True,
        True,
    )


def test_no_such_order_proves_something_after_the_create_has_expired():
    assert account().settle_ns == EXPIRES_MS * MS + 2 * SECOND


def test_creates_are_limited_by_instrument():
    assert account().limits == (VenueLimit("new orders in 2 seconds", 2_000, 120, "", counts_orders=True),)
    own = VenueConfig(id=1, name="o", kind="okx", orders_per_10s_max=7)
    assert OkxAccount(own, infos(SPOT)).limits == (
        VenueLimit("new orders in 10 seconds", 10_000, 7, "", counts_orders=True),
    )


@pytest.mark.parametrize(
    ("config", "time_in_force", "mode", "word", "size"),
    [
        (SPOT, TimeInForce.GTC, "cash", "limit", "0.00000150"),
        (SPOT, TimeInForce.GTX, "cash", "post_only", "0.00000150"),
        (SWAP, TimeInForce.IOC, "cross", "ioc", "1.50"),
        (SWAP, TimeInForce.FOK, "cross", "fok", "1.50"),
    ],
)
def test_a_create(config, time_in_force, mode, word, size):
    made = account(config)
    (info,) = infos(config)
    call = made.create(info, "a1", Side.SELL, 150, 315271, time_in_force)
    assert (call.method, call.path, call.signed) == ("POST", ORDER, True)
    assert call.params == {
        "instId": config.symbol,
        "tdMode": mode,
        "side": "sell",
        "ordType": word,
        "tag": made.tag,
        "clOrdId": "a1",
        "sz": size,
        "px": "31527.1",
    }


def test_a_create_of_no_side_is_a_fault():
    (info,) = infos(SPOT)
    with pytest.raises(KeyError):
        account(SPOT).create(info, "a1", 0, 1, 1, TimeInForce.GTC)


def test_an_order_is_named_by_the_venues_id_if_it_is_known():
    made = account(SPOT)
    (info,) = infos(SPOT)
    assert made.cancel(info, "a1") == VenueCall(
        "POST", "/api/v5/trade/cancel-order", {"instId": "BTC-USDT", "clOrdId": "a1"}, True
    )
    assert made.cancel(info, "a1", "9").params == {"instId": "BTC-USDT", "ordId": "9"}
    assert made.query(info, "a1") == VenueCall("GET", ORDER, {"instId": "BTC-USDT", "clOrdId": "a1"}, True)
    assert made.query(info, "", "9").params == {"instId": "BTC-USDT", "ordId": "9"}
    assert made.amend(info, "a1", "", 1, 5, 20) == VenueCall(
        "POST",
        "/api/v5/trade/amend-order",
        {"instId": "BTC-USDT", "clOrdId": "a1", "newSz": "0.00000005", "newPx": "2.0"},
        True,
    )


def test_the_number_of_an_instrument_is_asked_for_until_it_is_known():
    made = account()
    spot, swap = infos(SPOT, SWAP)
    assert [call.params for call in made.setup_calls()] == [
        {"instType": "SPOT", "instId": "BTC-USDT"},
        {"instType": "SWAP", "instId": "BTC-USDT-SWAP"},
        {},
    ]
    first, second, _ = made.setup_calls()
    made.learn(reply(first, answer({"instId": "BTC-USDT", "instIdCode": 10458})))
    made.learn(reply(second, answer()))
    assert [call.params.get("instId") for call in made.setup_calls()] == ["BTC-USDT-SWAP", None]
    assert made.create(spot, "a", Side.BUY, 1, 1, TimeInForce.GTC).params["instIdCode"] == "10458"
    assert made.cancel(spot, "a").params == {"instId": "BTC-USDT", "instIdCode": "10458", "clOrdId": "a"}
    assert "instIdCode" not in made.create(swap, "a", Side.BUY, 1, 1, TimeInForce.GTC).params
    assert "instIdCode" not in made.query(spot, "a").params
    with pytest.raises(VenueError, match="instruments"):
        made.learn(reply(second, b"{}"))


def test_the_switch_is_of_the_tag_and_within_what_the_venue_allows():
    made = account()
    (info, _) = infos(SPOT, SWAP)
    path = "/api/v5/trade/cancel-all-after"
    waits = [made.dead_man_switch(info, ms).params for ms in (10_000, 60_001, 3_000, 500_000, 0)]
    assert [each["timeOut"] for each in waits] == ["10", "61", "10", "120", "0"]
    assert {each["tag"] for each in waits} == {made.tag}
    assert made.dead_man_switch(info, 10_000).path == path


def test_agents_of_one_account_have_tags_of_their_own_that_stay():
    both, spot = infos(SPOT, SWAP), infos(SPOT)
    assert tag_of(VENUE, both) == tag_of(VENUE, both[::-1]) != tag_of(VENUE, spot)
    assert tag_of(VENUE, spot).isalnum()
    assert len(tag_of(VENUE, spot)) <= 16


def test_the_stream_logs_in_and_then_subscribes_what_is_traded():
    requests = account().stream_requests(1)
    assert [(each.id, each.signed) for each in requests] == [
        ("login", True),
        ("orders:SPOT", False),
        ("orders:SWAP", False),
        ("account", False),
        ("positions", False),
        ("balance_and_position", False),
    ]
    assert requests[1].message == {"op": "subscribe", "args": [{"channel": "orders", "instType": "SPOT"}]}
    assert [each.id for each in account(SPOT).stream_requests(2)] == ["login", "orders:SPOT", "account"]


def test_fills_are_asked_for_from_a_time_then_from_a_bill_and_back_from_the_newest():
    made = account(SWAP)
    (info,) = infos(SWAP)
    key = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "limit": "100"}
    assert made.fills_since(info, "", 5_000_000).params == key | {"begin": "5"}
    assert made.fills_since(info, "77", 5_000_000).params == key | {"before": "77"}
    assert made.fills_since(info, "77<99", 5_000_000).params == key | {"before": "77", "after": "99"}
    assert made.fills_since(info, "<99", 5_000_000).params == key | {"begin": "5", "after": "99"}
    assert made.fills_of(info, "9").params == key | {"ordId": "9"}


def fill(bill):
    return {
        "instId": "BTC-USDT-SWAP",
        "tradeId": f"t{bill}",
        "ordId": "9",
        "billId": str(bill),
        "fillPx": "1.5",
        "fillSz": "0.01",
        "side": "buy",
        "execType": "M",
        "fee": "0.1",
        "feeCcy": "USDT",
        "ts": "5",
    }


def test_pages_of_fills_meet_and_only_the_first_has_the_place_to_go_on_from():
    made = account(SWAP)
    (info,) = infos(SWAP)
    call = made.fills_since(info, "50", 0)
    first = made.fill_page(info, reply(call, answer(*[fill(bill) for bill in range(300, 200, -1)])))
    assert (first.cursor, first.more, first.next_page) == ("300", True, "50<201")
    assert [each.trade_id for each in first.fills] == [f"t{bill}" for bill in range(201, 301)]
    later = made.fills_since(info, first.next_page, 0)
    second = made.fill_page(info, reply(later, answer(*[fill(bill) for bill in range(200, 190, -1)])))
    assert (second.cursor, second.more, second.fills[0].trade_id) == ("", False, "t191")
    assert made.fill_page(info, reply(later, answer())) == FillPage(())
    assert made.fills(info, answer(fill(7))).cursor == "7"


def test_the_venue_announces_an_upgrade():
    made = account()
    assert made.ends_soon(b'{"event":"notice","code":"64008","msg":"soon","connId":"a"}')
    assert not made.ends_soon(b'{"event":"login","code":"0"}')


def test_other_calls():
    made = account()
    assert made.open_orders() == VenueCall("GET", "/api/v5/trade/orders-pending", {}, True)
    assert made.balances() == VenueCall("GET", "/api/v5/account/balance", {}, True)
    assert made.time_call() == VenueCall("GET", "/api/v5/public/time", {})
    assert made.venue_time_ns(answer({"ts": "5"})) == 5_000_000
