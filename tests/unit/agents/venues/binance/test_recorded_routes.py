"""Every REST route of Binance in the recorded data: what its answers are read as, or why they are not."""

import json

import pytest

from agents.instruments import InstrumentTable
from agents.venues.binance import coinm
from agents.venues.binance.spot_account import SpotAccount
from core.decimals import unpack_levels
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.config import Config, InstrumentConfig, VenueConfig
from schemas.errors import VenueError
from schemas.orders import OrderStatus, Side
from tests.unit.agents.venues.binance.samples import routes
from tests.unit.agents.venues.binance.test_samples import MS, e8, feeds_for, levels

DECODED = {
    "GET /api/v3/aggTrades": "binance_spot",
    "GET /api/v3/historicalTrades": "binance_spot",
    "GET /api/v3/trades": "binance_spot",
    "GET /fapi/v1/aggTrades": "binance_usdm",
    "GET /fapi/v1/trades": "binance_usdm",
    "GET /dapi/v1/aggTrades": "binance_coinm",
    "GET /dapi/v1/trades": "binance_coinm",
}


@pytest.mark.parametrize("route", DECODED)
def test_recorded_trades_have_the_values_of_their_rows(data_dir, route):
    aggregated = route.endswith("aggTrades")
    feeds = feeds_for(DECODED[route], "BTCUSDT", "aggTrade" if aggregated else "trade")
    for body in routes(data_dir)[route]:
        rows = json.loads(body)
        if any("" in row for row in rows):
            # The recording has lost the name of `m` here.
            with pytest.raises(VenueError, match="missing required field `m`"):
                feeds.decode_trades(feeds.channels[0], body, 5)
            continue
        found = feeds.decode_trades(feeds.channels[0], body, 5)
        names = ("T", "p", "q", "m", "a") if aggregated else ("time", "price", "qty", "isBuyerMaker", "id")
        assert [(t.ts_event_ns, t.price_ticks, t.qty_lots, t.aggressor, t.trade_id) for t in found] == [
            (row[names[0]] * MS, e8(row[names[1]]), e8(row[names[2]]), -1 if row[names[3]] else 1, str(row[names[4]]))
            for row in rows
        ]


@pytest.mark.parametrize("market", ["api/v3", "fapi/v1", "dapi/v1"])
def test_recorded_books_and_bars_have_the_values_of_their_rows(data_dir, market):
    feeds = feeds_for("binance_usdm", "BTCUSDT", "depth@100ms")
    info = feeds.channels[0].info
    for body in routes(data_dir)[f"GET /{market}/depth"]:
        data, found = json.loads(body), feeds.decode_snapshot(info, body, 5)
        assert found.last_update_id == data["lastUpdateId"]
        assert (unpack_levels(found.bids), unpack_levels(found.asks)) == (levels(data["bids"]), levels(data["asks"]))
    for body in routes(data_dir)[f"GET /{market}/klines"]:
        rows = json.loads(body)
        if isinstance(rows, list):
            found = feeds.decode_klines(info, body)
            assert [(k.open_ns, k.close_ticks, k.volume_lots, k.trades) for k in found] == [
                (row[0] * MS, e8(row[4]), e8(row[5]), row[8]) for row in rows
            ]


def test_every_contract_of_coinm_is_listed_with_its_size(data_dir):
    (body,) = routes(data_dir)["GET /dapi/v1/exchangeInfo"]
    for entry in json.loads(body)["symbols"]:
        filters = {each["filterType"]: each for each in entry["filters"]}
        config = Config(
            venues=(VenueConfig(id=1, name="b", kind="binance_coinm"),),
            instruments=(
                InstrumentConfig(
                    id=1,
                    venue="b",
                    symbol=entry["symbol"],
                    base=entry["baseAsset"],
                    quote=entry["quoteAsset"],
                    tick_size=filters["PRICE_FILTER"]["tickSize"],
                    lot_size=filters["LOT_SIZE"]["stepSize"],
                    contract_size=str(entry["contractSize"]),
                ),
            ),
            agents={},
        )
        feeds = coinm.feeds(config.venues[0], list(InstrumentTable(config).by_id.values()))
        (listed,) = feeds.decode_listing(body)
        status = entry["contractStatus"]
        fault = "" if status == "TRADING" else f"{entry['symbol']} is {status} at the venue, not TRADING"
        assert listed.fault == fault


