"""Every single message of Binance in the recorded data: the typed message that it becomes, or why it is none."""

import json
from decimal import Decimal

import pytest

from agents.instruments import InstrumentTable
from agents.venues.binance import coinm, spot, usdm
from agents.venues.binance.spot_account import SpotAccount
from agents.venues.depth_update import DepthUpdate
from agents.venues.reports import BalanceReport, CallResult, ExecutionEvent, TransferReport
from core.decimals import unpack_levels
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.messages import MarkPrice, Quote, Trade, TradeCondition, VenueBar
from schemas.orders import OrderStatus, Side
from tests.unit.agents.venues.binance.samples import samples

E8 = 10**8
MS = 1_000_000
OPTIONS = "options are not traded here"
ALL_SYMBOLS = "a stream of all symbols; each is followed by its own"
WHOLE_PICTURES = "books are followed by their updates, not by pictures of the first levels"
DAY_FIGURES = "figures of the last day are not followed"
MONTHS = "bars of a month have no length"
CONDITIONAL = "orders that wait for a price are nothing that is placed here"
NOT_ASKED = "not asked for"
OLD_STREAM = "the stream of a listen key, which the venue has closed for spot; its event is read where it comes now"
OUT_OF_SCOPE = {
    "futures/algo_update_canceled.json": CONDITIONAL,
    "futures/algo_update_new.json": CONDITIONAL,
    "futures/open_algo_orders.json": CONDITIONAL,
    "futures/trade_lite.json": "the same fill comes in an order's update, with its fee",
    "futures/liquidation_stream.json": "liquidations of others are not followed",
    "futures/ticker_stream.json": DAY_FIGURES,
    "spot/all_orders_response.json": "ended orders are asked for one by one",
    "spot/avg_price_response.json": NOT_ASKED,
    "spot/book_ticker_response.json": "best prices come in the stream",
    "spot/ping_response.json": NOT_ASKED,
    "spot/ticker_24hr_response.json": DAY_FIGURES,
    "spot/ticker_price_response.json": NOT_ASKED,
    "binance_wsHandleData.json:1": DAY_FIGURES,
    **{f"binance_wsHandleData.json:{number}": OLD_STREAM for number in (5, 6, 7, 8)},
    "binance.jsonl:6": OPTIONS,
    "binance.jsonl:8": ALL_SYMBOLS,
    "binance.jsonl:10": ALL_SYMBOLS,
    **{f"binance.jsonl:{number}": WHOLE_PICTURES for number in range(16, 22)},
    **{f"binance.jsonl:{number}": ALL_SYMBOLS for number in (22, 23, 24)},
    **{f"binance.jsonl:{number}": DAY_FIGURES for number in range(27, 37)},
    "binance.jsonl:37": OPTIONS,
    "binance.jsonl:42": MONTHS,
    **{f"binance.jsonl:{number}": "open interest is not followed" for number in range(48, 52)},
}
OF_THE_ACCOUNT = {
    *("spot/account_response.json", "spot/account_trades_response.json", "spot/cancel_order_response.json"),
    *("spot/new_order_full_response.json", "spot/open_orders_response.json", "spot/order_response.json"),
    *("spot/account_position_wrapped.json", "spot/balance_update_wrapped.json", "spot/list_status_wrapped.json"),
    *(f"spot/execution_report_{name}.json" for name in ("canceled", "expired", "new", "trade", "wrapped")),
    *("futures/account_info_v2.json", "futures/balance.json"),
    *("futures/order_response.json", "futures/position_risk.json"),
    *("futures/account_update.json", "futures/account_update_bnfcr.json"),
    *(
        f"futures/order_update_{name}.json"
        for name in (
            *("adl", "calculated", "calculated_pending", "delivery", "insurance", "new", "settlement", "trade"),
            "trade_partial",
        )
    ),
}
"""Those whose messages are asserted in `test_spot_account`, `test_usdm_account`, `test_usdm_data` and `test_identity`."""


def aggregate(ms, price, qty, side, trade_id):
    return Trade(ms * MS, 5, e8(price), e8(qty), int(side), trade_id, int(TradeCondition.AGGREGATED))


