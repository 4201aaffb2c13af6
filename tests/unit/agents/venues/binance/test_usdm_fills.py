"""The USDT-M account's fills: how they are read, and how all are had from a venue that gives a week at a time."""

import json

import pytest

from agents.venues.reports import FillPage
from schemas.errors import VenueError
from schemas.orders import Liquidity, Side
from tests.unit.agents.venues.binance.usdm_desk import account, answered

MS = 1_000_000
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS


def trade(trade_id, **more):
    row = {
        "buyer": False,
        "commission": "-0.07819010",
        "commissionAsset": "USDT",
        "id": trade_id,
        "maker": False,
        "orderId": 25851813,
        "price": "7819.01",
        "qty": "0.002",
        "quoteQty": "15.63802",
        "realizedPnl": "-0.91539999",
        "side": "SELL",
        "positionSide": "BOTH",
        "symbol": "BTCUSDT",
        "time": 1569514978020,
    }
    return row | more


def trades(*rows):
    return json.dumps(rows).encode()


def test_fills_are_read_as_documented_a_rebate_is_negative():
    usdm, info = account()
    call = usdm.fills_since(info, "698700", 0)
    assert call.params == {"symbol": "BTCUSDT", "limit": "1000", "fromId": "698700"}
    page = usdm.fill_page(info, answered(trades(trade(698760), trade(698759, buyer=True, maker=True)), call))
    assert (page.cursor, page.more) == ("698761@1569514978020", False)
    bought, sold = page.fills
    assert (bought.trade_id, bought.side, bought.liquidity) == ("698759", Side.BUY, Liquidity.MAKER)
    assert (sold.trade_id, sold.side, sold.liquidity) == ("698760", Side.SELL, Liquidity.TAKER)
    assert (sold.venue_order_id, sold.qty_lots, sold.price_ticks) == ("25851813", 2, 781_901)
    assert (sold.commission_e8, sold.commission_asset, sold.ts_event_ns) == (
        -7_819_010,
        "USDT",
        1569514978020 * MS,
    )


def test_a_full_page_is_gone_on_from_by_its_last_trade():
    usdm, info = account()
    page = usdm.fill_page(info, answered(trades(*(trade(n) for n in range(1, 1_001))), usdm.fills_since(info, "1", 0)))
    assert (len(page.fills), page.more) == (1_000, True)
    assert (page.cursor, page.next_page) == ("1001@1569514978020", "1000@1569514978020")
    assert usdm.fills_since(info, page.next_page, 0).params["fromId"] == "1000"


def told_time(usdm, time_ms):
    usdm.venue_time_ns(b'{"serverTime":%d}' % time_ms)


def test_without_a_trade_the_weeks_since_the_start_are_asked_for_one_by_one():
    usdm, info = account()
    told_time(usdm, 5_000 + 2 * WEEK_MS)
    call = usdm.fills_since(info, "", 1_000 * MS)
    assert (call.params["startTime"], call.params["endTime"]) == ("1000", str(1_000 + WEEK_MS))
    page = usdm.fill_page(info, answered(b"[]", call))
    assert page == FillPage((), f"@{1_000 + WEEK_MS}", True, f"@{1_000 + WEEK_MS}")
    call = usdm.fills_since(info, page.next_page, 1_000 * MS)
    assert call.params["startTime"] == str(1_000 + WEEK_MS)
    found = usdm.fill_page(info, answered(trades(trade(7)), call))
    assert (found.more, found.next_page, found.cursor) == (True, f"@{1_000 + 2 * WEEK_MS}", f"@{1_000 + 2 * WEEK_MS}")
    last = usdm.fill_page(info, answered(b"[]", usdm.fills_since(info, f"@{1_000 + 2 * WEEK_MS}", 0)))
    assert last == FillPage(())


def test_a_trade_of_long_ago_is_gone_on_from_by_its_time_as_its_number_gives_the_last_week_alone():
    usdm, info = account()
    then_ms = 1569514978020
    told_time(usdm, then_ms + 5 * DAY_MS)
    assert usdm.fills_since(info, f"8@{then_ms}", 0).params["fromId"] == "8"
    told_time(usdm, then_ms + WEEK_MS + DAY_MS)
    call = usdm.fills_since(info, f"8@{then_ms}", 0)
    assert (call.params["startTime"], call.params["endTime"]) == (str(then_ms), str(then_ms + WEEK_MS))
    assert "fromId" not in call.params
    # What was kept before times were is asked for as it was then.
    assert usdm.fills_since(info, "8", 0).params["fromId"] == "8"


def test_a_full_week_is_gone_on_from_by_time_and_a_full_moment_by_number():
    usdm, info = account()
    then_ms = 1569514978020
    told_time(usdm, then_ms + 3 * WEEK_MS)
    call = usdm.fills_since(info, f"1@{then_ms}", 0)
    rows = [trade(n, time=then_ms + (n == 1_000)) for n in range(1, 1_001)]
    page = usdm.fill_page(info, answered(trades(*rows), call))
    assert (page.more, page.next_page) == (True, f"1000@{then_ms + 1}")
    assert usdm.fills_since(info, page.next_page, 0).params["startTime"] == str(then_ms + 1)
    page = usdm.fill_page(info, answered(trades(*(trade(n) for n in range(1, 1_001))), call))
    assert (page.more, page.next_page) == (True, "1000")
    assert usdm.fills_since(info, page.next_page, 0).params["fromId"] == "1000"


def test_a_week_that_is_not_known_to_be_past_is_all_that_there_is():
    usdm, info = account()
    call = usdm.fills_since(info, "", 1_000 * MS)
    assert usdm.fill_page(info, answered(b"[]", call)) == FillPage(())
    assert not usdm.fill_page(info, answered(trades(trade(7)), call)).more


def test_fills_of_one_order_are_one_page():
    usdm, info = account()
    told_time(usdm, 5 * WEEK_MS)
    page = usdm.fill_page(info, answered(trades(trade(7)), usdm.fills_of(info, "25851813")))
    assert (len(page.fills), page.more) == (1, False)
    with pytest.raises(VenueError, match="trades of BTCUSDT"):
        usdm.fill_page(info, answered(b'[{"id":1}]', usdm.fills_of(info, "1")))
