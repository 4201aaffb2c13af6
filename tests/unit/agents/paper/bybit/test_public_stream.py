"""Bybit's public connections: acknowledgements as recorded, refusals, the heartbeat, and who joins a stream late."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from agents.paper.market.capture import Capture
from tests.unit.agents.paper.bybit.test_market_writer import CAPTURE, LINEAR, SPOT
from tests.unit.agents.paper.model_kit import Venue, instrument
from tests.unit.agents.paper.shapes import differences


@pytest.fixture
def venue() -> Venue:
    return Venue("bybit", [SPOT, LINEAR])


def test_acknowledgements_have_the_shapes_that_were_recorded(venue: Venue, data_dir: Path) -> None:
    lines = gzip.decompress((data_dir / CAPTURE).read_bytes()).splitlines()
    answers = [json.loads(line) for line in lines if b'"t":"recv"' in line and b"ret_msg" in line]
    recorded = {each["conn"]: json.loads(each["data"]) for each in answers}
    for number, (category, name) in enumerate((("linear", "BYBIT.ws.2"), ("spot", "BYBIT.ws.3")), 1):
        venue.open(f"/v5/public/{category}", number)
        answer, *_ = venue.say({"op": "subscribe", "args": ["publicTrade.BTCUSDT"]}, number)
        assert differences(recorded[name], answer) == []
        assert answer["ret_msg"] == recorded[name]["ret_msg"]


@pytest.mark.parametrize(
    ("category", "args", "said"),
    [
        ("linear", ["publicTrade.BTCUSDT", "nonsense.BTCUSDT"], "handler not found,topic:nonsense.BTCUSDT"),
        ("linear", ["publicTrade.XYZUSDT"], "handler not found,topic:publicTrade.XYZUSDT"),
        ("spot", [f"kline.{each}.BTCUSDT" for each in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720, "D")], "args size >10"),
        ("spot", ["publicTrade.BTCUSDT", 7], "args is invalid"),
        ("spot", [], "args is invalid"),
    ],
)
def test_one_bad_topic_fails_its_whole_request(venue: Venue, category: str, args: list[Any], said: str) -> None:
    venue.open(f"/v5/public/{category}")
    (answer,) = venue.say({"req_id": "7", "op": "subscribe", "args": args})
    assert (answer["success"], answer["req_id"]) == (False, "7")
    assert said in answer["ret_msg"]
    venue.run(2)
    assert len(venue.frames()) == 1


def test_a_topic_is_subscribed_once_and_left(venue: Venue) -> None:
    venue.open("/v5/public/linear")
    assert venue.say({"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})[0]["success"]
    assert "already subscribed" in venue.say({"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})[0]["ret_msg"]
    assert venue.say({"op": "unsubscribe", "args": ["publicTrade.BTCUSDT"]})[0]["success"]
    before = len(venue.frames())
    venue.run(5)
    assert len(venue.frames()) == before


def test_pings_are_answered_and_hostile_messages_are_refused(venue: Venue) -> None:
    venue.open("/v5/public/spot")
    (pong,) = venue.say({"op": "ping"})
    assert (pong["success"], pong["ret_msg"], pong["op"]) == (True, "pong", "ping")
    for text in ("", "[" * 5000, '{"op":3}', '"x"', '{"op":"shout"}'):
        assert not venue.say(text)[-1]["success"]
    venue.exchange.ws_close(1)
    venue.exchange.ws_message(1, '{"op":"ping"}', venue.wall_ns)
    assert not venue.exchange.ws_open(2, "/v5/public/option", venue.wall_ns)


def test_spot_and_linear_have_their_own_streams_of_one_name(venue: Venue) -> None:
    for number, category in enumerate(("spot", "linear"), 1):
        venue.open(f"/v5/public/{category}", number)
        venue.say({"op": "subscribe", "args": ["publicTrade.BTCUSDT"]}, number)
    venue.run(20)
    ids = [{row["i"] for f in venue.frames(number) if "topic" in f for row in f["data"]} for number in (1, 2)]
    assert all(each.isdigit() for each in ids[0])
    assert all(len(each) == 36 for each in ids[1])


def test_a_recorded_session_is_sent_byte_for_byte_and_joined_late(data_dir: Path) -> None:
    path = str(data_dir / CAPTURE)
    venue = Venue("bybit", [], captures=(path,), lead_in_ms=0)
    topics = ["orderbook.200.BTCUSDT", "tickers.BTCUSDT", "publicTrade.BTCUSDT"]
    venue.open("/v5/public/linear")
    venue.say({"op": "subscribe", "args": topics})
    venue.run(20)
    venue.open("/v5/public/linear", 2)
    late = venue.say({"op": "subscribe", "args": topics}, 2)[1:]
    venue.run(30)
    recorded = [each.frame for each in Capture.open([path]) if each.stream.removeprefix("linear/") in topics]
    assert venue.sent[1][1:] == recorded
    assert [(frame["topic"], frame["type"]) for frame in late] == [(topic, "snapshot") for topic in topics[:2]]
    books = [
        book_of([json.loads(frame) for frame in venue.sent[number] if b'"orderbook' in frame]) for number in (1, 2)
    ]
    assert books[0] == books[1]
    whole = {"symbol": "BTCUSDT"}
    for frame in (json.loads(frame) for frame in venue.sent[2] if b'"tickers' in frame):
        whole |= frame["data"]
    full = [json.loads(frame)["data"] for frame in venue.sent[1] if b'"tickers' in frame]
    assert whole == {key: text for data in full for key, text in data.items()}


def book_of(frames: list[Any]) -> dict[str, dict[str, str]]:
    """Return the book that frames tell of, each delta following the one before."""
    book: dict[str, dict[str, str]] = {"b": {}, "a": {}}
    last = 0
    for frame in frames:
        if frame["type"] == "snapshot":
            book = {"b": {}, "a": {}}
        else:
            assert frame["data"]["u"] == last + 1
        last = frame["data"]["u"]
        for side, levels in book.items():
            levels |= dict(frame["data"][side])
    return {side: {price: qty for price, qty in levels.items() if qty != "0"} for side, levels in book.items()}


def test_an_instrument_that_is_not_configured_is_played_under_its_name(data_dir: Path) -> None:
    doge = instrument(1, "DOGE", "linear", venue_symbol="DOGEUSDT", base="DOGE", tick_size="0.00001", lot_size="1")
    venue = Venue("bybit", [doge], captures=(str(data_dir / CAPTURE),))
    assert set(venue.exchange.market.symbols) == {"DOGE", "linear/BTCUSDT", "spot/BTCUSDT"}
    venue.open("/v5/public/linear")
    assert venue.say({"op": "subscribe", "args": ["publicTrade.DOGEUSDT", "publicTrade.BTCUSDT"]})[0]["success"]