def e8(text):
    return int(Decimal(text) * E8)


BUY, SELL = Side.BUY, Side.SELL
TICKS = {
    "futures/agg_trade_stream.json": aggregate(123456785, "0.001", "100", SELL, "5933014"),
    "futures/trade_stream.json": Trade(
        123456785 * MS, 5, e8("0.001"), 100 * E8, -1, "5933014", int(TradeCondition.MARKET)
    ),
    "futures/book_ticker_stream.json": Quote(
        1568014460891 * MS, 5, 400900217, e8("25.3519"), e8("31.21"), e8("25.3652"), e8("40.66")
    ),
    "futures/mark_price_stream.json": MarkPrice(
        1562305380000 * MS, 5, e8("11794.15"), e8("11784.62659091"), e8("0.00038167"), 1562306400000 * MS
    ),
    "binance_wsHandleData.json:3": Trade(
        123456785 * MS, 5, e8("0.001"), 100 * E8, -1, "12345", int(TradeCondition.MARKET)
    ),
    "binance.jsonl:1": aggregate(1616176861893, "58942.01", "0.000356", BUY, "640283266"),
    "binance.jsonl:2": aggregate(1616201787407, "62838.0", "5", SELL, "5091038"),
    "binance.jsonl:3": aggregate(1616201035958, "62595.8", "0.094", BUY, "21021"),
    "binance.jsonl:4": aggregate(1616201883304, "58570.1", "58", SELL, "41045788"),
    "binance.jsonl:5": aggregate(1616202009188, "58665.00", "0.043", BUY, "389551486"),
    "binance.jsonl:7": MarkPrice(1617309477000 * MS, 5, e8("59012.56007222"), 0, e8("0.00073689"), 1617321600000 * MS),
    "binance.jsonl:9": MarkPrice(
        1617308820003 * MS, 5, e8("58940.14924532"), e8("58857.26693664"), e8("0.00058455"), 1617321600000 * MS
    ),
    "binance.jsonl:25": Quote(
        1653817930434 * MS, 5, 462169572570, e8("1776.25"), 10779 * E8, e8("1776.26"), 37544 * E8
    ),
    "binance.jsonl:26": Quote(
        1653817855284 * MS, 5, 1553413152520, e8("1778.54"), e8("15.164"), e8("1778.55"), e8("7.289")
    ),
}
DEPTH = {
    "futures/depth_update_stream.json": (123456788, 157, 160, 149),
    "binance_wsHandleData.json:4": (1234567880, 157, 160, -1),
    "binance.jsonl:11": (1622363903670, 11294093710, 11294093726, -1),
    "binance.jsonl:12": (1622368000234, 127531213607, 127531214406, 127531213513),
    "binance.jsonl:13": (1622368962065, 475700780918, 475700783070, 475700774972),
    "binance.jsonl:14": (1622371244687, 475776377463, 475776380184, 475776377452),
    "binance.jsonl:15": (1622370862553, 127559587191, 127559588177, 127559587113),
}
"""Time, first and last update id, and the one before."""
BARS = {
    "futures/kline_stream_closed.json": (1638747660000, ("0.001", "0.0025", "0.001", "0.002", "1000"), 100),
    "futures/kline_stream_open.json": (1638747660000, ("0.001", "0.0025", "0.0015", "0.002", "1000"), 100),
    "binance_wsHandleData.json:2": (1234000000, ("0.001", "0.0025", "0.0015", "0.002", "1000"), 100),
    "binance.jsonl:38": (1653818760000, ("29038.46", "29038.47", "29038.46", "29038.47", "0.20926"), 31),
    "binance.jsonl:39": (1653818820000, ("29105.5", "29107.9", "29096.9", "29107.9", "191"), 12),
    "binance.jsonl:40": (1653818880000, ("29135.9", "29149.9", "29135.9", "29141.5", "1.447"), 18),
    "binance.jsonl:41": (1653818940000, ("1786.56", "1789.24", "1785.25", "1788.67", "401601"), 763),
}
"""When it begins; open, high, low, close and volume; number of trades. All but the first have not ended yet."""
SNAPSHOTS = {
    "spot/depth_response.json": (0, 1027024),
    "binance.jsonl:43": (0, 33933317943),
    "binance.jsonl:44": (1654222838710, 466364745366),
    "binance.jsonl:45": (1654231622320, 1570223094073),
    "binance.jsonl:46": (1654232431434, 466437000380),
    "binance.jsonl:47": (1654232606695, 1570255790655),
}
OTHERS = {
    *("spot/exchange_info_response.json", "spot/klines_response.json", "spot/server_time_response.json"),
    *("spot/trades_response.json", "spot/account_position.json", "spot/balance_update.json"),
    *("spot/execution_report_stop_loss.json", "spot/cancel_open_orders_response.json"),
}
NAMES = {"aggTrade": "aggTrade", "trade": "trade", "bookTicker": "bookTicker", "markPriceUpdate": "markPrice@1s"}
MODULES = {"binance_spot": spot, "binance_usdm": usdm, "binance_coinm": coinm}


