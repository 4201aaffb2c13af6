"""Bybit's feeds: topics, connections, subscriptions and their answers, and which channel a frame is of."""

import pytest

from agents.venues.base import FeedKind
from agents.venues.bybit.book_rules import BybitBookSync
from agents.venues.bybit.feeds import ARGS_CHARS_MAX, HEARTBEAT
from agents.venues.reports import SubscriptionReply
from schemas.errors import ConfigError, VenueError
from schemas.messages import BookDelta, BookSnapshot
from schemas.streams import Kind, stream_id
from tests.unit.agents.venues.bybit.bybit_market import book_frame, feeds_for, feeds_of, instrument


def both():
    """Return spot and linear of one coin: their topics have the same names."""
    return feeds_of(
        instrument(1, "BTCUSDT", "spot", "0.1", "0.000001"),
        instrument(2, "BTC-PERP", "linear", "0.10", "0.001", venue_symbol="BTCUSDT"),
    )


def test_each_category_has_its_connection():
    assert both().urls() == {
        "spot": "wss://stream.bybit.com/v5/public/spot",
        "linear": "wss://stream.bybit.com/v5/public/linear",
    }
    (url,) = feeds_of(instrument(1, "X", "linear", "1", "1"), ws_url="wss://stream-testnet.bybit.com/").urls().values()
    assert url == "wss://stream-testnet.bybit.com/v5/public/linear"


def test_the_usual_feeds_are_trades_fifty_levels_the_best_of_each_side_and_a_contracts_mark():
    told = {"spot": [], "linear": []}
    for channel in both().channels:
        told[channel.connection].append((channel.name, channel.kind, channel.stream))
    assert [name for name, _, _ in told["spot"]] == [
        *("publicTrade.BTCUSDT", "orderbook.50.BTCUSDT", "orderbook.1.BTCUSDT")
    ]
    assert told["linear"] == [
        ("publicTrade.BTCUSDT", FeedKind.TRADE, stream_id(Kind.TRADE, 1, 2)),
        ("orderbook.50.BTCUSDT", FeedKind.DEPTH, stream_id(Kind.BOOK, 1, 2)),
        ("orderbook.1.BTCUSDT", FeedKind.TICKER, stream_id(Kind.QUOTE, 1, 2)),
        ("tickers.BTCUSDT", FeedKind.MARK, stream_id(Kind.MARK, 1, 2)),
    ]


@pytest.mark.parametrize(
    ("feed", "topic"),
    [
        ("depth@10ms", "orderbook.1"),
        ("depth@20ms", "orderbook.50"),
        ("depth@100ms", "orderbook.200"),
        ("depth@200ms", "orderbook.1000"),
        ("markPrice", "tickers"),
    ],
)
def test_a_slower_book_has_more_levels(feed, topic):
    (channel,) = feeds_for("linear", feed).channels
    assert channel.name == f"{topic}.BTCUSDT"


@pytest.mark.parametrize(
    ("category", "feed"), [("spot", "markPrice"), ("linear", "aggTrade"), ("linear", "depth@50ms")]
)
def test_a_feed_that_is_not_there_is_refused(category, feed):
    with pytest.raises(ConfigError, match=f"{feed}' is not a feed of bybit {category}"):
        feeds_for(category, feed)


@pytest.mark.parametrize("feeds", [("depth", "depth@100ms"), ("bookTicker", "depth@10ms")])
def test_two_feeds_of_one_stream_or_one_topic_are_refused(feeds):
    with pytest.raises(ConfigError, match="tell the same"):
        feeds_for("linear", *feeds)


def test_one_request_subscribes_one_instrument():
    (request,) = both().requests("spot")
    assert (request.id, request.signed) == ("spot:1", False)
    assert request.message == {
        "req_id": "spot:1",
        "op": "subscribe",
        "args": ["publicTrade.BTCUSDT", "orderbook.50.BTCUSDT", "orderbook.1.BTCUSDT"],
    }
    assert [each.id for each in both().requests("linear")] == ["linear:2"]


