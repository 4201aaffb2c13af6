"""The venue's filters, against exchange information as it was recorded."""

import gzip
import json

import pytest

from agents.instruments import InstrumentTable
from agents.venues.binance.listing import decode_listing
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.errors import VenueError


def infos(symbol="BTCUSDT", tick="0.01", lot="0.00001", kind="binance_spot"):
    config = Config(
        venues=(VenueConfig(id=1, name="b", kind=kind),),
        instruments=(
            InstrumentConfig(id=3, venue="b", symbol=symbol, base="A", quote="B", tick_size=tick, lot_size=lot),
        ),
        agents={},
    )
    return list(InstrumentTable(config).by_id.values())


@pytest.fixture
def spot(data_dir):
    path = data_dir / "private-and-rest" / "gocryptotrader" / "binance_http.json.gz"
    recorded = json.loads(gzip.decompress(path.read_bytes()))
    return json.dumps(recorded["routes"]["/api/v3/exchangeInfo"]["GET"][0]["data"]).encode()


@pytest.fixture
def usdm(data_dir):
    path = data_dir / "raw" / "binance-usdm" / "cryptofeed" / "BINANCE_FUTURES.0.gz"
    return gzip.decompress(path.read_bytes()).splitlines()[0].partition(b": ")[2]


@pytest.mark.parametrize(
    ("symbol", "tick", "lot", "min_qty", "max_qty", "min_notional_e8"),
    [("BTCUSDT", "0.01", "0.00001", 1, 900_000_000, 500_000_000), ("ETHBTC", "0.00001", "0.0001", 1, 10**9, 10_000)],
)
def test_spot_filters_as_recorded(spot, symbol, tick, lot, min_qty, max_qty, min_notional_e8):
    (listed,) = decode_listing(infos(symbol, tick, lot), spot)
    assert (listed.min_qty_lots, listed.max_qty_lots, listed.min_notional_e8) == (min_qty, max_qty, min_notional_e8)
    assert (listed.qty_step_lots, listed.price_step_ticks, listed.fault) == (1, 1, "")


def test_usdm_filters_as_recorded(usdm):
    (listed,) = decode_listing(infos(lot="0.001", kind="binance_usdm"), usdm)
    assert (listed.min_qty_lots, listed.max_qty_lots, listed.min_notional_e8) == (1, 1_000_000, 500_000_000)
    assert (listed.qty_step_lots, listed.price_step_ticks, listed.fault) == (1, 1, "")


def test_a_finer_unit_than_the_venues_makes_steps(usdm):
    (listed,) = decode_listing(infos(tick="0.001", lot="0.00025", kind="binance_usdm"), usdm)
    assert (listed.qty_step_lots, listed.price_step_ticks, listed.min_qty_lots) == (4, 10, 4)


def test_a_coarser_unit_than_the_venues_is_a_fault(usdm):
    (listed,) = decode_listing(infos(tick="0.1", lot="0.001", kind="binance_usdm"), usdm)
    assert listed.fault == "tick_size 0.1 of the configuration does not divide the venue's 0.01"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"symbols":[7]}', b'{"symbols":null}'])
def test_what_the_venue_does_not_document_is_a_venue_error(body):
    with pytest.raises(VenueError, match="exchange information"):
        decode_listing(infos(), body)


def two_infos():
    config = Config(
        venues=(VenueConfig(id=1, name="b", kind="binance_spot"),),
        instruments=tuple(
            InstrumentConfig(id=n, venue="b", symbol=symbol, base="A", quote="B", tick_size=tick, lot_size=lot)
            for n, (symbol, tick, lot) in enumerate(
                (("SHIBUSDT", "0.00000001", "1"), ("BTCUSDT", "0.01", "0.00001")), 1
            )
        ),
        agents={},
    )
    return list(InstrumentTable(config).by_id.values())


def entry(symbol, *filters, **more):
    return {"symbol": symbol, "status": "TRADING", "filters": list(filters), **more}