@pytest.fixture
def sample(data_dir):
    return samples(data_dir).__getitem__


def test_every_sample_is_accounted_for(data_dir):
    parts = (set(OUT_OF_SCOPE), OF_THE_ACCOUNT, set(TICKS), set(DEPTH), set(BARS), set(SNAPSHOTS), OTHERS)
    assert set(samples(data_dir)) == set().union(*parts)
    assert sum(map(len, parts)) == len(samples(data_dir))


def feeds_for(kind, symbol, *feeds):
    config = Config(
        venues=(VenueConfig(id=1, name="b", kind=kind),),
        instruments=(
            InstrumentConfig(
                id=1,
                venue="b",
                symbol=symbol,
                base="A",
                quote="B",
                tick_size="0.00000001",
                lot_size="0.00000001",
                feeds=feeds,
            ),
        ),
        agents={},
    )
    return MODULES[kind].feeds(config.venues[0], list(InstrumentTable(config).by_id.values()))


def read(frame, feed, kind=None):
    """Return what a frame says, one without its stream's name as it would come in a combined stream."""
    record = json.loads(frame)
    data = record.get("data", record)
    kind = kind or ("binance_coinm" if "USD_" in data["s"] else "binance_usdm")
    feeds = feeds_for(kind, data["s"], feed)
    (channel,) = feeds.channels
    name = channel.name.encode()
    if "stream" not in record:
        frame = b'{"stream":"%b","data":%b}' % (name, frame)
    else:
        frame = frame.replace(b'"stream":"%b"' % record["stream"].encode(), b'"stream":"%b"' % name)
    assert feeds.channel(frame) == channel
    return feeds.decode(channel, frame, 5)


@pytest.mark.parametrize("key", TICKS)
def test_a_tick_has_the_values_of_its_sample(sample, key):
    frame = sample(key)
    record = json.loads(frame)
    feed = NAMES[record.get("data", record)["e"]]
    if feed == "markPrice@1s" and "stream" in record:
        feed = "markPrice"
    assert (
        read(frame, feed, "binance_spot" if key in ("binance.jsonl:1", "binance_wsHandleData.json:3") else None)
        == TICKS[key]
    )


@pytest.mark.parametrize("key", DEPTH)
def test_an_update_of_a_book_has_the_values_of_its_sample(sample, key):
    frame = sample(key)
    spot_market = key in ("binance.jsonl:11", "binance_wsHandleData.json:4")
    update = read(frame, "depth@100ms", "binance_spot" if spot_market else None)
    assert isinstance(update, DepthUpdate)
    time_ms, first, last, previous = DEPTH[key]
    assert update.delta.ts_event_ns == time_ms * MS
    assert (update.first_update_id, update.last_update_id, update.previous_update_id) == (first, last, previous)
    record = json.loads(frame)
    data = record.get("data", record)
    assert unpack_levels(update.bids) == levels(data["b"])
    assert unpack_levels(update.asks) == levels(data["a"])


