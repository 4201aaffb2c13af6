"""Transfers of a Bybit account: two types of its transaction log, asked for a week at once, in pages."""

import json

import pytest

from agents.venues.bybit.transfers import transfer_calls, transfer_page
from agents.venues.reports import TransferReport
from mesh.context import CallOutcome, VenueReply
from schemas.errors import VenueError
from schemas.units import DAY, MS

E8 = 10**8
AT_MS = 1672121182224


def entry(number, change, asset="USDT", kind="TRANSFER_IN"):
    row = {"id": f"{number}_USDT_161440437", "symbol": "", "category": "", "side": "None", "transSubType": ""}
    row |= {"transactionTime": str(AT_MS), "type": kind, "qty": change, "size": "0", "currency": asset}
    row |= {"funding": "", "fee": "0", "cashFlow": change, "change": change, "cashBalance": "1001.9", "feeRate": "0"}
    return row | {"tradePrice": "", "bonusChange": "", "tradeId": "", "orderId": "", "orderLinkId": ""}


def page(*entries, cursor=""):
    result = {"list": list(entries), "nextPageCursor": cursor}
    body = json.dumps({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": AT_MS}).encode()
    call = transfer_calls(0, DAY, 1_000)[0]
    return transfer_page(VenueReply(1, call, CallOutcome.ANSWERED, 200, body, {}))


def test_what_came_in_and_what_went_out_are_told_with_the_ids_of_the_log():
    reports, more = page(
        entry(12, "100.5"), entry(11, "-2", "BTC", "TRANSFER_OUT"), entry(10, "5", kind="TRADE"), entry(9, "0")
    )
    assert reports == [
        TransferReport("USDT", 10_050_000_000, AT_MS * MS, "12_USDT_161440437"),
        TransferReport("BTC", -2 * E8, AT_MS * MS, "11_USDT_161440437"),
    ]
    assert more is None


def test_a_full_page_has_the_next_asked_for_by_the_venues_name_of_it():
    full = [entry(number, "1") for number in range(50)]
    reports, more = page(*full, cursor="21963%3A1")
    assert (len(reports), more.params["cursor"], more.params["type"], more.signed) == (
        50,
        "21963%3A1",
        "TRANSFER_IN",
        True,
    )
    assert page(*full)[1] is None
    assert page(*full[1:], cursor="21963%3A1")[1] is None


def test_each_type_is_asked_for_week_by_week():
    calls = transfer_calls(DAY, 9 * DAY, 1_000)
    week_ms = 7 * DAY // MS
    asked = [(call.params["type"], int(call.params["startTime"]), int(call.params["endTime"])) for call in calls]
    first, second = DAY // MS, DAY // MS + week_ms
    assert asked == [
        ("TRANSFER_IN", first, first + week_ms),
        ("TRANSFER_OUT", first, first + week_ms),
        ("TRANSFER_IN", second, second + week_ms),
        ("TRANSFER_OUT", second, second + week_ms),
    ]
    assert {(call.method, call.path, call.params["accountType"]) for call in calls} == {
        ("GET", "/v5/account/transaction-log", "UNIFIED")
    }


@pytest.mark.parametrize("change", ["many", "1e5", "-"])
def test_what_is_no_amount_is_refused(change):
    with pytest.raises(VenueError, match="transaction log"):
        page(entry(12, change))
