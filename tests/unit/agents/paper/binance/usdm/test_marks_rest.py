"""Marks, funding and listing of the paper venue's contracts, as anybody may ask for them."""

import pytest

from agents.paper.market.market import FUNDING_INTERVAL_NS
from schemas.units import MS
from tests.unit.agents.paper.binance.usdm.usdm_desk import UsdmDesk

INTERVAL_MS = FUNDING_INTERVAL_NS // MS


@pytest.fixture
def desk() -> UsdmDesk:
    desk = UsdmDesk()
    desk.run(1)
    return desk


def test_the_mark_says_when_funding_is_next_and_how_much(desk: UsdmDesk) -> None:
    status, row = desk.get("/fapi/v1/premiumIndex", "symbol=BTCUSDT")
    bid, ask = desk.best()
    assert (status, float(row["markPrice"])) == (200, pytest.approx((bid + ask) / 2))
    assert (row["lastFundingRate"], row["nextFundingTime"] % INTERVAL_MS) == ("0.00010000", 0)
    assert 0 < row["nextFundingTime"] - row["time"] <= INTERVAL_MS
    assert [each["symbol"] for each in desk.get("/fapi/v1/premiumIndex")[1]] == ["BTCUSDT", "ETHUSDT"]
    assert desk.get("/fapi/v1/premiumIndex", "symbol=NOUSDT")[0] == 400


def test_past_rates_end_with_the_last_time_of_funding(desk: UsdmDesk) -> None:
    _, rows = desk.get("/fapi/v1/fundingRate", "symbol=BTCUSDT&limit=3")
    times = [row["fundingTime"] for row in rows]
    last = desk.wall_ns // MS // INTERVAL_MS * INTERVAL_MS
    assert times == [last - 2 * INTERVAL_MS, last - INTERVAL_MS, last]
    _, since = desk.get("/fapi/v1/fundingRate", f"symbol=BTCUSDT&startTime={times[0]}&limit=1")
    assert [row["fundingTime"] for row in since] == times[:1]
    assert [row["fundingIntervalHours"] for row in desk.get("/fapi/v1/fundingInfo")[1]] == [8, 8]


def test_the_listing_names_limits_and_filters(desk: UsdmDesk) -> None:
    _, info = desk.get("/fapi/v1/exchangeInfo")
    assert [(each["rateLimitType"], each["limit"]) for each in info["rateLimits"]] == [
        ("REQUEST_WEIGHT", 2400),
        ("ORDERS", 300),
        ("ORDERS", 1200),
    ]
    filters = {each["filterType"]: each for each in info["symbols"][0]["filters"]}
    assert (filters["PRICE_FILTER"]["tickSize"], filters["LOT_SIZE"]["stepSize"]) == ("0.10000000", "0.00100000")
    assert (filters["PERCENT_PRICE"]["multiplierUp"], filters["MAX_NUM_ORDERS"]["limit"]) == ("1.0500", 200)
    assert info["assets"] == [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "0"}]