@pytest.mark.parametrize("key", BARS)
def test_a_bar_is_told_when_it_has_ended_and_has_the_values_of_its_sample(sample, key):
    frame, market = sample(key), "binance_spot" if key in ("binance.jsonl:38", "binance_wsHandleData.json:2") else None
    if key != "futures/kline_stream_closed.json":
        assert read(frame, "kline_1m", market) == []
        frame = frame.replace(b'"x":false', b'"x":true').replace(b'"x": false', b'"x":true')
    begin_ms, values, trades = BARS[key]
    bar = json.loads(frame)
    end_ms = bar.get("data", bar)["k"]["T"] + 1
    assert read(frame, "kline_1m", market) == [
        VenueBar(end_ms * MS, 5, end_ms - begin_ms, begin_ms * MS, *map(e8, values), trades)
    ]


def levels(pairs):
    return [(e8(price), e8(qty)) for price, qty in pairs]


@pytest.mark.parametrize("key", SNAPSHOTS)
def test_a_snapshot_of_a_book_has_the_values_of_its_sample(sample, key):
    feeds, data = feeds_for("binance_usdm", "BTCUSDT", "depth@100ms"), json.loads(sample(key))
    found = feeds.decode_snapshot(feeds.channels[0].info, sample(key), 5)
    time_ms, last = SNAPSHOTS[key]
    assert (found.ts_event_ns, found.last_update_id) == (time_ms * MS, last)
    assert (unpack_levels(found.bids), unpack_levels(found.asks)) == (levels(data["bids"]), levels(data["asks"]))


def test_answers_of_public_rest(sample):
    feeds = feeds_for("binance_spot", "ETHBTC", "trade")
    (channel,) = feeds.channels
    (listed,) = feeds.decode_listing(sample("spot/exchange_info_response.json"))
    assert (listed.symbol, listed.fault, listed.min_qty_lots) == ("ETHBTC", "", 1)
    assert feeds.decode_time(sample("spot/server_time_response.json")) == 1499827319559 * MS
    (trade,) = feeds.decode_trades(channel, sample("spot/trades_response.json"), 5)
    assert trade == Trade(1499865549590 * MS, 5, e8("4.000001"), 12 * E8, -1, "28457", int(TradeCondition.MARKET))
    (kline,) = feeds.decode_klines(channel.info, sample("spot/klines_response.json"))
    assert (kline.open_ns, kline.open_ticks, kline.close_ticks, kline.trades) == (
        1499040000000 * MS,
        1634790,
        1577100,
        308,
    )
    assert (kline.high_ticks, kline.low_ticks, kline.volume_lots) == (e8("0.8"), e8("0.015758"), e8("148976.11427815"))


def test_events_that_stand_alone_in_their_samples(sample):
    info = feeds_for("binance_spot", "ETHUSDT", "trade").channels[0].info
    account = SpotAccount(VenueConfig(id=1, name="b", kind="binance_spot"), [info])
    wrapped = [
        b'{"subscriptionId":0,"event":%b}' % sample(f"spot/{name}.json")
        for name in ("account_position", "balance_update", "execution_report_stop_loss")
    ]
    (balances,), (moved,), (event,) = (account.private_events(frame) for frame in wrapped)
    assert balances == BalanceReport({"USDT": 12_500 * E8, "ETH": 5 * E8})
    assert moved == TransferReport("BTC", 100_000, 1709654400000 * MS)
    assert isinstance(event, ExecutionEvent)
    assert (event.order.venue_order_id, event.order.status, event.order.price_ticks) == (
        "12345679",
        OrderStatus.NEW,
        2400 * E8,
    )


def test_the_answer_to_canceling_all_orders_proves_that_it_was_done(sample):
    account = SpotAccount(VenueConfig(id=1, name="b", kind="binance_spot"), [])
    call = VenueCall("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"}, signed=True)
    body = sample("spot/cancel_open_orders_response.json")
    assert account.proof(VenueReply(1, call, CallOutcome.ANSWERED, 200, body)).result == CallResult.ACCEPTED
