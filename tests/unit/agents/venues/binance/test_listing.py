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


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"symbols":[{"symbol":"BTCUSDT","filters":[{}]}]}', b'{"symbols":null}']
)
def test_what_the_venue_does_not_document_is_a_venue_error(body):
    with pytest.raises(VenueError, match="exchange information"):
        decode_listing(infos(), body)
