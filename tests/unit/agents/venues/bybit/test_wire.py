"""Bybit's frames, as recorded and as documented: what each says, and what makes one refused."""

import pytest

from agents.venues.bybit import wire
from agents.venues.depth_update import DepthUpdate
from core.decimals import unpack_levels
from schemas.errors import VenueError
from schemas.messages import BookSnapshot, MarkPrice, Quote, Trade, TradeCondition
from schemas.orders import Side
from tests.unit.agents.venues.bybit.bybit_market import MS, book_frame, feeds_for


def decoded(feeds, frame):
    (channel,) = feeds.channels
    return feeds.decode(channel, frame, 5)


def test_linear_trade_as_recorded():
    frame = (
        b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1786310819681,"data":[{"T":1786310819680,"s":"BTCUSDT",'
        b'"S":"Sell","v":"0.004","p":"65114.20","L":"MinusTick","i":"a9188a0a-82bc-50de-be60-03eedbe3cdd7","BT":false,'
        b'"RPI":false,"seq":753843954913}]}'
    )
    assert decoded(feeds_for("linear", "trade"), frame) == Trade(
        1786310819680 * MS, 5, 651142, 4, int(Side.SELL), "a9188a0a-82bc-50de-be60-03eedbe3cdd7"
    )


def test_spot_trade_as_recorded():
    frame = (
        b'{"topic":"publicTrade.BTCUSDT","ts":1786310822606,"type":"snapshot","data":[{"i":"2290000001189048101",'
        b'"T":1786310822605,"p":"65140.5","v":"0.002705","S":"Buy","seq":112488547164,"s":"BTCUSDT","BT":false,"RPI":false}]}'
    )
    feeds = feeds_for("spot", "trade", tick="0.1", lot="0.000001")
    assert decoded(feeds, frame) == Trade(1786310822605 * MS, 5, 651405, 2705, int(Side.BUY), "2290000001189048101")


def trade(**changes):
    fields = {"T": "1", "S": '"Buy"', "v": '"0.001"', "p": '"1.00"', "i": '"x"'} | changes
    return "{" + ",".join(f'"{key}":{value}' for key, value in fields.items()) + "}"


def trades(*rows):
    return f'{{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[{",".join(rows)}]}}'.encode()


def test_several_trades_of_a_frame_are_told_in_their_order():
    found = decoded(feeds_for("linear", "trade"), trades(*(trade(i=f'"{n}"') for n in range(1024))))
    assert [each.trade_id for each in found] == [str(n) for n in range(1024)]
    assert decoded(feeds_for("linear", "trade"), trades()) == []


def test_a_block_trade_was_not_done_on_the_market():
    feeds = feeds_for("linear", "trade")
    assert decoded(feeds, trades(trade(BT="true"))).condition == TradeCondition.OTHER
    assert decoded(feeds, trades(trade(RPI="true"))).condition == TradeCondition.MARKET


@pytest.mark.parametrize(
    "changes", [{"S": '"buy"'}, {"p": '"1.05"'}, {"T": "-1"}, {"i": f'"{"x" * 37}"'}, {"v": "1"}, {"BT": "1"}]
)
def test_a_trade_that_cannot_be_is_refused(changes):
    with pytest.raises(VenueError, match=r"frame of publicTrade\.BTCUSDT"):
        decoded(feeds_for("linear", "trade"), trades(trade(**changes)))


def test_a_book_is_whole_or_changed_and_time_is_that_of_the_engine():
    feeds = feeds_for("linear", "depth")
    whole = decoded(feeds, book_frame(8, "snapshot", [("7.50", "0.002")], [("7.60", "1")]))
    assert isinstance(whole, BookSnapshot)
    assert (whole.ts_event_ns, whole.last_update_id) == (6 * MS, 8)
    assert (unpack_levels(whole.bids), unpack_levels(whole.asks)) == ([(75, 2)], [(76, 1000)])
    change = decoded(feeds, book_frame(9, "delta", [("7.50", "0")], seq=77))
    assert isinstance(change, DepthUpdate)
    assert (change.first_update_id, change.last_update_id, change.previous_update_id, change.check_id) == (9, 9, -1, 77)
    assert unpack_levels(change.bids) == [(75, 0)]


def test_an_update_with_the_id_one_is_a_whole_book():
    assert isinstance(decoded(feeds_for("linear", "depth"), book_frame(1, "delta")), BookSnapshot)


@pytest.mark.parametrize("layout", [("type", "ts", "data"), ("ts", "type", "data"), ("data", "ts", "type")])
def test_keys_stand_in_any_order(layout):
    parts = {"type": '"snapshot"', "ts": "9", "data": '{"seq":3,"u":2,"a":[],"b":[["1.00","0.001"]]}'}
    frame = '{"topic":"orderbook.50.BTCUSDT",' + ",".join(f'"{key}":{parts[key]}' for key in layout) + "}"
    found = decoded(feeds_for("linear", "depth"), frame.encode())
    assert (found.ts_event_ns, found.last_update_id, unpack_levels(found.bids)) == (9 * MS, 2, [(10, 1)])


def level_one(kind, bids, asks):
    return book_frame(50, kind, bids, asks, "orderbook.1.BTCUSDT", seq=900)


def test_the_best_of_each_side_is_a_quote_that_the_book_can_be_held_against():
    feeds = feeds_for("linear", "bookTicker")
    assert decoded(feeds, level_one("snapshot", [("7.50", "0.002")], [("7.60", "1")])) == Quote(
        6 * MS, 5, 900, 75, 2, 76, 1000
    )
    assert decoded(feeds, level_one("snapshot", [], [("7.60", "1")])) == Quote(6 * MS, 5, 900, 0, 0, 76, 1000)


def test_a_quote_is_told_whole():
    with pytest.raises(VenueError, match="told whole: delta"):
        decoded(feeds_for("linear", "bookTicker"), level_one("delta", [], []))


def test_a_type_that_there_is_not_is_refused():
    with pytest.raises(VenueError, match="a snapshot or a delta: partial"):
        decoded(feeds_for("linear", "depth"), book_frame(5, "partial"))


def ticker(kind, **fields):
    data = ",".join(f'"{key}":"{value}"' for key, value in fields.items())
    return f'{{"topic":"tickers.BTCUSDT","type":"{kind}","data":{{{data}}},"cs":1,"ts":9}}'.encode()


def test_a_ticker_keeps_what_a_change_does_not_tell():
    feeds = feeds_for("linear", "markPrice")
    whole = ticker("snapshot", markPrice="2", indexPrice="3", fundingRate="-0.5", nextFundingTime="4")
    assert decoded(feeds, whole) == MarkPrice(9 * MS, 5, 2 * 10**8, 3 * 10**8, -(10**8) // 2, 4 * MS)
    assert decoded(feeds, ticker("delta", indexPrice="7")).index_e8 == 7 * 10**8
    assert decoded(feeds, ticker("delta", bid1Price="7")) == MarkPrice(
        9 * MS, 5, 2 * 10**8, 7 * 10**8, -(10**8) // 2, 4 * MS
    )
    assert decoded(feeds, ticker("snapshot", markPrice="5", fundingRate="")) == MarkPrice(9 * MS, 5, 5 * 10**8, 0, 0, 0)


def test_changes_of_a_ticker_that_was_not_told_say_what_they_know():
    """As in a recording that begins in the middle."""
    feeds = feeds_for("linear", "markPrice")
    assert decoded(feeds, ticker("delta", indexPrice="3")) == []
    assert decoded(feeds, ticker("delta", bid1Price="7")) == []
    assert decoded(feeds, ticker("delta", markPrice="2")) == MarkPrice(9 * MS, 5, 2 * 10**8, 3 * 10**8, 0, 0)
    assert decoded(feeds, ticker("delta", fundingRate="0.5")) == MarkPrice(
        9 * MS, 5, 2 * 10**8, 3 * 10**8, 5 * 10**7, 0
    )
    assert decoded(feeds, ticker("snapshot", markPrice="5")) == MarkPrice(9 * MS, 5, 5 * 10**8, 0, 0, 0)


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (ticker("snapshot", indexPrice="1"), "a ticker without a mark price"),
        (ticker("snapshot", markPrice="x"), "x"),
        (ticker("snapshot", markPrice="1", nextFundingTime="soon"), "'soon' is no time"),
        (ticker("snapshot", markPrice="1", nextFundingTime="9999999999999999"), "is no time"),
        (ticker("snapshot", markPrice="--1"), "-1"),
    ],
)
def test_a_ticker_that_cannot_be_is_refused(frame, why):
    with pytest.raises(VenueError, match=why):
        decoded(feeds_for("linear", "markPrice"), frame)


def test_the_topic_is_found_wherever_it_stands():
    assert wire.topic_of(b'{"ts":1,"topic":"a.b"}') == "a.b"
    assert wire.topic_of(b'{"op":"pong"}') == ""
