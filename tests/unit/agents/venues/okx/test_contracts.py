"""How contracts of an OKX account are set, what is held of them, and their funding."""

import json

import pytest

from agents.venues.reports import BalanceReport, FundingDue, FundingReport, MarginReport, PositionReport
from schemas.errors import VenueError
from schemas.units import DAY
from tests.unit.agents.venues.okx.okx_account import SPOT, SWAP, account, answer, infos, reply
from tests.unit.agents.venues.okx.okx_market import MS

E8 = 10**8
(INFO,) = infos(SWAP)
LOT = INFO.qty.parse("1")


def told(made, level="2", mode="net_mode"):
    """Have the account learn how it is set."""
    for call in made.setup_calls():
        if call.path == "/api/v5/account/config":
            made.learn(reply(call, answer({"acctLv": level, "posMode": mode})))


def position(**changes):
    row = {"instId": "BTC-USDT-SWAP", "pos": "-2", "posSide": "net", "mgnMode": "cross", "avgPx": "30000.5"}
    return row | {"markPx": "30100", "liqPx": "", "lever": "3", "uTime": "7"} | changes


@pytest.mark.parametrize(
    ("level", "mode", "text"),
    [
        ("1", "net_mode", "spot alone (found: acctLv 1"),
        ("2", "long_short_mode", "hedge mode: long and short stand apart (found: posMode long_short_mode"),
        ("3", "net_mode", ""),
    ],
)
def test_contracts_need_an_account_for_them_with_net_positions(level, mode, text):
    made = account(SWAP)
    assert "account/config" in made.unfit()
    told(made, level, mode)
    assert text in made.unfit()
    assert bool(made.unfit()) == bool(text)
    assert ("config" in str([call.path for call in made.setup_calls()])) == bool(text), "asked until it is fit"


def test_the_mode_is_told_in_words():
    made = account(SWAP)
    assert made.mode() == ""
    with pytest.raises(VenueError, match="account/config"):
        made.learn(reply(made.setup_calls()[-1], answer({"acctLv": 3})))
    told(made, "3")
    assert made.mode() == "multi-currency margin, net_mode"


def test_spot_alone_asks_for_nothing_of_it():
    made = account(SPOT)
    assert made.unfit() == ""
    assert [*made.terms_calls(), *made.position_calls(), *made.funding_calls(0, 1)] == []


def test_leverage_is_that_of_cross_margin():
    made = account(SPOT, SWAP)
    (call,) = made.terms_calls()
    assert dict(call.params) == {"instId": "BTC-USDT-SWAP", "mgnMode": "cross"}
    rows = [{"instId": name, "lever": "3.5", "mgnMode": "cross"} for name in ("BTC-USDT-SWAP", "ETH-USDT-SWAP")]
    (terms,) = made.terms(reply(call, answer(*rows)))
    assert (terms.leverage_e8, terms.isolated, terms.refusal) == (350_000_000, False, "")
    with pytest.raises(VenueError, match="leverage-info"):
        made.terms(reply(call, b'{"code":"50011","msg":"slow down","data":[]}'))


def test_positions_are_in_contracts_with_a_sign():
    made = account(SWAP)
    (call,) = made.position_calls()
    found, more = made.position_page(reply(call, answer(position(), position(instId="ETH-USDT-SWAP"))))
    held = PositionReport(INFO.id, -2 * LOT, 3_000_050_000_000, 7 * MS, 30_100 * E8, 0, 3 * E8)
    assert (found, more) == ([held], None)
    body = answer(position(pos="2", posSide="short", mgnMode="isolated"))
    ((one,), _) = made.position_page(reply(call, body))
    assert (one.qty_lots, one.isolated) == (-2 * LOT, True)
    for bad in ({"posSide": "up"}, {"pos": "1e5"}):
        with pytest.raises(VenueError, match="positions"):
            made.position_page(reply(call, answer(position(**bad))))


def test_the_channels_tell_positions_and_that_funding_was_settled():
    made = account(SWAP)
    frame = {"arg": {"channel": "positions", "instType": "SWAP"}, "data": [position(), position(instId="X")]}
    (event,) = made.private_events(json.dumps(frame).encode())
    assert (event.instrument_id, event.qty_lots) == (INFO.id, -2 * LOT)
    change = {"eventType": "funding_fee", "balData": [{"ccy": "USDT", "cashBal": "5"}], "posData": []}
    frame = {"arg": {"channel": "balance_and_position"}, "data": [change]}
    events = made.private_events(json.dumps(frame).encode())
    assert events == [BalanceReport({"USDT": 5 * E8}), FundingDue("funding_fee")]


def test_funding_is_bills_of_its_type_and_pages_by_their_id():
    made = account(SWAP)
    (call,) = made.funding_calls(5_000 * MS, 6_000 * MS)
    params = {"instType": "SWAP", "type": "8", "begin": "5000", "limit": "100"}
    assert (call.path, dict(call.params)) == ("/api/v5/account/bills", params)
    assert made.funding_calls(0, 7 * DAY)[0].path == "/api/v5/account/bills-archive"
    row = {"instId": "BTC-USDT-SWAP", "ccy": "USDT", "balChg": "-0.25", "posBalChg": "0", "type": "8", "ts": "7"}
    isolated = {**row, "billId": "2", "balChg": "0", "posBalChg": "0.5"}
    found, more = made.funding_page(
        reply(call, answer({**row, "billId": "1"}, isolated, {**row, "billId": "3", "type": "2"}))
    )
    assert found == [
        FundingReport(INFO.id, "USDT", -25_000_000, "1", 7 * MS),
        FundingReport(INFO.id, "USDT", 50_000_000, "2", 7 * MS),
    ]
    assert more is None
    page = [{**row, "billId": str(n)} for n in range(200, 100, -1)]
    assert made.funding_page(reply(call, answer(*page)))[1].params == params | {"after": "101"}
    with pytest.raises(VenueError, match="bills"):
        made.funding_page(reply(call, answer({"billId": 1})))


def test_margin_is_that_of_the_account_or_else_of_what_settles_the_contracts():
    made = account(SWAP)
    coin = {"ccy": "USDT", "cashBal": "10", "eq": "11", "availEq": "8", "imr": "3", "mmr": "1"}
    of_coin = MarginReport("USDT", 11 * E8, 8 * E8, 3 * E8, E8)
    assert made.balance_report(answer({"details": [coin]})).margin == of_coin
    totals = {"adjEq": "20", "availEq": "15", "imr": "5", "mmr": "2"}
    of_all = MarginReport("USD", 20 * E8, 15 * E8, 5 * E8, 2 * E8)
    assert made.balance_report(answer({"details": [coin], **totals})).margin == of_all
    assert made.balance_report(answer({"details": [{"ccy": "BTC", "cashBal": "1", "eq": "1"}]})).margin is None


def test_a_create_that_only_reduces_says_so_where_it_is_of_a_contract():
    made = account(SPOT, SWAP)
    spot, swap = infos(SPOT, SWAP)
    asked = [made.create(info, "a", 1, 1, 1, 1, True).params.get("reduceOnly") for info in (spot, swap)]
    assert asked == [None, "true"]
    assert "reduceOnly" not in made.create(swap, "a", 1, 1, 1, 1).params
