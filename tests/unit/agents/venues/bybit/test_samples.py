"""Every single message of Bybit in the recorded data: the typed message that it becomes, or why it is none."""

import pytest

from agents.venues.bybit.history import decode_klines, decode_trades
from agents.venues.bybit.listing import listed
from agents.venues.depth_update import DepthUpdate
from agents.venues.reports import SubscriptionReply
from core.decimals import unpack_levels
from mesh.agent import VenueCall
from schemas.messages import BookSnapshot, Kline, MarkPrice, Trade, VenueBar
from schemas.orders import Side
from tests.unit.agents.venues.bybit.account_samples import OF_THE_ACCOUNT
from tests.unit.agents.venues.bybit.bybit_market import MS, config_of, feeds_for, infos_of, instrument
from tests.unit.agents.venues.bybit.samples import samples

E8 = 10**8
INVERSE = "inverse contracts are not traded on this venue"
OPTIONS = "options are not traded on this venue"
OLD = "the API before v5, which the venue has closed"
OUT_OF_SCOPE = {
    "http_get_funding_history.json": "funding is told by the ticker before it is paid, and by the account when it is",
    "http_get_instruments_inverse.json": INVERSE,
    "http_get_instruments_inverse_symbol_type.json": INVERSE,
    "http_get_instruments_option.json": OPTIONS,
    "http_get_instruments_option_symbol_id.json": OPTIONS,
    "http_get_orderbook.json": "books begin in the stream",
    "ws_ticker_option.json": OPTIONS,
    "bybit_wsTicker.json:1": "the ticker of spot has no mark price, and best prices come with the book of one level",
    "bybit_wsTicker.json:2": OPTIONS,
    "bybit_wsTicker.json:7": INVERSE,
    "bybit_wsTicker.json:8": INVERSE,
    **{f"bybit.jsonl:{number}": OLD for number in range(1, 25)},
}
MARKET = {
    "http_get_instruments_linear.json",
    "http_get_instruments_linear_symbol_type.json",
    "http_get_instruments_spot.json",
    "http_get_instruments_spot_xstocks.json",
    "http_get_klines_linear.json",
    "http_get_trades_recent.json",
    "ws_kline.json",
    "ws_orderbook_delta.json",
    "ws_orderbook_snapshot.json",
    "ws_public_trade.json",
    "ws_subscription_ack.json",
    "ws_subscription_failure.json",
    "ws_ticker_linear.json",
    *(f"bybit_wsTicker.json:{number}" for number in (3, 4, 5, 6)),
}
"""Those whose messages are asserted below."""


@pytest.fixture
def sample(data_dir):
    return samples(data_dir).__getitem__


def test_every_sample_is_accounted_for(data_dir):
    parts = (set(OUT_OF_SCOPE), MARKET, OF_THE_ACCOUNT)
    assert set(samples(data_dir)) == set().union(*parts)
    assert sum(map(len, parts)) == len(samples(data_dir))


def decoded(feeds, frame):
    (channel,) = feeds.channels
    assert feeds.channel(frame) == channel
    return feeds.decode(channel, frame, 5)


def test_books(sample):
    feeds = feeds_for("linear", "depth@10ms", tick="0.50")
    snapshot = decoded(feeds, sample("ws_orderbook_snapshot.json"))
    assert isinstance(snapshot, BookSnapshot)
    assert (snapshot.ts_event_ns, snapshot.ts_recv_ns, snapshot.last_update_id) == (1709891679000 * MS, 5, 123456789)
    assert unpack_levels(snapshot.bids) == [(54900, 500), (54899, 1000)]
    assert unpack_levels(snapshot.asks) == [(54902, 750), (54903, 900)]
    update = decoded(feeds, sample("ws_orderbook_delta.json"))
    assert isinstance(update, DepthUpdate)
    assert (update.last_update_id, update.check_id, update.delta.ts_event_ns) == (
        123456790,
        987654322,
        1709891679500 * MS,
    )
    assert (unpack_levels(update.bids), unpack_levels(update.asks)) == ([(54900, 400)], [(54902, 0)])


def test_public_trade(sample):
    """The sample's topic is one that the venue does not have; all else is as documented."""
    frame = sample("ws_public_trade.json").replace(b"trade.linear.BTCUSDT", b"publicTrade.BTCUSDT")
    assert decoded(feeds_for("linear", "trade"), frame) == Trade(
        1709891679000 * MS, 5, 274510, 10, int(Side.BUY), "9dc75fca-4bdd-4773-9f78-6f5d7ab2a110"
    )
    assert feeds_for("linear", "trade").channel(sample("ws_public_trade.json")) is None


