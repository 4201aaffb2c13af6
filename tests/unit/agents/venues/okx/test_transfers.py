"""Transfers of an OKX account: bills of their own type, in pages, in the list of their age."""

import json

import pytest

from agents.venues.okx.transfers import transfer_call, transfer_page
from agents.venues.reports import TransferReport
from mesh.context import CallOutcome, VenueReply
from schemas.errors import VenueError
from schemas.units import DAY, MS

E8 = 10**8


def bill(number, change, asset="USDT", kind="1"):
    row = {"billId": str(number), "instId": "", "ccy": asset, "balChg": change, "type": kind, "ts": "1597026383085"}
    return row | {"subType": "11", "bal": "8694.2", "posBalChg": "", "sz": change, "from": "6", "to": "18"}


def page(*bills, call=None):
    body = json.dumps({"code": "0", "msg": "", "data": list(bills)}).encode()
    return transfer_page(VenueReply(1, call or transfer_call(0, DAY, 1_000), CallOutcome.ANSWERED, 200, body, {}))


def test_what_came_in_and_what_went_out_are_told_with_the_ids_of_their_bills():
    reports, more = page(bill(12, "100.5"), bill(11, "-2", "BTC"), bill(10, "5", kind="2"))
    at_ns = 1597026383085 * MS
    assert reports == [
        TransferReport("USDT", 10_050_000_000, at_ns, "12"),
        TransferReport("BTC", -2 * E8, at_ns, "11"),
    ]
    assert more is None


def test_a_full_page_has_the_older_ones_asked_for():
    _, more = page(*[bill(1_000 - n, "1") for n in range(100)])
    assert (more.params["after"], more.params["type"], more.signed) == ("901", "1", True)


def test_what_is_older_than_a_week_is_in_the_archive():
    assert transfer_call(10 * DAY, 11 * DAY, 1_000).path == "/api/v5/account/bills"
    assert transfer_call(0, 11 * DAY, 1_000).path == "/api/v5/account/bills-archive"


def test_what_is_no_amount_is_refused():
    with pytest.raises(VenueError, match="bills of transfers"):
        page(bill(12, "many"))
