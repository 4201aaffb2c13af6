"""OKX frames through the typed decoders: what they say, and what is refused."""

import pytest

from agents.venues.depth_update import DepthUpdate
from agents.venues.okx.frame_data import channel_of, decode_frame, millis_ns
from agents.venues.okx.marks import OkxMarks
from core.decimals import unpack_levels
from schemas.errors import VenueError
from schemas.messages import BookSnapshot, MarkPrice, Quote, Trade, TradeCondition
from tests.unit.agents.venues.okx.okx_market import MS, feeds_of, instrument

SPOT = feeds_of(instrument("BTC-USDT"))
SWAP = feeds_of(instrument("BTC-USDT-SWAP", lot="0.01", feeds=("markPrice",)))
TRADES, BOOKS, TOP = SPOT.channels
(MARK,) = SWAP.channels


def decode(channel, data, action="", marks=None, name=""):
    arg = f'{{"channel":"{name or channel.name.partition(":")[0]}","instId":"{channel.info.venue_symbol}"}}'
    head = f' "action":"{action}",' if action else ""
    frame = f'{{"arg":{arg},{head}"data":[{data}]}}'
    return decode_frame(channel, marks or OkxMarks(), frame.encode(), 5)


def test_a_message_of_trades_is_what_one_taker_order_filled_at_one_price():
    one = '{"tradeId":"130639474","px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3"}'
    expected = Trade(1630048897897 * MS, 5, 422199, 12060306, 1, "130639474", TradeCondition.AGGREGATED)
    assert decode(TRADES, one) == expected
    other = one.replace('"3"', '"1"').replace("buy", "sell")
    single = Trade(1630048897897 * MS, 5, 422199, 12060306, -1, "130639474", TradeCondition.MARKET)
    assert decode(TRADES, f"{one},{other}") == [expected, single]
    assert decode(TRADES, other.replace(',"count":"1"', "")) == single


def test_an_update_names_the_one_before():
    data = '{"asks":[["8477","7","0","2"]],"bids":[],"ts":"1597026383085","checksum":0,"seqId":9,"prevSeqId":4}'
    update = decode(BOOKS, data, "update")
    assert isinstance(update, DepthUpdate)
    assert (update.first_update_id, update.last_update_id, update.previous_update_id, update.checksum) == (9, 9, 4, 0)
    assert update.delta.ts_event_ns == 1597026383085 * MS
    assert unpack_levels(update.asks) == [(84770, 700000000)]


def test_an_update_of_old_has_its_time_for_a_number():
    update = decode(BOOKS, '{"asks":[],"bids":[],"ts":"1597026383085","checksum":-5}', "update")
    assert (update.last_update_id, update.previous_update_id, update.checksum) == (1597026383085, -1, -5)


def test_a_snapshot_replaces_the_book():
    data = '{"asks":[["8477","7","0","2"]],"bids":[["8476","1","0","1"]],"ts":"7","seqId":9,"prevSeqId":-1}'
    found = decode(BOOKS, data, "snapshot")
    assert isinstance(found, BookSnapshot)
    assert (found.last_update_id, unpack_levels(found.bids)) == (9, [(84760, 100000000)])


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("snapshot", '"seqId":9,"prevSeqId":-1,"checksum":77'),
        ("snapshot", ""),
        ("update", ""),
        ("update", '"seqId":9'),
        ("update", '"seqId":9,"prevSeqId":-1'),
        ("update", '"prevSeqId":3,"checksum":8'),
        ("update", '"seqId":-9,"prevSeqId":3'),
        ("replace", '"seqId":9,"prevSeqId":3'),
        ("", '"seqId":9,"prevSeqId":3'),
    ],
)
def test_a_book_that_cannot_be_told_from_another_is_refused(action, fields):
    with pytest.raises(VenueError, match="frame of books:BTC-USDT"):
        decode(BOOKS, f'{{"asks":[],"bids":[],"ts":"7"{"," if fields else ""}{fields}}}', action)


def test_best_prices_are_a_quote_and_an_empty_side_is_none():
    data = '{"asks":[["8476.9","415","0","13"]],"bids":[],"ts":"1597026383085","seqId":123456}'
    assert decode(TOP, data) == Quote(1597026383085 * MS, 5, 123456, 0, 0, 84769, 41500000000)


def test_mark_index_and_funding_are_put_together():
    marks = OkxMarks()
    funding = '{"instId":"BTC-USDT-SWAP","fundingRate":"0.0001515032","fundingTime":"1744590349506","ts":"8"}'
    index = '{"instId":"BTC-USDT","idxPx":"103895","ts":"9"}'
    mark = '{"instType":"SWAP","instId":"BTC-USDT-SWAP","markPx":"84660.1","ts":"1744590349506"}'
    assert decode(MARK, funding, marks=marks, name="funding-rate") == []
    assert decode(MARK, index, marks=marks, name="index-tickers") == []
    known = (8466010000000, 10389500000000, 15150, 1744590349506 * MS)
    assert decode(MARK, mark, marks=marks) == MarkPrice(1744590349506 * MS, 5, *known)
    later = funding.replace("0.0001515032", "-0.0001")
    assert decode(MARK, later, marks=marks, name="funding-rate") == MarkPrice(
        8 * MS, 5, *known[:2], -10000, 1744590349506 * MS
    )


@pytest.mark.parametrize(
    ("channel", "data"),
    [
        (TRADES, ""),
        (TRADES, '{"tradeId":"1","px":"1","sz":"1","side":"both","ts":"1"}'),
        (TRADES, '{"tradeId":"1","px":"1.01","sz":"1","side":"buy","ts":"1"}'),
        (TRADES, '{"tradeId":"1","px":"1","sz":"1","side":"buy","ts":"01"}'),
        (TRADES, '{"tradeId":"1","px":"1","sz":"1","side":"buy","ts":"9223372036855"}'),
        (TOP, ""),
        (TOP, '{"asks":[["1","1"]],"bids":[],"ts":"1"}'),
        (MARK, '{"markPx":"x","ts":"1"}'),
        (MARK, "1"),
    ],
)
def test_what_is_not_documented_is_refused(channel, data):
    with pytest.raises(VenueError, match=channel.name):
        decode(channel, data)


def test_a_time_is_counted_as_far_as_it_can_be():
    assert millis_ns("9223372036853") == 9223372036853 * MS
    with pytest.raises(VenueError, match="beyond what can be counted"):
        millis_ns("9223372036854")


def test_an_answer_is_of_no_channel():
    assert channel_of(b'{"arg":{"channel":"books","instId":"X"},"data":[]}') == "books:X"
    assert channel_of(b'{"arg":{"channel":"books","instId":"X"},"event":"subscribe"}') == ""
    assert channel_of(b'{"event":"notice"}') == channel_of(b"pong") == ""
