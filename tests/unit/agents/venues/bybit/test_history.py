"""Bybit's public REST: what is asked, and what answers say; whole samples are in `test_samples`."""

import pytest

from agents.venues.bybit.history import (
    decode_klines,
    decode_own_time,
    decode_time,
    decode_trades,
    klines_call,
    recent_trades_call,
)
from mesh.agent import VenueCall
from schemas.errors import VenueError
from tests.unit.agents.venues.bybit.bybit_market import config_of, infos_of, instrument

MINUTE_MS = 60_000


def info(category="linear"):
    (found,) = infos_of(config_of(instrument(1, "BTC-PERP", category, "0.10", "0.001", venue_symbol="BTCUSDT")))
    return found


def test_bars_are_asked_for_by_their_length_in_minutes_and_where_they_began():
    assert klines_call(info(), MINUTE_MS, 500, 0) == VenueCall(
        "GET", "/v5/market/kline", {"category": "linear", "symbol": "BTCUSDT", "interval": "1", "limit": "500"}
    )
    call = klines_call(info("spot"), 4 * 60 * MINUTE_MS, 5_000, 1_700_000_000_000_000_000)
    assert call.params == {
        "category": "spot",
        "symbol": "BTCUSDT",
        "interval": "240",
        "limit": "1000",
        "end": "1699999999999",
    }
    assert klines_call(info(), 24 * 60 * MINUTE_MS, 1, 0).params["interval"] == "D"
    assert klines_call(info(), 1_000, 1, 0) is None
    assert klines_call(info(), 8 * 60 * MINUTE_MS, 1, 0) is None


def test_bars_come_newest_first_and_are_returned_oldest_first():
    rows = b'["120000","3","4","2","3.5","0.020","1"],["60000","1","2","0.5","1.5","0.010","1"]'
    found = decode_klines(info(), b'{"retCode":0,"result":{"list":[' + rows + b"]}}")
    assert [(each.open_ns, each.open_ticks, each.volume_lots, each.trades) for each in found] == [
        (60_000_000_000, 10, 10, 0),
        (120_000_000_000, 30, 20, 0),
    ]


def test_the_newest_trades_are_all_that_can_be_asked_for():
    assert recent_trades_call(info(), 5_000).params == {"category": "linear", "symbol": "BTCUSDT", "limit": "1000"}
    assert recent_trades_call(info("spot"), 500).params["limit"] == "60"
    assert recent_trades_call(info("spot"), 5).path == "/v5/market/recent-trade"


def test_the_time_is_told_in_nanoseconds_and_a_recording_tells_its_own():
    body = b'{"retCode":0,"result":{"timeSecond":"1688639403","timeNano":"1688639403423213947"},"time":1688639403423}'
    assert decode_time(body) == 1_688_639_403_423_213_947
    assert decode_time(b'{"retCode":0,"result":{"timeNano":"1","marketTime":1500}}') == 1_500_000_000
    assert decode_own_time(b'{"retCode":0,"result":{"timeNano":"1","marketTime":1500}}') == 1


@pytest.mark.parametrize(
    ("decode", "body"),
    [
        (decode_time, b"{}"),
        (decode_time, b'{"retCode":0,"result":{"timeNano":"9999999999999999999"}}'),
        (decode_time, b'{"retCode":0,"result":{"timeNano":"1","marketTime":99999999999999}}'),
        (decode_time, b'{"retCode":10016,"retMsg":"server","result":{"timeNano":"1"}}'),
        (lambda body: decode_klines(info(), body), b'{"retCode":0,"result":{"list":[["1","1.05","1","1","1","1"]]}}'),
        (
            lambda body: decode_klines(info(), body),
            b'{"retCode":0,"result":{"list":[["9999999999999999","1","1","1","1","1"]]}}',
        ),
        (lambda body: decode_klines(info(), body), b'{"retCode":10001,"result":{}}'),
        (
            lambda body: decode_trades(info(), body, 5),
            b'{"retCode":0,"result":{"list":[{"execId":"1","price":"1","size":"1","side":"buy","time":"1"}]}}',
        ),
    ],
)
def test_answers_that_cannot_be_are_refused(decode, body):
    with pytest.raises(VenueError):
        decode(body)
