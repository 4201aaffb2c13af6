"""Bybit's filters, against listings as they were recorded."""

import json

import pytest

from agents.venues.bybit.listing import listed, listing_calls
from mesh.agent import VenueCall
from schemas.errors import VenueError
from tests.unit.agents.venues.bybit.bybit_market import (
    config_of,
    infos_of,
    instrument,
    recorded_config,
    session_lines,
)

ENTRY = {
    "symbol": "BTCUSDT",
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "priceFilter": {"tickSize": "0.10"},
    "lotSizeFilter": {"maxOrderQty": "1500.000", "minOrderQty": "0.001", "qtyStep": "0.001", "minNotionalValue": "5"},
}


def infos(tick="0.10", lot="0.001", category="linear", **more):
    return infos_of(config_of(instrument(1, "BTCUSDT", category, tick, lot, **more)))


def found(entry, *, symbol="BTCUSDT", **more):
    (one,) = listed(infos(**more), call("linear", symbol), body({**ENTRY, **entry}))
    return one


def call(category, symbol=""):
    return VenueCall(
        "GET", "/v5/market/instruments-info", {"category": category} | ({"symbol": symbol} if symbol else {})
    )


def body(*entries, code=0):
    return json.dumps({"retCode": code, "retMsg": "OK", "result": {"list": list(entries)}}).encode()


def test_few_instruments_are_asked_for_by_name_and_many_by_category():
    own = infos_of(recorded_config())
    assert [each.params for each in listing_calls(own, whole=False)] == [
        {"category": "spot", "symbol": "BTCUSDT"},
        {"category": "linear", "symbol": "BTCUSDT"},
        {"category": "linear", "symbol": "DOGEUSDT"},
    ]
    assert [each.params for each in listing_calls(own, whole=True)] == [
        {"category": "spot", "limit": "1000"},
        {"category": "linear", "limit": "1000"},
    ]
    many = infos_of(config_of(*(instrument(n, f"C{n}", "linear", "1", "1") for n in range(1, 30))))
    assert len(listing_calls(many, whole=False)) == 1


def test_filters_as_recorded(data_dir):
    own = infos_of(recorded_config())
    told = {}
    for line in session_lines(data_dir):
        if line["t"] == "http":
            category = "linear" if "category=linear" in line["url"] else "spot"
            told |= {each.symbol: each for each in listed(own, call(category), line["data"].encode())}
    spot, linear, doge = (told[symbol] for symbol in ("BTCUSDT", "BTC-PERP", "DOGE-PERP"))
    assert (spot.min_qty_lots, spot.max_qty_lots, spot.qty_step_lots, spot.price_step_ticks) == (1, 230_000_000, 1, 1)
    assert (spot.min_notional_e8, spot.max_notional_e8, spot.margin) == (5 * 10**8, 8_000_000 * 10**8, False)
    assert (linear.min_qty_lots, linear.max_qty_lots, linear.min_notional_e8) == (1, 1_500_000, 5 * 10**8)
    assert (linear.max_notional_e8, linear.margin) == (0, True)
    assert (doge.min_qty_lots, doge.max_qty_lots) == (1, 43_678_900)
    assert {each.fault for each in told.values()} == {""}


def test_steps_that_are_coarser_than_the_configured_units_are_told():
    one = found({}, tick="0.05", lot="0.0001")
    assert (one.price_step_ticks, one.qty_step_lots, one.min_qty_lots) == (2, 10, 10)


def test_the_smaller_bound_of_limit_and_post_only_orders_counts():
    lots = ENTRY["lotSizeFilter"] | {"postOnlyMaxOrderQty": "10", "maxOrderQty": "20"}
    assert found({"lotSizeFilter": lots}).max_qty_lots == 10_000
    assert found({"lotSizeFilter": {"qtyStep": "0.001"}}).max_qty_lots == 2**62


@pytest.mark.parametrize(
    ("entry", "more", "fault"),
    [
        ({"status": "PreLaunch"}, {}, "BTCUSDT is PreLaunch at the venue, not Trading"),
        ({"contractType": "InversePerpetual"}, {}, "BTCUSDT is InversePerpetual at the venue, not linear"),
        ({}, {"tick": "0.3"}, "tick_size 0.3 of the configuration does not divide the venue's 0.10"),
        ({}, {"contract_size": "0.001"}, "contract_size 0.001 of the configuration: the venue counts the base itself"),
        ({"symbol": "ETHUSDT"}, {}, "BTCUSDT is not listed by the venue in linear"),
        ({"priceFilter": {"tickSize": "1e-1"}}, {}, "'1e-1' is not a plain decimal of at most eight decimals"),
        (
            {"status": 1},
            {},
            "what the venue lists of BTCUSDT cannot be read: Expected `str`, got `int` - at `$.status`",
        ),
    ],
)
def test_what_is_wrong_with_an_instrument_is_its_fault(entry, more, fault):
    assert fault in found(entry, **more).fault


def test_a_symbol_that_the_venue_does_not_know_is_not_listed():
    (one,) = listed(infos(), call("linear", "BTCUSDT"), body(code=10001))
    assert one.fault == "BTCUSDT is not listed by the venue in linear"


@pytest.mark.parametrize("answer", [b"x", b"{}", body(code=10016), b'{"retCode":0,"result":{"list":[1]}}'])
def test_an_answer_that_cannot_be_is_refused(answer):
    with pytest.raises(VenueError, match="instruments of linear"):
        listed(infos(), call("linear", "BTCUSDT"), answer)


def test_an_answer_is_about_what_was_asked_only():
    own = infos_of(recorded_config())
    assert [each.symbol for each in listed(own, call("linear", "DOGEUSDT"), body())] == ["DOGE-PERP"]
    assert [each.symbol for each in listed(own, call("linear"), body())] == ["BTC-PERP", "DOGE-PERP"]
