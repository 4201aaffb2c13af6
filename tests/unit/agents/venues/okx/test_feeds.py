"""OKX's channels: which feeds there are, and what goes to which."""

import pytest

from agents.venues.base import FeedKind
from agents.venues.okx.subscriptions import HEARTBEAT
from core.frame import FLAG_STALE
from schemas.errors import ConfigError
from schemas.messages import Trade
from tests.unit.agents.venues.okx.okx_market import (
    CAPTURES,
    Desk,
    captured,
    feeds_of,
    instrument,
    symbols_of,
    text,
)

SWAP = instrument("BTC-USDT-SWAP", lot="0.01", feeds=("trade", "depth", "bookTicker", "markPrice"))


def test_each_feed_has_its_channel():
    assert [(each.name, each.kind) for each in feeds_of(SWAP).channels] == [
        ("trades:BTC-USDT-SWAP", FeedKind.TRADE),
        ("books:BTC-USDT-SWAP", FeedKind.DEPTH),
        ("bbo-tbt:BTC-USDT-SWAP", FeedKind.TICKER),
        ("mark-price:BTC-USDT-SWAP", FeedKind.MARK),
    ]
    (tick_by_tick,) = feeds_of(instrument("BTC-USDT", feeds=("depth@10ms",))).channels
    assert tick_by_tick.name == "books-l2-tbt:BTC-USDT"


def test_a_mark_price_takes_three_channels():
    feeds = feeds_of(SWAP)
    (request,) = feeds.requests("public")
    asked = [(arg["channel"], arg["instId"]) for arg in request.message["args"]]
    assert asked[3:] == [
        ("mark-price", "BTC-USDT-SWAP"),
        ("funding-rate", "BTC-USDT-SWAP"),
        ("index-tickers", "BTC-USDT"),
    ]
    for channel, symbol in asked[3:]:
        frame = f'{{"arg":{{"channel":"{channel}","instId":"{symbol}"}},"data":[]}}'.encode()
        assert feeds.channel(frame) is feeds.channels[3]


def test_an_instrument_is_known_by_the_venues_name():
    feeds = feeds_of(instrument("BTCPERP", venue_symbol="BTC-USDT-SWAP", category="linear"))
    assert feeds.channels[0].name == "trades:BTC-USDT-SWAP"
    assert feeds.snapshot_call(feeds.channels[0].info, 1000).params == {
        "instId": "BTC-USDT-SWAP",
        "sz": "400",
        "source": "0",
    }


@pytest.mark.parametrize(
    "feeds", [("aggTrade",), ("bookTicker@1s",), ("depth@20ms",), ("markPrice",), ("depth", "depth@10ms")]
)
def test_a_feed_that_is_not_there_or_comes_twice_is_refused(feeds):
    with pytest.raises(ConfigError, match=r"instruments\.BTC-USDT\.feeds"):
        feeds_of(instrument("BTC-USDT", feeds=feeds))


def test_a_frame_in_another_layout_says_the_same():
    feeds = feeds_of(SWAP)
    usual = (
        b'{"arg":{"channel":"trades","instId":"BTC-USDT-SWAP"},"data":[{"tradeId":"5","px":"1.5","sz":"2","side":"buy",'
        b'"ts":"9"}]}'
    )
    blank = usual.replace(b":", b": ")
    for frame in (usual, blank):
        assert feeds.decode(feeds.channel(frame), frame, 7) == Trade(9_000_000, 7, 15, 200, 1, "5")
    assert feeds.reader(feeds.channels[0]).read(blank, 7) is None
    assert feeds.reader(feeds.channels[1]).read(usual, 7) is None


def test_an_upgrade_is_announced():
    feeds = feeds_of(SWAP)
    assert feeds.ends_soon(b'{"event":"notice","code":"64008","msg":"The connection will soon be closed","connId":"a"}')
    assert not feeds.ends_soon(b'{"event":"notice","code":"1","msg":""}')
    assert not feeds.ends_soon(b'{"event":"error","code":"64008","msg":""}')
    assert not feeds.ends_soon(b"pong")


def test_the_heartbeat_is_text_and_asked_for_in_turn():
    assert (HEARTBEAT.ping, HEARTBEAT.pong, HEARTBEAT.asked, HEARTBEAT.answer) == ("ping", b"pong", b"ping", "pong")
    assert HEARTBEAT.interval_ms < 30_000