def test_bars(sample):
    feeds = feeds_for("linear", "kline_5m")
    assert decoded(feeds, sample("ws_kline.json")) == []
    ended = sample("ws_kline.json").replace(b'"confirm":false', b'"confirm":true').replace(b": false", b": true")
    assert decoded(feeds, ended) == [
        VenueBar(1672325100000 * MS, 5, 300_000, 1672324800000 * MS, 166_495, 166_770, 166_080, 166_770, 2_081)
    ]


def test_tickers(sample):
    feeds = feeds_for("linear", "markPrice")
    assert decoded(feeds, sample("ws_ticker_linear.json")) == MarkPrice(
        1673272861686 * MS, 5, 1721733 * E8 // 100, 1722736 * E8 // 100, -21200, 1673280000000 * MS
    )
    whole = MarkPrice(1715748762463 * MS, 5, 6187525000000, 6190373000000, 8055, 1715760000000 * MS)
    assert decoded(feeds, sample("bybit_wsTicker.json:3")) == whole
    changed = MarkPrice(1715748763063 * MS, 5, 6187506000000, 6190359000000, 8055, 1715760000000 * MS)
    assert decoded(feeds, sample("bybit_wsTicker.json:4")) == changed


def test_a_change_of_prices_that_are_not_followed_leaves_the_mark_as_it_was(sample):
    feeds = feeds_for("linear", "markPrice", symbol="BTCPERP")
    whole = decoded(feeds, sample("bybit_wsTicker.json:5"))
    assert whole == MarkPrice(1715756612118 * MS, 5, 6194358000000, 6194285000000, 4979, 1715760000000 * MS)
    assert decoded(feeds, sample("bybit_wsTicker.json:6")) == MarkPrice(171575661221 * MS, 5, *list_of(whole)[2:])


def list_of(mark):
    return [getattr(mark, name) for name in mark.__struct_fields__]


def test_answers_to_subscriptions(sample):
    feeds = feeds_for("linear", "trade")
    assert feeds.reply_of(sample("ws_subscription_ack.json")) == SubscriptionReply("sub-orderbook-1", True)
    refused = SubscriptionReply("", False, "Invalid topic: invalid.topic.BTCUSDT")
    assert feeds.reply_of(sample("ws_subscription_failure.json")) == refused


def test_trades_and_bars_by_rest(sample):
    (info,) = infos_of(config_of(instrument(1, "BTCUSDT", "linear", "0.10", "0.001")))
    assert decode_trades(info, sample("http_get_trades_recent.json"), 5) == [
        Trade(1709891679000 * MS, 5, 274505, 5, int(Side.BUY), "a905d5c3-1ed0-4f37-83e4-9c73a2fe2f01")
    ]
    (info,) = infos_of(config_of(instrument(1, "BTCUSDT", "linear", "0.10", "0.01")))
    assert decode_klines(info, sample("http_get_klines_linear.json")) == [
        Kline(1709891679000 * MS, 274500, 274600, 274400, 274550, 12345, 0)
    ]


@pytest.mark.parametrize(
    ("name", "symbol", "category", "tick", "lot", "numbers"),
    [
        ("linear", "BTCUSDT", "linear", "0.5", "0.001", (1, 100_000, 5 * E8, 0)),
        ("linear", "ETHUSDT", "linear", "0.05", "0.01", (1, 100_000, 5 * E8, 0)),
        ("linear_symbol_type", "TSLAUSDT", "linear", "0.01", "0.001", (1, 100_000, E8, 0)),
        ("spot", "BTCUSDT", "spot", "0.1", "0.0001", (10, 1_000_000, 10 * E8, 1_000_000 * E8)),
        ("spot", "ETHUSDT", "spot", "0.01", "0.00001", (100, 100_000_000, 10 * E8, 1_000_000 * E8)),
        ("spot_xstocks", "AAPLUSDT", "spot", "0.01", "0.0001", (10, 1_000_000, 10 * E8, 1_000_000 * E8)),
    ],
)
def test_listings(sample, name, symbol, category, tick, lot, numbers):
    own = infos_of(config_of(instrument(1, symbol, category, tick, lot)))
    call = VenueCall("GET", "/v5/market/instruments-info", {"category": category, "symbol": symbol})
    (one,) = listed(own, call, sample(f"http_get_instruments_{name}.json"))
    assert (one.min_qty_lots, one.max_qty_lots, one.min_notional_e8, one.max_notional_e8) == numbers
    assert (one.qty_step_lots, one.price_step_ticks, one.fault) == (1, 1, "")
