"""What a venue takes: as much of a quantity as one order may have, in its steps and within its bounds."""

import msgspec
import pytest

from agents.instruments import InstrumentTable
from agents.state.venue_filters import filters_of
from schemas.messages import E8, Instrument
from tests.unit.agents.trading_desk import BTC, config

INFO = InstrumentTable(config()).by_id[BTC]
LISTED = Instrument(BTC, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")
PRICE = 6_000_000
"""60000.00, so that a lot is worth 0.60."""


def fitting(lots, **stated):
    return filters_of(INFO, msgspec.structs.replace(LISTED, **stated)).fit_lots(INFO, lots, PRICE)


@pytest.mark.parametrize(
    ("stated", "fits"),
    [
        ({}, 1_234),
        ({"qty_step_lots": 100}, 1_200),
        ({"max_qty_lots": 1_000}, 1_000),
        ({"max_qty_lots": 1_050, "qty_step_lots": 100}, 1_000),
        ({"max_notional_e8": 600 * E8}, 1_000),
        ({"min_qty_lots": 1_234}, 1_234),
        ({"min_qty_lots": 1_235}, 0),
        ({"qty_step_lots": 2_000}, 0),
        ({"min_notional_e8": 741 * E8}, 0),
        ({"min_notional_e8": 740 * E8}, 1_234),
    ],
)
def test_an_order_has_as_much_as_the_venue_takes(stated, fits):
    assert fitting(1_234, **stated) == fits


def test_nothing_fits_nothing():
    assert fitting(0) == 0


def test_the_configuration_holds_until_the_venue_has_told():
    assert filters_of(INFO, None).min_notional_e8 == INFO.min_notional_e8
    assert filters_of(INFO, LISTED).min_notional_e8 == INFO.min_notional_e8


def test_every_bound_that_is_stated_is_taken():
    filters = filters_of(
        INFO, msgspec.structs.replace(LISTED, min_price_ticks=2, max_price_ticks=9, max_open_orders=7, fault="closed")
    )
    assert (filters.min_price_ticks, filters.max_price_ticks, filters.max_open_orders) == (2, 9, 7)
    assert filters.fault == "closed"