def test_a_book_is_subscribed_anew_by_leaving_it_first():
    feeds = feeds_of(SWAP)
    args = [{"channel": "books", "instId": "BTC-USDT-SWAP"}]
    assert [each.message for each in feeds.snapshot_requests(feeds.channels[1])] == [
        {"op": "unsubscribe", "args": args},
        {"op": "subscribe", "args": args},
    ]


def test_both_types_are_asked_for_and_each_answer_is_of_its_own():
    feeds = feeds_of(instrument("BTC-USDT"), instrument("BTC-USDT-SWAP", lot="0.01", number=2))
    assert [call.params["instType"] for call in feeds.listing_calls(whole=False)] == ["SPOT", "SWAP"]
    assert feeds.listing_call(whole=False) == feeds.listing_calls(whole=False)[0]


def test_a_mark_price_that_is_only_kept_is_published_with_the_next():
    desk = Desk(instrument("BTC-USDT-SWAP", lot="0.01", feeds=("markPrice",)))
    desk.frame(b'{"arg":{"channel":"index-tickers","instId":"BTC-USDT"},"data":[{"idxPx":"7","ts":"1"}]}')
    assert desk.agent.figures().ticks.received == 0
    desk.frame(b'{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"markPx":"8","ts":"1"}]}')
    (message,) = [each for each in desk.ctx.messages() if type(each).__name__ == "MarkPrice"]
    assert (message.mark_e8, message.index_e8) == (8 * 10**8, 7 * 10**8)
    assert desk.ctx.counters == {}


def taken(desk, *rows):
    """Have a desk receive a frame of trades, each (id, count); return the ids that are published from then on."""
    data = [
        {"instId": "BTC-USDT", "tradeId": str(number), "px": "0.1", "sz": "0.5", "side": "buy", "ts": "5"}
        | ({"count": str(count)} if count else {})
        for number, count in rows
    ]
    before = len(desk.ctx.published)
    desk.frame(text({"arg": {"channel": "trades", "instId": "BTC-USDT"}, "data": data}))
    return [m.trade_id for _, m, _ in desk.ctx.published[before:] if isinstance(m, Trade)]


@pytest.mark.parametrize("spaced", [False, True])
def test_a_message_of_several_trades_leaves_no_gap_and_a_missing_one_shows(spaced):
    desk = Desk(instrument("BTC-USDT", feeds=("trade",)))
    if spaced:
        # In another layout, so that the typed decoder reads it.
        whole = desk.frame
        desk.frame = lambda frame: whole(frame.replace(b'"data":', b' "data":'))
    assert taken(desk, (120, 1)) == ["120"]
    assert taken(desk, (123, 3), (124, 1)) == ["123", "124"]
    assert taken(desk, (126, 2)) == ["126"]
    assert "trade_gaps" not in desk.ctx.counters
    # 127 to 129 are missing.
    assert taken(desk, (133, 4)) == ["133"]
    assert desk.ctx.counters["trades_missed"] == 3
    (call_id,) = desk.ctx.pending("GET", "/api/v5/market/history-trades")
    assert desk.ctx.calls[call_id].params == {"instId": "BTC-USDT", "type": "1", "after": "130", "limit": "3"}
    # The last is no number, though a digit.
    rows = [
        {"instId": "BTC-USDT", "side": "sell", "sz": "1", "px": "0.1", "tradeId": str(number), "ts": "4"}
        for number in (129, 128, 127, "\N{SUPERSCRIPT TWO}")
    ]
    before = len(desk.ctx.published)
    desk.ctx.respond(desk.agent, call_id, text({"code": "0", "msg": "", "data": rows}))
    filled = [(m.trade_id, h.flags) for _, m, h in desk.ctx.published[before:] if isinstance(m, Trade)]
    assert filled == [(str(number), FLAG_STALE) for number in (127, 128, 129)]
    assert desk.ctx.counters["trades_filled"] == 3
    assert taken(desk, (133, 4)) == []
    assert taken(desk, (134, 0)) == ["134"]


@pytest.mark.parametrize("name", CAPTURES)
def test_the_ids_of_recorded_trades_have_no_hole(name, data_dir):
    frames = [frame for frame in captured(data_dir / "raw/okx/cryptofeed" / name) if b'"channel":"trades"' in frame]
    symbols = [symbol for symbol in symbols_of(frames) if symbol.endswith("-USDT")]
    desk = Desk(*(instrument(symbol, "0.00000001", "0.00000001", ("trade",), n) for n, symbol in enumerate(symbols, 1)))
    for frame in frames:
        desk.frame(frame)
    assert desk.agent.figures().ticks.published > 5
    assert "trade_gaps" not in desk.ctx.counters
    assert "trades_repeated" not in desk.ctx.counters