def test_no_connection_has_more_topics_than_the_venue_takes():
    feeds = feeds_of(*(instrument(n, f"COIN{n:04}USDT", "linear", "1", "1") for n in range(1, 401)))
    assert list(feeds.urls()) == ["linear", "linear-2", "linear-3"]
    assert set(feeds.urls().values()) == {"wss://stream.bybit.com/v5/public/linear"}
    told = []
    for connection in feeds.urls():
        topics = [topic for request in feeds.requests(connection) for topic in request.message["args"]]
        assert sum(len(topic) + 3 for topic in topics) <= ARGS_CHARS_MAX
        told += topics
    assert sorted(told) == sorted(channel.name for channel in feeds.channels)


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (
            b'{"success":true,"ret_msg":"subscribe","conn_id":"d","req_id":"spot:1","op":"subscribe"}',
            ("spot:1", True, ""),
        ),
        (b'{"success":true,"ret_msg":"","conn_id":"d","req_id":"linear:2","op":"subscribe"}', ("linear:2", True, "")),
        (
            b'{"success":true,"ret_msg":"","conn_id":"d","req_id":"o","type":"COMMAND_RESP",'
            b'"data":{"failTopics":[],"successTopics":["x"]}}',
            ("o", True, ""),
        ),
        (
            b'{"success":true,"conn_id":"d","req_id":"o","type":"COMMAND_RESP",'
            b'"data":{"failTopics":["tickers.X"],"successTopics":[]}}',
            ("o", False, "tickers.X"),
        ),
        (
            b'{"success":false,"ret_msg":"error:handler not found,topic:x.Y","conn_id":"d","req_id":"a","op":"subscribe"}',
            ("a", False, "error:handler not found,topic:x.Y", True),
        ),
        (
            b'{"success":false,"ret_msg":"error:already subscribed,topic:x.Y","conn_id":"d","req_id":"a","op":"subscribe"}',
            ("a", True, ""),
        ),
    ],
)
def test_answers_to_subscriptions_of_every_shape(frame, reply):
    assert both().reply_of(frame) == SubscriptionReply(*reply)
    assert both().channel_of("spot", frame) is None


@pytest.mark.parametrize(
    "frame",
    [
        b'{"success":true,"ret_msg":"pong","conn_id":"d","req_id":"","op":"ping"}',
        b'{"topic":"kline.1.X","data":[]}',
        b"x",
    ],
)
def test_what_answers_no_subscription(frame):
    assert both().reply_of(frame) is None


@pytest.mark.parametrize(
    "pong",
    [
        b'{"success":true,"ret_msg":"pong","conn_id":"d","req_id":"","op":"ping"}',
        b'{"req_id":"","op":"pong","args":["1675418560633"],"conn_id":"d"}',
        b'{"retCode":0,"retMsg":"OK","op":"pong","data":["1711002002529"],"connId":"d"}',
    ],
)
def test_an_answer_to_a_heartbeat_is_known_on_each_kind_of_connection(pong):
    assert HEARTBEAT.pong in pong


def test_the_connection_says_which_of_two_channels_of_one_name_a_frame_is_of():
    feeds, frame = both(), book_frame(5)
    assert [feeds.channel_of(connection, frame).info.id for connection in ("spot", "linear")] == [1, 2]
    assert feeds.channel_of("linear", frame.replace(b".50.", b".200.")) is None
    assert feeds.channel_of("option", frame) is None
    assert feeds.channel(frame).info.id == 1
    assert feeds.channel_of("spot", b"\xff") is None


def test_a_frame_whose_topic_is_not_at_its_head_is_found_too():
    frame = b'{"type":"delta","topic":"orderbook.50.BTCUSDT","ts":9,"data":{"b":[],"a":[["7.50","0"]],"u":4,"seq":40}}'
    feeds = both()
    channel = feeds.channel_of("linear", frame)
    assert channel is not None
    update = feeds.decode(channel, frame, 5)
    assert update.delta == BookDelta(9_000_000, 5, 4, 4, b"", (75).to_bytes(8, "little") + bytes(8))
    assert update.check_id == 40


def test_a_frame_that_cannot_be_is_refused_by_name():
    feeds = both()
    channel = feeds.channel_of("linear", book_frame(1))
    with pytest.raises(VenueError, match=r"frame of orderbook\.50\.BTCUSDT: .*seq"):
        feeds.decode(channel, b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"b":[],"a":[],"u":1}}', 5)


def test_books_begin_in_the_stream_and_are_subscribed_anew_after_a_hole():
    feeds = both()
    channel = feeds.channel_of("linear", book_frame(1))
    assert isinstance(feeds.book_sync(), BybitBookSync)
    assert feeds.snapshot_call(channel.info, 50) is None
    assert [(each.message["op"], each.message["args"]) for each in feeds.snapshot_requests(channel)] == [
        ("unsubscribe", ["orderbook.50.BTCUSDT"]),
        ("subscribe", ["orderbook.50.BTCUSDT"]),
    ]
    assert isinstance(feeds.decode(channel, book_frame(1, "delta"), 5), BookSnapshot)


def test_trades_are_not_numbered():
    assert not any(both().numbers_trades(channel) for channel in both().channels)
