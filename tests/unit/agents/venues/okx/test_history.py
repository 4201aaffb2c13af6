"""OKX's public REST: time, books, bars, and what it says when there are too many calls."""

import pytest

from agents.venues.okx import history
from core.decimals import unpack_levels
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.errors import VenueError
from schemas.messages import Kline, Trade
from schemas.units import DAY, HOUR, MINUTE, SECOND
from tests.unit.agents.venues.okx.okx_market import MS, info_of, instrument

INFO = info_of(instrument("BTC-USDT-SWAP", lot="0.01"))


def answer(data, code="0"):
    return f'{{"code":"{code}","msg":"m","data":[{data}]}}'.encode()


def test_time():
    assert history.time_call() == VenueCall("GET", "/api/v5/public/time", {})
    assert history.decode_time(answer('{"ts":"1597026383085"}')) == 1597026383085 * MS
    assert history.decode_time(answer('{"ts":"9","marketTime":7}')) == 7 * MS
    assert history.decode_own_time(answer('{"ts":"9","marketTime":7}')) == 9 * MS


@pytest.mark.parametrize("body", [b"", b"[]", answer(""), answer('{"ts":"x"}'), answer('{"ts":"5"}', "50011")])
def test_an_answer_that_tells_no_time_is_refused(body):
    with pytest.raises(VenueError, match="time"):
        history.decode_time(body)


def test_a_fetched_book_has_its_number():
    body = answer('{"asks":[["2.5","3","0","1"]],"bids":[["2","1","0","1"]],"ts":"5","seqId":77}')
    book = history.decode_snapshot(INFO, body, 9)
    assert (book.ts_event_ns, book.ts_recv_ns, book.last_update_id) == (5 * MS, 9, 77)
    assert (unpack_levels(book.bids), unpack_levels(book.asks)) == ([(20, 100)], [(25, 300)])


def test_a_book_without_a_number_joins_nothing():
    with pytest.raises(VenueError, match="no seqId"):
        history.decode_snapshot(INFO, answer('{"asks":[],"bids":[],"ts":"5"}'), 9)


@pytest.mark.parametrize(
    ("length_ns", "name"),
    [(SECOND, "1s"), (MINUTE, "1m"), (30 * MINUTE, "30m"), (4 * HOUR, "4H"), (12 * HOUR, "12Hutc"), (DAY, "1Dutc")],
)
def test_bars_are_named_and_begin_by_utc(length_ns, name):
    call = history.klines_call(INFO, length_ns // MS, 500, 0)
    assert (call.path, call.params) == (
        "/api/v5/market/candles",
        {"instId": "BTC-USDT-SWAP", "bar": name, "limit": "300"},
    )


def test_old_bars_come_from_the_history_and_those_of_other_lengths_from_nowhere():
    call = history.klines_call(INFO, MINUTE // MS, 500, 60 * SECOND + 1)
    assert (call.path, call.params["after"], call.params["limit"]) == (
        "/api/v5/market/history-candles",
        "60001",
        "100",
    )
    assert history.klines_call(INFO, 7_000, 5, 0) is None


def test_bars_come_newest_first_and_are_handed_on_oldest_first():
    rows = '["120000","3","4","2","3.5","7.25","x","y","0"],["60000","1","3.5","1","3","10","x","y","1"]'  #
    assert history.decode_klines(INFO, answer(rows)) == [
        Kline(60_000 * MS, 10, 35, 10, 30, 1000, 0),
        Kline(120_000 * MS, 30, 40, 20, 35, 725, 0),
    ]
    with pytest.raises(VenueError, match="candles"):
        history.decode_klines(INFO, answer('["1","2"]'))


@pytest.mark.parametrize(
    ("status", "body", "wait_ns"),
    [
        (429, b"", 2 * SECOND),
        (200, answer("", "50011"), 2 * SECOND),
        (200, answer('{"ts":"5"}'), 0),
        (200, answer("", "50013"), 0),
        (500, b"oops", 0),
    ],
)
def test_too_many_calls_are_followed_by_one_window_without(status, body, wait_ns):
    reply = VenueReply(1, VenueCall("GET", "/x", {}), CallOutcome.ANSWERED, status, body)
    assert history.retry_after_ns(reply) == wait_ns


def test_single_trades_are_asked_for_by_the_id_behind_them():
    call = history.trades_call(INFO, 121, 3)
    assert (call.path, call.params) == (
        "/api/v5/market/history-trades",
        {"instId": "BTC-USDT-SWAP", "type": "1", "after": "124", "limit": "3"},
    )
    assert history.trades_call(INFO, 1, 20_000).params["after"] == "101"


def test_trades_come_newest_first(data_dir):
    info = info_of(instrument("BTC-USDT", lot="0.00000001"))
    body = (data_dir / "private-and-rest/nautilus/okx/http_get_trades.json").read_bytes()
    assert history.decode_trades(info, body, 9) == [
        Trade(1747087161666 * MS, 9, 1_025_379, 1_250, 1, "734864332"),
        Trade(1747087163557 * MS, 9, 1_025_379, 13_669, -1, "734864333"),
    ]
    with pytest.raises(VenueError, match="50011 m"):
        history.decode_trades(info, answer("", "50011"), 9)
