"""What the venue lists: asked for at start, published with its faults, asked for again."""

import json

import pytest

from agents.market_data.agent import build
from mesh.agent import CallOutcome
from schemas.streams import Kind, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.market_data.market_data_desk import (
    DEPTH,
    SECOND,
    Desk,
)
from tests.unit.agents.venues.bybit.bybit_market import config_of, instrument


def listing(*filters, symbol="BTCUSDT"):
    return json.dumps({"symbols": [{"symbol": symbol, "filters": list(filters)}]}).encode()


PRICES = {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.10000000"}
LOTS = {"filterType": "LOT_SIZE", "minQty": "0.00100000", "maxQty": "9000.00000000", "stepSize": "0.00010000"}
MONEY = {"filterType": "NOTIONAL", "minNotional": "7.50000000", "maxNotional": "9000000.00000000"}
INSTRUMENT = stream_id(Kind.INSTRUMENT, 1, 1)


def told(desk, body=b"", **more):
    """Answer the listing call that is out, or the first one."""
    (number,) = desk.ctx.pending("GET", "/api/v3/exchangeInfo") or (desk.listing_call,)
    desk.ctx.calls[number] = desk.listing
    desk.ctx.respond(desk.agent, number, body, **more)


def test_the_venues_filters_are_asked_for_at_start_and_published():
    desk = Desk()
    assert (desk.listing.path, desk.listing.params) == ("/api/v3/exchangeInfo", {"symbols": '["BTCUSDT"]'})
    assert [m.qty_step_lots for m in desk.ctx.messages(INSTRUMENT)] == [1]
    told(desk, listing(PRICES, LOTS, MONEY))
    last = desk.ctx.messages(INSTRUMENT)[-1]
    assert (last.min_qty_lots, last.max_qty_lots, last.min_notional_e8) == (100, 900_000_000, 750_000_000)
    assert (last.qty_step_lots, last.price_step_ticks, last.fault) == (10, 10, "")
    assert desk.agent.snapshot(INSTRUMENT) == last
    assert desk.agent.figures().listing == ""


def test_sizes_that_do_not_fit_the_venues_are_told_with_the_instrument():
    desk = Desk()
    told(desk, listing(PRICES | {"tickSize": "0.00500000"}, LOTS | {"stepSize": "0.00001500"}))
    fault = desk.ctx.messages(INSTRUMENT)[-1].fault
    assert "tick_size 0.01 of the configuration does not divide the venue's 0.00500000" in fault
    assert "lot_size 0.00001 of the configuration does not divide the venue's 0.00001500" in fault
    assert desk.ctx.counters["instrument_does_not_fit"] == 1
    assert desk.agent.figures().faults == {"BTCUSDT": fault}


def test_an_instrument_that_the_venue_does_not_list_is_told():
    desk = Desk()
    told(desk, listing(PRICES, LOTS, symbol="ETHUSDT"))
    assert desk.ctx.messages(INSTRUMENT)[-1].fault == "BTCUSDT is not listed by the venue"


@pytest.mark.parametrize(("body", "status"), [(b"", 503), (b'{"symbols":7}', 200), (b"", 418)])
def test_a_listing_that_failed_is_asked_for_again(body, status):
    desk = Desk(feeds=("trade",))
    told(desk, body, status=status)
    assert desk.agent.figures().listing.startswith("exchange information")
    desk.ctx.advance(desk.agent, SECOND)
    told(desk, listing(PRICES, LOTS))
    assert desk.ctx.messages(INSTRUMENT)[-1].qty_step_lots == 10
    desk.ctx.advance(desk.agent, 3600 * SECOND)
    assert desk.ctx.pending("GET", "/api/v3/exchangeInfo")


def test_a_ban_that_one_call_is_told_of_holds_for_all():
    desk = Desk()
    told(desk, status=418, headers={"Retry-After": "60"})
    (snapshot,) = desk.ctx.pending("GET", DEPTH)
    desk.ctx.respond(desk.agent, snapshot, outcome=CallOutcome.UNKNOWN)
    desk.ctx.advance(desk.agent, 59 * SECOND)
    assert desk.ctx.calls == {}
    desk.ctx.advance(desk.agent, SECOND)
    assert {call.path for call in desk.ctx.calls.values()} == {DEPTH, "/api/v3/exchangeInfo"}


def test_a_listing_that_is_refused_for_an_unknown_symbol_is_asked_for_whole():
    desk = Desk(feeds=("trade",))
    told(desk, b'{"code":-1121,"msg":"Invalid symbol."}', status=400)
    desk.ctx.advance(desk.agent, SECOND)
    (number,) = desk.ctx.pending("GET", "/api/v3/exchangeInfo")
    assert desk.ctx.calls[number].params == {}
    told(desk, listing(PRICES, LOTS, symbol="ETHUSDT"))
    assert desk.agent.figures().faults == {"BTCUSDT": "BTCUSDT is not listed by the venue"}


def bybit_desk():
    """Return market data of Bybit, whose listing is a call for each instrument, and those calls."""
    config = config_of(
        instrument(1, "BTCUSDT", "spot", "0.1", "0.001"),
        instrument(2, "BTC-PERP", "linear", "0.1", "0.001", venue_symbol="BTCUSDT"),
    )
    ctx = FakeContext("md")
    agent = build("md", config)
    agent.bind(ctx)
    agent.start()
    return ctx, agent


def bybit_listing(status="Trading"):
    lots = {"basePrecision": "0.01", "qtyStep": "0.01", "minOrderQty": "0.01"}
    entry = {"symbol": "BTCUSDT", "status": status, "lotSizeFilter": lots, "priceFilter": {"tickSize": "0.1"}}
    return json.dumps({"retCode": 0, "retMsg": "OK", "result": {"list": [entry]}}).encode()


PATH = "/v5/market/instruments-info"


def test_a_listing_of_several_calls_is_known_when_the_last_was_answered():
    ctx, agent = bybit_desk()
    first, second = ctx.pending("GET", PATH)
    ctx.respond(agent, first, bybit_listing())
    assert ctx.messages(INSTRUMENT)[-1].qty_step_lots == 10
    assert agent.figures().listing == "not asked for yet"
    ctx.respond(agent, second, bybit_listing())
    assert agent.figures().listing == ""
    assert ctx.messages(stream_id(Kind.INSTRUMENT, 1, 2))[-1].qty_step_lots == 10
    ctx.advance(agent, 299 * SECOND)
    assert ctx.pending("GET", PATH) == []
    ctx.advance(agent, 2 * SECOND)
    assert len(ctx.pending("GET", PATH)) == 2


def test_a_listing_of_which_one_call_fails_is_asked_for_anew():
    ctx, agent = bybit_desk()
    first, second = ctx.pending("GET", PATH)
    ctx.respond(agent, first, b"", status=500)
    ctx.respond(agent, second, bybit_listing())
    assert "ANSWERED 500" in agent.figures().listing
    assert ctx.messages(stream_id(Kind.INSTRUMENT, 1, 2))[-1].qty_step_lots == 10
    ctx.advance(agent, SECOND)
    assert len(ctx.pending("GET", PATH)) == 2
