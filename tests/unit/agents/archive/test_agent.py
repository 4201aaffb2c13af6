"""The archive agent: what it follows, when it hands rows over, and which positions it takes as archived."""

import subprocess
import sys
from collections.abc import Sequence

import msgspec
import pytest

from agents.archive import agent as archive
from agents.archive.agent import ArchiveAgent
from agents.archive.batch import Batch, Resume
from agents.archive.streams import followed_links
from agents.state.breaker import BreakerState
from core.frame import FLAG_REPLAY, Header
from core.histogram import LatencyHistogram
from mesh.agent import CallOutcome, Start, Subscription, VenueCall, VenueReply
from schemas.errors import UnavailableError
from schemas.messages import AgentStatus, BookDelta, Message
from schemas.streams import AGENT_STREAM, STATES_STREAM, Kind, stream_id, stream_kind
from tests.unit.agents.archive_samples import (
    ASKS,
    BIDS,
    BOOK,
    DECISION,
    EQUITY,
    ONE_OF_EACH,
    ORDER,
    POSITION,
    SIGNAL,
    T0,
    TRADE,
    TRADING_STATE,
    archive_config,
    trade,
)
from tests.unit.agents.fake_context import FakeContext

MS = 1_000_000


class ListWriter:
    """Keeps the batches that it is given."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def submit(self, batch: Batch) -> None:
        self.batches.append(batch)


class Archive:
    """An archive with a list for a ClickHouse."""

    def __init__(
        self, resume: Resume | None = None, flush_rows: int = 10, log: Sequence[tuple[Header, Message]] = ()
    ) -> None:
        self.writer = ListWriter()
        self.ctx = FakeContext("arc", 6)
        config = archive_config(flush_rows=flush_rows)
        self.agent = ArchiveAgent("arc", config, self.writer, resume or Resume({}, {}))
        self.agent.bind(self.ctx)
        for header, message in log:
            self.agent.restore(header, message)
        self.agent.start()

    def trades(self, count: int) -> None:
        for number in range(count):
            self.ctx.deliver(self.agent, "md", TRADE, trade(number))

    def gaps(self) -> list[tuple[int, int]]:
        """Return first and last of each gap in the first batch."""
        rows = self.writer.batches[0].tables.get("gaps")
        return list(zip(rows.numbers("from_seq"), rows.numbers("to_seq"), strict=True)) if rows else []

    def end(self, number: int, rows: dict[str, int] | None = None) -> None:
        body = msgspec.json.encode(rows or {})
        call = VenueCall("INSERT", "", {})
        self.agent.on_venue_reply(VenueReply(number, call, CallOutcome.ANSWERED, 200, body))


def followed(resume: Resume | None = None) -> dict[tuple[str, int], Subscription]:
    return {(s.publisher, s.stream): s for s in Archive(resume).agent.subscriptions()}


def test_every_stream_of_every_role_is_followed_from_its_first_message() -> None:
    found = followed()
    assert {key for key in found if key[0] != "md"} == {
        ("sig", STATES_STREAM),
        ("sig", SIGNAL),
        ("risk", TRADING_STATE),
        ("risk", DECISION),
        ("risk", DECISION + 1),
        ("exec", ORDER),
        ("exec", stream_id(Kind.ACCOUNT, 1)),
        ("port", POSITION),
        ("port", POSITION + 1),
        ("port", EQUITY),
        *((publisher, AGENT_STREAM) for publisher in ("sig", "risk", "exec", "port")),
    }
    kinds = [stream_kind(stream) for publisher, stream in found if publisher == "md"]
    ticks = [Kind.TRADE, Kind.BOOK, Kind.QUOTE, Kind.MARK, Kind.INSTRUMENT]
    assert kinds == [*ticks, Kind.BAR, *ticks, Kind.CLOCK, Kind.AGENT]
    assert all(s.every and s.start == Start.FIRST and s.position is None for s in found.values())


def test_streams_resume_after_what_clickhouse_holds() -> None:
    found = followed(Resume({("md", TRADE): (3, 41)}, {}))
    assert found["md", TRADE].position == (3, 41)
    assert found["md", BOOK].position is None


def test_every_kind_of_message_has_a_table() -> None:
    archive = Archive(flush_rows=1_000)
    for publisher, stream, message in ONE_OF_EACH:
        archive.ctx.deliver(archive.agent, publisher, stream, message)
    archive.agent.stop()
    [batch] = archive.writer.batches
    stored = {table: len(rows) for table, rows in batch.tables.items() if table != "latency"}
    assert sum(stored.values()) == len(ONE_OF_EACH)
    assert stored["decisions"] == 3
    assert stored["orders"] == 2
    assert stored["feed_states"] == 2


def test_rows_go_when_enough_of_them_are_there() -> None:
    archive = Archive(flush_rows=10)
    archive.trades(9)
    assert archive.writer.batches == []
    archive.trades(1)
    assert [len(batch.tables["trades"]) for batch in archive.writer.batches] == [10]


def test_rows_go_when_the_oldest_has_waited_long_enough() -> None:
    archive = Archive(flush_rows=10)
    archive.trades(3)
    archive.ctx.advance(archive.agent, 249 * MS)
    assert archive.writer.batches == []
    archive.ctx.advance(archive.agent, MS)
    assert [len(batch.tables["trades"]) for batch in archive.writer.batches] == [3]


def test_one_batch_is_under_way_at_a_time() -> None:
    archive = Archive(flush_rows=10)
    archive.trades(35)
    archive.ctx.advance(archive.agent, 1_000 * MS)
    assert len(archive.writer.batches) == 1
    archive.end(1)
    assert [len(batch.tables["trades"]) for batch in archive.writer.batches] == [10, 25]


def test_rows_that_gathered_meanwhile_wait_no_longer_than_others() -> None:
    archive = Archive(flush_rows=10)
    archive.trades(13)
    archive.end(1)
    archive.ctx.advance(archive.agent, 250 * MS)
    assert [len(batch.tables["trades"]) for batch in archive.writer.batches] == [10, 3]


def test_position_is_archived_only_when_clickhouse_has_it() -> None:
    archive = Archive(flush_rows=10)
    archive.trades(12)
    assert archive.agent.figures().positions == {}
    assert archive.agent.figures().pending == 12
    archive.end(1, {"trades": 10, "quotes": 5, "fills": 2})
    figures = archive.agent.figures()
    assert figures.positions == {"md": {"TRADE/1/7": (1, 10)}}
    assert figures.pending == 2
    assert figures.rows == {"trades": 10, "quotes": 5, "fills": 2}
    assert figures.archived_ticks == 15


def test_batch_that_cannot_be_inserted_at_all_ends_the_process() -> None:
    archive = Archive(flush_rows=1)
    archive.trades(1)
    reply = VenueReply(1, VenueCall("INSERT", "", {}), CallOutcome.UNKNOWN, text="TypeError: x")
    with pytest.raises(UnavailableError, match="TypeError: x"):
        archive.agent.on_venue_reply(reply)


def test_repeats_are_left_out() -> None:
    archive = Archive(Resume({("md", TRADE): (1, 5)}, {}))
    for seq in (4, 5, 6, 6):
        archive.ctx.deliver(archive.agent, "md", TRADE, trade(seq), seq=seq)
    archive.agent.stop()
    assert archive.writer.batches[0].tables["trades"].numbers("seq").tolist() == [6]
    assert archive.ctx.counters["archive_duplicates"] == 3


def test_gap_is_recorded_once_where_it_was_found() -> None:
    archive = Archive(Resume({("md", TRADE): (1, 5)}, {}))
    for seq in (6, 10, 11):
        archive.ctx.deliver(archive.agent, "md", TRADE, trade(seq), seq=seq)
    archive.agent.stop()
    assert archive.gaps() == [(7, 9)]
    assert archive.writer.batches[0].tables["gaps"].numbers("seq").tolist() == [10]
    assert archive.agent.figures().gap_messages == 3


def test_log_cut_before_the_archive_came_is_a_gap() -> None:
    archive = Archive()
    archive.ctx.deliver(archive.agent, "exec", ORDER, ONE_OF_EACH[13][2], seq=101)
    archive.agent.stop()
    assert archive.gaps() == [(1, 100)]


@pytest.mark.parametrize(
    ("publisher", "stream", "seq", "gap"),
    [
        ("md", BOOK, 1, None),
        ("md", BOOK, 4, (1, 3)),
        ("md", TRADE, 6, None),
        ("md", TRADE, 8, (6, 7)),
    ],
)
def test_states_count_anew_after_a_restart_and_events_go_on(
    publisher: str, stream: int, seq: int, gap: tuple[int, int] | None
) -> None:
    archive = Archive(Resume({(publisher, stream): (0, 5)}, {}))
    message = trade(1) if stream == TRADE else BookDelta(T0, T0, 1, 1, BIDS, ASKS)
    archive.ctx.deliver(archive.agent, publisher, stream, message, seq=seq)
    archive.agent.stop()
    assert archive.gaps() == ([gap] if gap else [])


def test_too_much_waiting_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "PENDING_ROWS_MAX", 50)
    arc = Archive(flush_rows=10)
    arc.trades(10)
    away(arc, "connection refused")
    arc.trades(50)
    with pytest.raises(UnavailableError, match="connection refused"):
        arc.trades(1)


def test_book_levels_count_towards_what_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_FLUSH_BYTES", 4 * len(BIDS + ASKS))
    arc = Archive(flush_rows=1_000)
    for _ in range(4):
        assert arc.writer.batches == []
        arc.ctx.deliver(arc.agent, "md", BOOK, BookDelta(T0, T0, 1, 1, BIDS, ASKS))
    assert [len(batch.tables["book_deltas"]) for batch in arc.writer.batches] == [4]


def test_stop_hands_over_what_is_left_behind_a_batch_under_way() -> None:
    archive = Archive(flush_rows=10)
    archive.trades(14)
    archive.agent.stop()
    assert [len(batch.tables["trades"]) for batch in archive.writer.batches] == [10, 4]
    assert archive.writer.batches[1].positions == {("md", TRADE): (1, 14)}
    archive.end(1)
    archive.end(2)
    assert archive.agent.figures().pending == 0


def test_latency_of_live_messages_is_written_down() -> None:
    archive = Archive(flush_rows=1_000)
    send_ns = archive.ctx.now_ns
    header = archive.ctx.deliver(archive.agent, "md", TRADE, trade(0))
    assert header.send_ns == send_ns
    archive.ctx.deliver(archive.agent, "md", TRADE, trade(1), flags=FLAG_REPLAY)
    archive.ctx.advance(archive.agent, 10_000 * MS)
    archive.end(1)
    archive.agent.stop()
    rows = archive.writer.batches[1].tables["latency"]
    assert rows.objects("hop") == ["md>arc"]
    assert (rows.numbers("count").tolist(), rows.numbers("max_ns").tolist()) == ([1], [0])


def test_latencies_of_every_hop_are_asked_for_and_written_down_by_interval() -> None:
    archive = Archive(flush_rows=1_000)
    counted = LatencyHistogram()
    for value in (100, 200):
        counted.record(value)
        archive.ctx.advance(archive.agent, 10_000 * MS)
        asked = [each for each in archive.ctx.requests if each.peer == "risk"]
        archive.ctx.finish(archive.agent, asked[-1], status("risk", {"signal>risk": counted.to_bytes()}))
    archive.agent.stop()
    found = [batch.tables["latency"] for batch in archive.writer.batches]
    assert [rows.objects("hop") for rows in found] == [["signal>risk"], ["signal>risk"]]
    assert [rows.numbers("count").tolist() for rows in found] == [[1], [1]]
    assert [rows.numbers("max_ns").tolist() for rows in found] == [[100], [200]]


def status(name: str, latency: dict[str, bytes]) -> AgentStatus:
    return AgentStatus(name, name, "live", 1, 0, 0, {}, (), {}, latency)


def away(archive: Archive, text: str = "refused") -> None:
    reply = VenueReply(1, VenueCall("INSERT", "", {}), CallOutcome.NOT_SENT, text=text)
    archive.agent.on_venue_reply(reply)


def breakers(archive: Archive) -> list[int]:
    return [each.message.state for each in archive.ctx.published if each.stream == AGENT_STREAM]


def test_a_batch_that_did_not_get_in_is_tried_again_and_enough_failures_open_the_breaker() -> None:
    archive = Archive(flush_rows=10)
    archive.trades(10)
    for tries in range(2, 6):
        away(archive)
        archive.ctx.advance(archive.agent, 100 * MS)
        assert len(archive.writer.batches) == tries
    assert breakers(archive) == []
    away(archive)
    assert breakers(archive) == [BreakerState.OPEN]
    assert archive.agent.figures().breakers == {"clickhouse": "OPEN: 5 failures: refused"}
    archive.ctx.advance(archive.agent, 999 * MS)
    assert len(archive.writer.batches) == 5


def test_an_open_breaker_tries_one_batch_and_waits_longer_when_that_fails() -> None:
    archive = Archive(flush_rows=10)
    archive.trades(10)
    for _ in range(5):
        away(archive)
        archive.ctx.advance(archive.agent, 100 * MS)
    archive.ctx.advance(archive.agent, 1_000 * MS)
    assert breakers(archive) == [BreakerState.OPEN, BreakerState.HALF_OPEN]
    tries = len(archive.writer.batches)
    away(archive)
    archive.ctx.advance(archive.agent, 1_999 * MS)
    assert len(archive.writer.batches) == tries
    archive.ctx.advance(archive.agent, MS)
    assert len(archive.writer.batches) == tries + 1


def test_batches_that_get_in_close_the_breaker() -> None:
    archive = Archive(flush_rows=10)
    archive.trades(10)
    for _ in range(5):
        away(archive)
        archive.ctx.advance(archive.agent, 100 * MS)
    archive.ctx.advance(archive.agent, 1_000 * MS)
    for number in range(1, 4):
        archive.trades(10)
        archive.end(number)
    assert breakers(archive) == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]
    assert archive.agent.figures().breakers == {}


def test_a_breaker_that_was_open_is_closed_by_a_start_that_found_clickhouse() -> None:
    before = Archive(flush_rows=10)
    before.trades(10)
    for _ in range(5):
        away(before)
        before.ctx.advance(before.agent, 100 * MS)
    again = Archive(flush_rows=10, log=[(each.header, each.message) for each in before.ctx.published])
    assert breakers(again) == [BreakerState.CLOSED]
    assert again.agent.figures().breakers == {}


def test_agent_comes_without_numpy_and_clickhouse() -> None:
    code = "import sys, agents.archive; print([m for m in ('numpy', 'clickhouse_connect', 'chdb') if m in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.strip() == "[]"


def test_equity_of_each_of_several_accounts_is_told_apart_by_its_venue() -> None:
    good = archive_config()
    other = msgspec.structs.replace(good.venues[0], id=2, name="other")
    executions = ("exec", "exec2")
    agents = good.agents | {
        "exec2": msgspec.structs.replace(good.agents["exec"], id=99, venue="other"),
        "port": msgspec.structs.replace(good.agents["port"], execution=executions),
    }
    both = msgspec.structs.replace(good, venues=(*good.venues, other), agents=agents)
    found = {link.stream: link.venue for link in followed_links(both, "arc") if link.publisher == "port"}
    own = stream_id(Kind.EQUITY, 1), stream_id(Kind.EQUITY, 2)
    assert (found[EQUITY], found[own[0]], found[own[1]]) == ("", good.venues[0].name, "other")