READ = {
    *DECODED,
    *(f"GET /{market}/{what}" for market in ("api/v3", "fapi/v1", "dapi/v1") for what in ("depth", "klines")),
    *(f"GET /{market}/exchangeInfo" for market in ("api/v3", "fapi/v1", "dapi/v1")),
    *(
        "GET /fapi/v1/time",
        "GET /api/v3/account",
        "GET /api/v3/openOrders",
        "GET /api/v3/order",
        "DELETE /api/v3/order",
    ),
}
"""Routes whose answers are read; `test_listing` has the listings of spot and USDT-M."""
FUNDS = "deposits and withdrawals are not made here"
STATISTICS = "figures of other traders are not followed"
BESIDE = "prices beside those of the streams are not asked for"
NOT_READ = {
    "GET /api/v3/allOrders": "ended orders are asked for one by one",
    "GET /api/v3/avgPrice": BESIDE,
    "POST /api/v3/order": "the recording lacks its body",
    "POST /api/v3/order/test": "no orders are sent to be tested",
    "POST /api/v3/userDataStream": "listen keys of spot, which the venue has closed",
    "PUT /api/v3/userDataStream": "listen keys of spot, which the venue has closed",
    "GET /dapi/v1/historicalTrades": "it wants a key; newer trades come without one",
    "GET /fapi/v1/indexInfo": BESIDE,
    **{
        f"GET /{market}/{what}": BESIDE
        for market, rows in {
            "api/v3": ("ticker/24hr", "ticker/bookTicker", "ticker/price"),
            "fapi/v1": ("ticker/24hr", "ticker/bookTicker", "ticker/price", "premiumIndex", "fundingInfo"),
            "dapi/v1": (
                *("ticker/24hr", "ticker/bookTicker", "ticker/price", "premiumIndex", "fundingInfo"),
                *("continuousKlines", "indexPriceKlines", "markPriceKlines"),
            ),
        }.items()
        for what in rows
    },
    **{
        f"GET /{market}/{what}": "told by the mark price before it is paid; open interest is not followed"
        for market in ("fapi/v1", "dapi/v1")
        for what in ("fundingRate", "openInterest")
    },
    **{
        f"GET /futures/data/{what}": STATISTICS
        for what in (
            *("basis", "globalLongShortAccountRatio", "openInterestHist", "takerBuySellVol", "takerlongshortRatio"),
            *("topLongShortAccountRatio", "topLongShortPositionRatio"),
        )
    },
    "GET /sapi/v1/capital/config/getall": FUNDS,
    "GET /sapi/v1/capital/deposit/address": FUNDS,
    "POST /sapi/v1/capital/withdraw/apply": FUNDS,
    "GET /wapi/v3/depositAddress.html": FUNDS,
    "POST /wapi/v3/withdraw.html": FUNDS,
    "GET /wapi/v3/withdrawHistory.html": FUNDS,
}


def test_every_recorded_route_is_accounted_for(data_dir):
    assert set(routes(data_dir)) == READ | set(NOT_READ)
    assert not READ & set(NOT_READ)


def account(symbol):
    info = feeds_for("binance_spot", symbol, "trade").channels[0].info
    return SpotAccount(VenueConfig(id=1, name="b", kind="binance_spot"), [info])


def test_recorded_answers_about_an_account(data_dir):
    found = routes(data_dir)
    (balances,) = found["GET /api/v3/account"]
    assert set(account("LTCBTC").balance_report(balances).balances_e8.values()) == set()
    reports = [account("LTCBTC").orders(body) for body in found["GET /api/v3/openOrders"]]
    assert [([order.client_order_id for order in orders], others) for orders, others in reports] == [
        (["myOrder1"], 0),
        (["superDuperOpenOrder"], 0),
        ([], 1),
    ]
    (queried,) = found["GET /api/v3/order"]
    call = VenueCall("GET", "/api/v3/order", {}, signed=True)
    order = account("BTCUSDT").order_verdict(VenueReply(1, call, CallOutcome.ANSWERED, 200, queried)).order
    assert (order.client_order_id, order.venue_order_id, order.status) == ("eliteOrder", "1337", OrderStatus.NEW)
    for canceled in found["DELETE /api/v3/order"]:
        order = account("LTCBTC").order_verdict(VenueReply(1, call, CallOutcome.ANSWERED, 200, canceled)).order
        assert (order.client_order_id, order.status, order.side) == ("myOrder1", OrderStatus.CANCELED, Side.SELL)
        assert (order.cum_qty_lots, order.ts_event_ns) == (e8("8"), 1507725176595 * MS)


def test_the_recorded_time_of_usdm(data_dir):
    (body,) = routes(data_dir)["GET /fapi/v1/time"]
    assert feeds_for("binance_usdm", "BTCUSDT", "aggTrade").decode_time(body) == 1620099477465 * MS
