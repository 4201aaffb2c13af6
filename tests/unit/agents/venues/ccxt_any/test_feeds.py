"""The port's feeds through ccxt: what frames say, what is refused, and what is promised less."""

import pytest

from agents.venues.ccxt_any.feeds import AGAIN, LIMITED_NS
from agents.venues.depth_update import DepthUpdate
from core.decimals import unpack_levels
from mesh.context import CallOutcome, VenueCall, VenueReply
from schemas.errors import ConfigError, VenueError
from schemas.messages import BookSnapshot, Quote, Trade
from schemas.streams import Weakness
from tests.unit.agents.venues.ccxt_any.other_exchange import ALL, feeds

NOW = 1_700_000_000_000_000_000
TRADES, BOOK, TICKER = "trades:BTC/USD", "book:BTC/USD", "ticker:BTC/USD"


def frame(channel, body):
    return f'{{"channel":"{channel}",{body}}}'.encode()


def row(price="100.5", qty="0.002", side="buy", trade_id="1", ms="5"):
    return f'{{"id":"{trade_id}","ms":{ms},"price":"{price}","qty":"{qty}","side":"{side}"}}'


def read(text, has=ALL):
    found = feeds(has)
    channel = found.channel(text)
    assert channel is not None
    message = found.reader(channel).read(text, NOW)
    decoded = found.decode(channel, text, NOW)
    assert type(message) is type(decoded)
    return decoded


def test_each_feed_is_a_connection():
    assert feeds().urls() == {name: name for name in (TRADES, BOOK, TICKER)}


def test_trades_are_read_with_their_time_or_that_of_receipt():
    text = frame(TRADES, f'"trades":[{row()},{row(side="sell", ms="null", trade_id="")},{row(side="")}]')
    first, second, third = read(text)
    assert first == Trade(5_000_000, NOW, 1_005, 20, 1, "1")
    assert (second.ts_event_ns, second.aggressor, second.trade_id) == (NOW, -1, "")
    assert third.aggressor == 0
    assert read(frame(TRADES, f'"trades":[{row(trade_id="u" * 50 + "9")}]')).trade_id == "u" * 35 + "9"


def test_a_book_is_whole_or_an_update_that_goes_on_from_the_one_before():
    whole = read(frame(BOOK, '"ms":null,"number":4,"whole":true,"bids":[["99.5","1"]],"asks":[["100","0.5"]]'))
    assert isinstance(whole, BookSnapshot)
    assert (whole.ts_event_ns, whole.last_update_id) == (NOW, 4)
    update = read(frame(BOOK, '"ms":7,"number":5,"whole":false,"bids":[["99.5","0"]],"asks":[]'))
    assert isinstance(update, DepthUpdate)
    assert (update.first_update_id, update.last_update_id, update.delta.ts_event_ns) == (5, 5, 7_000_000)
    assert unpack_levels(update.bids) == [(995, 0)]
    sync = feeds().book_sync()
    sync.on_stream_snapshot(4)
    assert sync.continues(5, -1, 4)
    assert not sync.continues(6, -1, 4)


def test_a_ticker_needs_both_sides():
    text = '"ms":7,"bid":"99.5","bid_qty":"1","ask":"{}","ask_qty":"2"'
    assert read(frame(TICKER, text.format("100"))) == Quote(7_000_000, NOW, 0, 995, 10_000, 1_000, 20_000)
    found = feeds()
    channel = found.channels[2]
    assert found.reader(channel).read(frame(TICKER, text.format("")), NOW) is None
    with pytest.raises(VenueError, match="frame of ticker:BTC/USD"):
        found.decode(channel, frame(TICKER, text.format("")), NOW)


@pytest.mark.parametrize(
    "body",
    [
        f'"trades":[{row(price="100.55")}]',
        f'"trades":[{row(side="both")}]',
        f'"trades":[{row(qty="nan")}]',
        f'"trades":[{row(ms="-1")}]',
        f'"trades":[{row(ms=str(2**63))}]',
        '"trades":[{}]',
        "1",
    ],
)
def test_what_is_not_in_whole_ticks_or_not_a_trade_is_refused(body):
    found = feeds()
    text = frame(TRADES, body)
    assert found.reader(found.channels[0]).read(text, NOW) is None
    with pytest.raises(VenueError):
        found.decode(found.channels[0], text, NOW)


def test_a_frame_is_read_by_its_own_channel_alone():
    found = feeds()
    trades, book = found.reader(found.channels[0]), found.reader(found.channels[1])
    text = frame(TRADES, f'"trades":[{row()}]')
    assert book.read(text, NOW) is None
    assert trades.channel_name(text) == book.channel_name(text) == TRADES.encode()
    assert trades.channel_name(b"[]") is None
    assert found.channel(b'{"channel":"trades:ETH/USD"}') is None
    assert found.channel(b"\xff" * 20) is None


def test_what_is_not_promised_stands_by_each_channel():
    weaker = {channel.name: channel.weaker for channel in feeds().channels}
    assert all(flags & Weakness.GAPS_NOT_FOUND for flags in weaker.values())
    assert weaker[TRADES] & Weakness.DOUBLES_BY_ID
    assert weaker[BOOK] & Weakness.BOOKS_COMPARED


def test_a_book_is_made_anew_by_being_watched_anew():
    found = feeds()
    (request,) = found.snapshot_requests(found.channels[1])
    assert request.message == {"op": AGAIN, "channel": BOOK}
    assert found.snapshot_call(found.channels[1].info, 100) is None


def test_time_is_asked_for_where_ccxt_can():
    assert feeds().time_call() == VenueCall("GET", "time", {})
    assert feeds().decode_time(b'{"ms":5}') == 5_000_000
    with pytest.raises(VenueError):
        feeds().decode_time(b"{}")
    assert feeds(ALL | {"fetchTime": False}).time_call() is None


def test_an_exchange_that_was_asked_too_often_is_left_alone():
    call = feeds().listing_call(whole=False)
    limited = VenueReply(1, call, CallOutcome.ANSWERED, 429, b"")
    assert feeds().retry_after_ns(limited) == LIMITED_NS
    assert feeds().retry_after_ns(VenueReply(1, call, CallOutcome.UNKNOWN)) == 0


def test_a_feed_that_ccxt_does_not_have_is_named():
    with pytest.raises(ConfigError, match="'markPrice' is not a feed through ccxt"):
        feeds(feeds=("markPrice",))
    with pytest.raises(ConfigError, match="ccxt has no watchBidsAsks nor watchTicker for kraken"):
        feeds(has={"watchTrades": True, "watchOrderBook": True})
    ticker = {"watchTrades": None, "watchOrderBook": "emulated", "watchTicker": True}
    assert len(feeds(has=ticker, feeds=("depth", "bookTicker")).channels) == 2
