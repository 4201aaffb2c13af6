"""Best bid and ask: of the quote where there is one, else of the book."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.decimals import Scale, pack_levels
from core.frame import pack
from mesh import config
from mesh.protocol.codec import encode, type_number
from mesh.report.top_of_book import Tops
from mesh.run import default_config
from schemas.messages import BookSnapshot, FeedState, Message, Quote, SnapshotAnswer, SnapshotRequest
from schemas.streams import Kind, StreamState, stream_id

BTC_QUOTE, BTC_BOOK = stream_id(Kind.QUOTE, 1, 1), stream_id(Kind.BOOK, 1, 1)
ETH_BOOK = stream_id(Kind.BOOK, 1, 2)
CENTS, LOTS = Scale("0.01"), Scale("0.00001")
BOOK = BookSnapshot(
    0,
    0,
    9,
    pack_levels([("59999.00", "1"), ("59999.50", "2")], CENTS, LOTS),
    pack_levels([("60001.00", "1"), ("60002.00", "1")], CENTS, LOTS),
)
QUOTE = Quote(0, 0, 5, 6_000_010, 1, 6_000_020, 1)


class FakeClient:
    """Market data that has what `streams` holds, or is not there."""

    def __init__(self, streams: dict[int, Message] | None) -> None:
        self.streams = streams
        self.asked: list[int] = []

    def ask(self, messages: Mapping[str, Message], timeout_s: float) -> dict[str, Message]:
        ((name, request),) = messages.items()
        assert isinstance(request, SnapshotRequest)
        self.asked.append(request.stream)
        if self.streams is None:
            return {}
        message = self.streams.get(request.stream)
        if message is None:
            return {name: SnapshotAnswer(request.stream, b"")}
        frame = pack(
            stream=request.stream, type=type_number(message), sender=2, epoch=1, seq=1, payload=encode(message)
        )
        return {name: SnapshotAnswer(request.stream, frame)}


def tops(tmp_path: Path, client: Any, **feeds: list[str]) -> Tops:
    tree = default_config.default_tree(tmp_path, 8090)
    for each in tree["instruments"]:
        if each["symbol"] in feeds:
            each["feeds"] = feeds[each["symbol"]]
    return Tops(config.parse(tree), client)


def test_quote_is_told_and_the_book_not_asked_for(tmp_path: Path) -> None:
    client = FakeClient({BTC_QUOTE: QUOTE, BTC_BOOK: BOOK})
    found = tops(tmp_path, client, ETHUSDT=["trade"]).best()
    assert found == {"BTCUSDT": ("60000.10", "60000.20")}
    assert client.asked == [BTC_QUOTE]


def test_book_tells_where_there_is_no_ticker(tmp_path: Path) -> None:
    client = FakeClient({BTC_BOOK: BOOK, ETH_BOOK: FeedState(0, StreamState.GAP, "stale")})
    made = tops(tmp_path, client, BTCUSDT=["trade", "depth@100ms"], ETHUSDT=["depth"])
    assert made.best() == {"BTCUSDT": ("59999.50", "60001.00"), "ETHUSDT": ("", "")}
    assert client.asked == [BTC_BOOK, ETH_BOOK]


def test_book_tells_while_the_ticker_is_stale_and_an_empty_side_is_empty(tmp_path: Path) -> None:
    one_sided = BookSnapshot(0, 0, 9, BOOK.bids, b"")
    client = FakeClient({BTC_QUOTE: FeedState(0, StreamState.GAP, "stale"), BTC_BOOK: one_sided})
    assert tops(tmp_path, client, ETHUSDT=["trade"]).best() == {"BTCUSDT": ("59999.50", "")}


def test_last_known_outlives_the_market(tmp_path: Path) -> None:
    client = FakeClient({BTC_QUOTE: QUOTE})
    made = tops(tmp_path, client)
    made.best()
    client.streams = None
    assert made.best() == {"BTCUSDT": ("", ""), "ETHUSDT": ("", "")}
    assert made.last_known() == {"BTCUSDT": ("60000.10", "60000.20"), "ETHUSDT": ("", "")}
