"""OKX's public connection: acknowledgements by argument, refusals, the heartbeat, and who joins a running stream late."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from agents.paper.market.capture import Capture
from agents.paper.market.market import DepthView
from agents.paper.okx.public_stream import checksum
from tests.unit.agents.paper.model_kit import Venue
from tests.unit.agents.paper.okx.test_market_writer import CAPTURE, SPOT, SWAP
from tests.unit.agents.paper.shapes import differences

GOCRYPTOTRADER = "raw/okx/gocryptotrader/books_snapshot_with_checksum.json"


@pytest.fixture
def venue() -> Venue:
    venue = Venue("okx", [SPOT, SWAP])
    venue.open("/ws/v5/public")
    return venue


def asked(*pairs: tuple[str, str], op: str = "subscribe", **more: str) -> dict[str, Any]:
    return {"op": op, "args": [{"channel": channel, "instId": symbol} for channel, symbol in pairs], **more}


def test_each_argument_is_acknowledged_as_recorded(venue: Venue, data_dir: Path) -> None:
    lines = gzip.decompress((data_dir / CAPTURE).read_bytes()).splitlines()
    sample = next(json.loads(line.partition(b": ")[2]) for line in lines if b'{"event":"subscribe"' in line)
    answers = venue.say(asked(("trades", "BTC-USDT"), ("trades", "BTC-USDT-SWAP")))
    assert [line for answer in answers for line in differences(sample, answer, optional=frozenset({"connId"}))] == []
    assert [answer["arg"]["instId"] for answer in answers] == ["BTC-USDT", "BTC-USDT-SWAP"]
    (answer,) = venue.say(asked(("trades", "BTC-USDT"), op="unsubscribe", id="u1"))
    assert (answer["id"], answer["event"]) == ("u1", "unsubscribe")


def test_one_bad_argument_is_refused_by_itself(venue: Venue) -> None:
    answers = venue.say(asked(("trades", "XYZ-USDT"), ("nonsense", "BTC-USDT"), ("trades", "BTC-USDT")))
    assert [(each["event"], each.get("code")) for each in answers] == [
        ("error", "60018"),
        ("error", "60018"),
        ("subscribe", None),
    ]
    (answer,) = venue.say(asked(("books-l2-tbt", "BTC-USDT")))
    assert answer["code"] == "60011"


def test_pings_are_answered_and_hostile_messages_are_refused(venue: Venue) -> None:
    assert venue.say("ping") == ["pong"]
    for text in ("", "[" * 5000, '{"op":3}', '"x"', '{"op":"shout"}', '{"op":"subscribe","args":[7]}', "x" * 70_000):
        assert venue.say(text)[-1]["code"] == "60012"
    venue.exchange.ws_close(1)
    venue.exchange.ws_message(1, "ping", venue.wall_ns)
    assert not venue.exchange.ws_open(2, "/ws/v5/nowhere", venue.wall_ns)


def test_a_recorded_session_is_sent_byte_for_byte_and_joined_late_with_a_checksum(data_dir: Path) -> None:
    path = str(data_dir / CAPTURE)
    venue = Venue("okx", [], captures=(path,), lead_in_ms=0)
    venue.open("/ws/v5/public")
    venue.say(asked(("books", "BTC-USDT"), ("trades", "BTC-USDT")))
    venue.run(6)
    venue.open("/ws/v5/public", 2)
    _, late = venue.say(asked(("books", "BTC-USDT")), 2)
    venue.run(10)
    recorded = [each.frame for each in Capture.open([path]) if each.stream in ("books:BTC-USDT", "trades:BTC-USDT")]
    assert venue.sent[1][2:] == recorded
    assert "seqId" not in late["data"][0]
    assert book_of(venue.frames(1)) == book_of(venue.frames(2))


def book_of(frames: list[Any]) -> dict[str, dict[str, str]]:
    """Return the book that frames tell of."""
    book: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    for frame in frames:
        if "action" in frame:
            for side, levels in book.items():
                if frame["action"] == "snapshot":
                    levels.clear()
                levels |= {row[0]: row[1] for row in frame["data"][0][side]}
    return {side: {price: qty for price, qty in levels.items() if qty != "0"} for side, levels in book.items()}


def test_the_checksum_is_the_recorded_one(data_dir: Path) -> None:
    (data,) = json.loads((data_dir / GOCRYPTOTRADER).read_text())["data"]
    sides = ([(row[0], row[1]) for row in data[side]] for side in ("bids", "asks"))
    assert checksum(DepthView(1, *sides)) == data["checksum"] == -1462286744
