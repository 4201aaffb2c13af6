"""Trades that were missed: told, had from the venue, published behind what is newer and never decided by."""

import pytest

from core.frame import FLAG_STALE
from mesh.agent import CallOutcome
from schemas.figures import TickFigures
from schemas.messages import FeedState, Trade
from schemas.streams import StreamState
from tests.unit.agents.market_data.market_data_desk import SECOND, TRADE, Desk, trade

OLD = "/api/v3/historicalTrades"


def rows(*ids):
    row = '{"id":%d,"price":"99.50","qty":"2","quoteQty":"199","time":4,"isBuyerMaker":true,"isBestMatch":true}'
    return ("[" + ",".join(row % each for each in ids) + "]").encode()


def published(desk):
    return [(int(m.trade_id), h.flags) for s, m, h in desk.ctx.published if s == TRADE and isinstance(m, Trade)]


def answer(desk, body=b"", **more):
    (number,) = desk.ctx.pending("GET", OLD)
    desk.ctx.respond(desk.agent, number, body, **more)


def test_trades_that_were_passed_over_are_told_and_filled_from_the_venue():
    desk = Desk()
    desk.ctx.calls.clear()
    for trade_id in (1, 2, 5):
        desk.frame(trade(trade_id))
    ((call,),) = [list(desk.ctx.calls.values())]
    assert (call.path, call.params) == (OLD, {"symbol": "BTCUSDT", "fromId": "3", "limit": "2"})
    desk.frame(trade(6))
    answer(desk, rows(3, 4))
    assert published(desk) == [(1, 0), (2, 0), (5, 0), (6, 0), (3, FLAG_STALE), (4, FLAG_STALE)]
    assert desk.ctx.messages(TRADE)[-1] == Trade(4_000_000, desk.ctx.wall_ns, 9_950, 200_000, -1, "4")
    assert desk.ctx.counters == {"trade_gaps": 1, "trades_missed": 2, "trades_filled": 2}
    assert desk.agent.figures().ticks == TickFigures(received=6, published=6, filled=2), (
        "what was had is published, too"
    )
    assert desk.state(TRADE) == StreamState.LIVE
    told = [m for m in desk.ctx.messages(TRADE) if isinstance(m, FeedState)][-2:]
    assert [m.state for m in told] == [StreamState.GAP, StreamState.LIVE]
    assert {m.reason for m in told} == {"2 trades were missed"}
    kinds = [type(m) for m in desk.ctx.messages(TRADE)]
    assert kinds[-7:-2] == [Trade, FeedState, FeedState, Trade, Trade]


def test_a_socket_that_closed_leaves_no_hole():
    desk = Desk()
    desk.frame(trade(10))
    desk.agent.on_socket("market", False, "closed: 1001")
    desk.agent.on_socket("market", True, "")
    desk.frame(trade(13))
    answer(desk, rows(11, 12))
    assert [number for number, _ in published(desk)] == [10, 13, 11, 12]


def restarted(*ids):
    """Return a desk whose log ends with trades of these ids."""
    before = Desk()
    for trade_id in ids:
        before.frame(trade(trade_id))
    item = [item for item in before.ctx.published if isinstance(item.message, Trade)][-1]
    desk = Desk(restore=[(item.header, item.message)])
    desk.ctx.calls.clear()
    return desk


def test_what_was_missed_between_two_lives_is_told_and_filled():
    desk = restarted(10, 11)
    desk.frame(trade(15))
    ((call,),) = [list(desk.ctx.calls.values())]
    assert call.params == {"symbol": "BTCUSDT", "fromId": "12", "limit": "3"}
    answer(desk, rows(12, 13, 14))
    assert [number for number, _ in published(desk)] == [15, 12, 13, 14]
    assert desk.ctx.counters == {"trade_gaps": 1, "trades_missed": 3, "trades_filled": 3}


def test_a_recording_that_is_played_again_in_another_life_is_no_gap():
    desk = restarted(500, 501)
    for trade_id in (100, 101, 102):
        desk.frame(trade(trade_id))
    assert [number for number, _ in published(desk)] == [100, 101, 102]
    assert desk.ctx.counters == {"trade_ids_restarted": 1}


def test_trades_that_come_again_or_out_of_order_are_not_published():
    desk = Desk()
    for trade_id in (5, 5, 3, 6):
        desk.frame(trade(trade_id))
    assert [number for number, _ in published(desk)] == [5, 6]
    assert desk.ctx.counters == {"trades_repeated": 2}


def test_a_hole_larger_than_an_answer_is_had_page_by_page():
    desk = Desk()
    desk.frame(trade(1))
    desk.frame(trade(1502))
    answer(desk, rows(*range(2, 1002)))
    ((call,),) = [[desk.ctx.calls[n] for n in desk.ctx.pending("GET", OLD)]]
    assert call.params["fromId"] == "1002"
    assert call.params["limit"] == "500"
    answer(desk, rows(*range(1002, 1600)))
    assert [number for number, _ in published(desk)] == [1, 1502, *range(2, 1502)]
    assert desk.ctx.pending("GET", OLD) == []


@pytest.mark.parametrize("more", [{"status": 500}, {"outcome": CallOutcome.UNKNOWN}, {"body": b"{}"}, {"body": b"[]"}])
def test_what_the_venue_does_not_give_is_asked_for_again_and_lost_in_the_end(more):
    desk = Desk()
    desk.frame(trade(1))
    desk.frame(trade(4))
    for wait_s in (1, 2, 4, 8):
        answer(desk, **{"body": b"", **more})
        desk.ctx.advance(desk.agent, wait_s * SECOND - 1)
        assert desk.ctx.pending("GET", OLD) == []
        desk.ctx.advance(desk.agent, 1)
    answer(desk, **{"body": b"", **more})
    desk.ctx.advance(desk.agent, 60 * SECOND)
    assert desk.ctx.pending("GET", OLD) == []
    assert desk.agent.figures().trades_lost == {"BTCUSDT": 2}
    assert desk.ctx.counters["trades_lost"] == 2


def test_trades_that_an_answer_passes_over_are_lost():
    desk = Desk()
    desk.frame(trade(1))
    desk.frame(trade(5))
    answer(desk, rows(2, 4))
    assert [number for number, _ in published(desk)] == [1, 5, 2, 4]
    assert desk.agent.figures().trades_lost == {"BTCUSDT": 1}


def test_a_venue_that_numbers_anew_is_followed_from_there():
    desk = Desk()
    for trade_id in (5_000_000, 1, 2):
        desk.frame(trade(trade_id))
    assert [number for number, _ in published(desk)] == [5_000_000, 1, 2]
    assert desk.ctx.counters == {"trade_ids_restarted": 1}


def test_of_a_huge_hole_the_newest_trades_are_asked_for():
    desk = Desk()
    desk.frame(trade(1))
    desk.frame(trade(100_002))
    assert desk.agent.figures().trades_lost == {"BTCUSDT": 80_000}
    ((call,),) = [[desk.ctx.calls[n] for n in desk.ctx.pending("GET", OLD)]]
    assert call.params["fromId"] == "80002"


def test_single_trades_of_futures_are_had_from_the_newest():
    desk = Desk(kind="binance_usdm", feeds=("trade",))
    desk.frame(trade(1))
    desk.frame(trade(3))
    (number,) = desk.ctx.pending("GET", "/fapi/v1/trades")
    assert desk.ctx.calls[number].params == {"symbol": "BTCUSDT", "limit": "1000"}
    desk.ctx.respond(desk.agent, number, rows(1, 2, 3))
    assert published(desk) == [(1, 0), (3, 0), (2, FLAG_STALE)]
