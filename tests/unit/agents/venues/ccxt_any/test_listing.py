"""What ccxt lists, held against the configuration."""

import msgspec
import pytest

from agents.venues.ccxt_any.listing import decode_listing, listing_call
from agents.venues.ccxt_any.wire import MarketRow, Markets
from schemas.errors import VenueError
from tests.unit.agents.venues.ccxt_any.other_exchange import infos

ROW = MarketRow("BTC/USD", "spot", True, "0.5", "0.001", "", "0.0025", "10", "5", "")


def listed(row=ROW, **instrument):
    (found,) = decode_listing(infos(**instrument), msgspec.json.encode(Markets([row])))
    return found


def test_the_call_names_the_symbols():
    assert listing_call(infos()).params == {"symbols": "BTC/USD"}


def test_steps_and_bounds_are_in_ticks_and_lots():
    found = listed()
    assert found.fault == ""
    assert (found.price_step_ticks, found.qty_step_lots) == (5, 10)
    assert (found.min_qty_lots, found.max_qty_lots) == (25, 100_000)
    assert (found.min_notional_e8, found.max_notional_e8) == (500_000_000, 0)


def test_what_ccxt_does_not_know_is_not_checked():
    assert listed(MarketRow("BTC/USD", "spot", True)).fault == ""


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"tick": "0.25"}, "tick_size 0.1 of the configuration does not divide the venue's 0.25"),
        ({"active": False}, "BTC/USD is not active at the exchange"),
        ({"category": "linear"}, "BTC/USD is linear at the exchange, not spot"),
        ({"contract_size": "0.01"}, "contract_size 1 of the configuration is not the exchange's 0.01"),
        ({"min_qty": "NaN"}, "cannot be read"),
        ({"symbol": "ETH/USD"}, "BTC/USD is no symbol of ccxt's kraken"),
    ],
)
def test_what_does_not_fit_is_the_instruments_fault(change, fault):
    assert fault in listed(msgspec.structs.replace(ROW, **change)).fault


def test_an_answer_of_another_form_is_refused():
    with pytest.raises(VenueError, match="what ccxt lists"):
        decode_listing(infos(), b"[]")
