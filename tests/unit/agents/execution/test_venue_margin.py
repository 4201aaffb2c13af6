"""What the venue says of an account on margin: positions that are told in part keep what was told of them before."""

import pytest

from agents.execution.venue_margin import VenueMargin
from agents.venues.reports import MarginReport, PositionReport
from tests.unit.agents.fake_context import FakeContext

E8 = 10**8
STREAM = 9


def told(*reports):
    """Return the prices and the leverage of the position that is published after `reports`, None if there is none."""
    venue, ctx = VenueMargin(STREAM, ()), FakeContext()
    venue.bind(ctx)
    venue.take_margin(MarginReport("USDT", 100 * E8, 50 * E8, 50 * E8, E8))
    for report in reports:
        venue.take_position(report)
    venue.tell(0)
    (position,) = ctx.messages(STREAM)[-1].positions or (None,)
    return position and (position.qty_lots, position.mark_px_e8, position.liquidation_px_e8, position.leverage_e8)


WHOLE = PositionReport(1, 5, 100 * E8, 1, 110 * E8, 60 * E8, 3 * E8)


def test_a_position_that_is_told_without_prices_keeps_those_of_before():
    assert told(WHOLE, PositionReport(1, 6, 101 * E8, 2)) == (6, 110 * E8, 60 * E8, 3 * E8)


@pytest.mark.parametrize("lots", [-6, 0])
def test_one_that_has_turned_or_ended_keeps_nothing(lots):
    found = told(WHOLE, PositionReport(1, lots, 101 * E8, 2))
    assert found == ((lots, 0, 0, 3 * E8) if lots else None)


def test_a_price_of_liquidation_that_is_gone_is_gone():
    assert told(WHOLE, PositionReport(1, 6, 101 * E8, 2, 120 * E8)) == (6, 120 * E8, 0, 3 * E8)
