"""Units of a listing: exact, or a fault that names both sides."""

import pytest

from agents.instruments import InstrumentTable
from agents.venues.listing_units import TEXT_MAX, exact_e8, faulty, unit_faults, upper_bound
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.errors import VenueError


def info(tick="0.01", lot="0.001"):
    venues = (VenueConfig(id=1, name="b", kind="bybit"),)
    instrument = InstrumentConfig(id=1, venue="b", symbol="X", base="A", quote="B", tick_size=tick, lot_size=lot)
    return InstrumentTable(Config(venues=venues, instruments=(instrument,), agents={})).by_id[1]


@pytest.mark.parametrize(
    ("text", "value"), [("", 0), ("0.00000001", 1), ("12.5", 1_250_000_000), ("0.100000000000", 10_000_000)]
)
def test_decimals_are_exact(text, value):
    assert exact_e8(text) == value


@pytest.mark.parametrize("text", ["-1", "1e3", "0.000000001", ".5", "x"])
def test_what_is_not_a_plain_decimal_is_refused(text):
    with pytest.raises(VenueError, match="plain decimal"):
        exact_e8(text)


def test_a_unit_must_divide_the_venues_step():
    assert unit_faults(info(), "tick_size", "0.10") == []
    (fault,) = unit_faults(info(), "tick_size", "0.005")
    assert fault == "tick_size 0.01 of the configuration does not divide the venue's 0.005"


def test_bounds_are_rounded_down_and_left_out_where_they_cannot_be_counted():
    assert upper_bound("0.0059", 100_000, 2**62) == 5
    assert upper_bound("9" * 30, 1, 2**62) == 0


def test_a_fault_is_told_with_the_instrument():
    listed = faulty(info(), "x" * 1000)
    assert (listed.instrument_id, listed.fault) == (1, "x" * TEXT_MAX)