def lots(most, step="1.00"):
    return {"filterType": "LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step}


def listed(infos_, *entries):
    return decode_listing(infos_, json.dumps({"symbols": entries}).encode())


def test_a_cheap_coins_filters_are_read_and_cost_no_other_instrument_its_own():
    shib, btc = listed(
        two_infos(), entry("SHIBUSDT", lots("46116860414.00")), entry("BTCUSDT", lots("9000.00000000", "0.00001000"))
    )
    assert (shib.max_qty_lots, shib.fault) == (46_116_860_414, "")
    assert (btc.max_qty_lots, btc.qty_step_lots, btc.fault) == (900_000_000, 1, "")


def test_a_bound_beyond_what_can_be_counted_is_no_bound():
    bounds = [
        lots("9" * 30),
        {"filterType": "NOTIONAL", "minNotional": "1", "maxNotional": "9" * 30},
        {"filterType": "MAX_POSITION", "maxPosition": "9" * 30},
    ]
    shib = listed(two_infos(), entry("SHIBUSDT", *bounds))[0]
    assert (shib.max_qty_lots, shib.max_notional_e8, shib.max_position_lots, shib.fault) == (2**62, 0, 0, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"filters": [{}]},
        {"filters": [lots("-1")]},
        {"filters": [lots("1e9")]},
        {"filters": 7},
        {"filters": [{"filterType": "NOTIONAL", "minNotional": "9" * 30}]},
    ],
)
def test_an_entry_that_cannot_be_read_is_that_instruments_fault(wrong):
    shib, btc = listed(two_infos(), entry("SHIBUSDT") | wrong, entry("BTCUSDT", lots("9", "0.00001")))
    assert shib.fault.startswith("what the venue lists of SHIBUSDT cannot be read: ")
    assert btc.fault == ""
    assert btc.max_qty_lots == 900_000


@pytest.mark.parametrize("status", ["BREAK", "HALT", "PRE_DELIVERING", "CLOSE"])
def test_an_instrument_that_is_not_traded_now_has_that_fault(status):
    assert listed(two_infos(), entry("SHIBUSDT", status=status))[0].fault == (
        f"SHIBUSDT is {status} at the venue, not TRADING"
    )


def test_the_bounds_of_price_notional_and_position_are_read():
    filters = [
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "1.2",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.8",
            "avgPriceMins": 1,
        },
        {"filterType": "NOTIONAL", "minNotional": "5.00", "maxNotional": "9000000.00"},
        {"filterType": "MAX_POSITION", "maxPosition": "10.50000000"},
    ]
    found = listed(two_infos(), entry("BTCUSDT", *filters))[1]
    assert (found.bid_band_down_ppm, found.bid_band_up_ppm) == (200_000, 1_200_000)
    assert (found.ask_band_down_ppm, found.ask_band_up_ppm, found.band_minutes) == (800_000, 5_000_000, 1)
    assert (found.min_notional_e8, found.max_notional_e8) == (5 * 10**8, 9_000_000 * 10**8)
    assert found.max_position_lots == 1_050_000


@pytest.mark.parametrize("count", [{"maxNumOrders": 200}, {"limit": 200}])
def test_the_bounds_of_the_price_itself_and_of_the_orders_that_may_be_open_are_read(count):
    price = {"filterType": "PRICE_FILTER", "minPrice": "0.015", "maxPrice": "1000000.00", "tickSize": "0.01"}
    found = listed(two_infos(), entry("BTCUSDT", price, {"filterType": "MAX_NUM_ORDERS"} | count))[1]
    assert (found.min_price_ticks, found.max_price_ticks, found.max_open_orders) == (2, 100_000_000, 200)


def test_a_bound_of_the_price_that_is_zero_is_none():
    price = {"filterType": "PRICE_FILTER", "minPrice": "0.00", "maxPrice": "0.00", "tickSize": "0.01"}
    found = listed(two_infos(), entry("BTCUSDT", price))[1]
    assert (found.min_price_ticks, found.max_price_ticks, found.max_open_orders) == (0, 0, 0)


def test_futures_bound_both_sides_alike(usdm):
    both = {
        "filterType": "PERCENT_PRICE",
        "multiplierUp": "1.1500",
        "multiplierDown": "0.8500",
        "multiplierDecimal": "4",
    }
    found = listed(two_infos(), entry("BTCUSDT", both))[1]
    assert (found.bid_band_down_ppm, found.bid_band_up_ppm) == (850_000, 1_150_000)
    assert (found.ask_band_down_ppm, found.ask_band_up_ppm, found.band_minutes) == (850_000, 1_150_000, 0)
    (recorded,) = decode_listing(infos(lot="0.001", kind="binance_usdm"), usdm)
    assert recorded.bid_band_down_ppm == recorded.ask_band_down_ppm > 0
