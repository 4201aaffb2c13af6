"""Binance frames in any layout: what the typed decoder of each feed reads, and what it refuses."""

import msgspec
import pytest

from agents.instruments import InstrumentTable
from agents.venues.base import FeedKind
from agents.venues.binance.frame_data import DECODERS
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.errors import DecimalError, VenueError
from schemas.messages import MarkPrice, Quote

MS = 1_000_000


def info():
    config = Config(
        venues=(VenueConfig(id=1, name="b", kind="binance_usdm"),),
        instruments=(
            InstrumentConfig(
                id=3, venue="b", symbol="BTCUSDT", base="BTC", quote="USDT", tick_size="0.1", lot_size="0.001"
            ),
        ),
        agents={},
    )
    (only,) = InstrumentTable(config).by_id.values()
    return only


def test_a_frame_with_blanks_and_in_another_order_is_read():
    frame = b' {"data": {"A":"2","a":"3.1","B":"1","b":"3","u":7, "T":5}, "stream": "btcusdt@bookTicker"} '
    assert DECODERS[FeedKind.TICKER](info(), frame, 9) == Quote(5 * MS, 9, 7, 30, 1000, 31, 2000)


def test_a_mark_price_has_its_funding():
    frame = b'{"stream":"x","data":{"E":1,"p":"2.5","i":"2.4","r":"-0.0001","T":3}}'
    assert DECODERS[FeedKind.MARK](info(), frame, 9) == MarkPrice(MS, 9, 250_000_000, 240_000_000, -10_000, 3 * MS)


@pytest.mark.parametrize("price", ["3.14", "-3", "1e3", ""])
def test_a_price_that_is_no_whole_tick_is_refused(price):
    frame = b'{"stream":"x","data":{"u":1,"b":"%b","B":"1","a":"4","A":"1"}}' % price.encode()
    with pytest.raises(DecimalError):
        DECODERS[FeedKind.TICKER](info(), frame, 9)


def test_a_frame_that_lacks_a_field_is_refused():
    with pytest.raises(msgspec.ValidationError, match="missing required field `u`"):
        DECODERS[FeedKind.TICKER](info(), b'{"stream":"x","data":{"b":"1","B":"1","a":"4","A":"1"}}', 9)


@pytest.mark.parametrize(("begin", "end"), [(5, 4), (1_700_000_000_000_000, 1_700_000_000_000_000)])
def test_a_bar_that_lasts_no_time_is_refused(begin, end):
    text = b'{"stream":"x","data":{"k":{"t":%d,"T":%d,"o":"1","h":"1","l":"1","c":"1","v":"1","n":1,"x":true}}}' % (
        begin,
        end,
    )
    with pytest.raises(VenueError, match="bar"):
        DECODERS[FeedKind.BAR](info(), text, 5)
