"""The archive: every publication of its sources into ClickHouse, each exactly once.

It follows each stream from the position that ClickHouse holds, out of the publisher's log where need be. Messages become
rows by table (`agents.archive.row_intake`); once enough of them are there, or the oldest has waited long enough, they go to
the writer as one batch.
One batch is under way at a time, and only its end moves the position that the archive would resume from.

ClickHouse being away never reaches the publishers: a batch that did not get in is tried again as the circuit breaker says,
rows gather behind it up to a bound, then the process ends and the supervisor starts it again, as often as it takes; the
publishers' logs keep what is missing. Messages that not even a log has any more leave a row in `gaps`.

Every 10 seconds the sources are asked for their latencies, so that `latency` has every hop of the mesh, and not only the
way to here.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from agents.archive.arrivals import Arrivals
from agents.archive.batch import Batch, LatencyRow, Resume
from agents.archive.row_intake import DUE, DUPLICATE, FIRST, RowIntake
from agents.archive.streams import followed_links
from agents.archive.tables import TABLES, TICK_TABLES
from agents.state.breaker import CircuitBreaker
from core.frame import Header
from core.histogram import LatencyHistogram
from mesh.agent import Agent, CallOutcome, Reply, Start, Subscription, VenueReply
from mesh.agent_io import Shell
from schemas.config import ArchiveConfig, Config
from schemas.counters import Counter
from schemas.errors import UnavailableError
from schemas.figures import ArchiveFigures
from schemas.messages import AgentStatus, BreakerChanged, Message, StatusRequest
from schemas.streams import AGENT_STREAM, stream_name
from schemas.units import MS

PENDING_ROWS_MAX = 2_000_000
PENDING_BYTES_MAX = 512 << 20
"""Bounds of what waits while ClickHouse is away: rows, and bytes of book levels in them."""

_FLUSH_BYTES = 32 << 20
_LATENCY_INTERVAL_NS = 10 * 10**9
_STATUS_TTL_MS = 2_000
_AGAIN_NS = 100 * MS
"""How soon a batch that did not get in is tried again, while the breaker is CLOSED."""

AGAIN = "again"


class BatchWriter(Protocol):
    """Where batches go; the end of each comes back as a `VenueReply` with its number."""

    def submit(self, batch: Batch) -> None:
        """Insert `batch` after those submitted before."""
        ...


class ArchiveAgent(Agent):
    """Gathers rows and hands them over in batches; deterministic, like every agent."""

    takes_batches = True
    rests_on_inputs = False
    restores = frozenset({BreakerChanged})

    def __init__(self, name: str, config: Config, writer: BatchWriter, resume: Resume) -> None:
        """Start from what ClickHouse holds (`resume`)."""
        archive = config.agents[name]
        assert isinstance(archive, ArchiveConfig)
        self.writer = writer
        self._name = name
        self._flush_rows = archive.flush_rows
        self._flush_ns = archive.flush_ms * MS
        links = followed_links(config, name)
        self._own = Arrivals(len(links), name, 0, "", "", restarts=True, local=True, symbols={})
        self._links = (*links, self._own)
        self._latency = {link.publisher: LatencyHistogram() for link in links if link.local}
        for link in links:
            link.epoch, link.seq = resume.positions.get((link.publisher, link.stream), (0, 0))
            link.latency = self._latency.get(link.publisher)
        self._arriving = RowIntake(links, {table.name: (table.layout(), table.messages) for table in TABLES})
        self._archived = dict(resume.positions)
        self._rows = dict(resume.rows)
        self._under_way: dict[int, Batch] = {}
        self._batches = 0
        self._away = ""
        self._breaker = CircuitBreaker("clickhouse", archive.breaker)
        self._sources = archive.sources
        self._hops: dict[tuple[str, str], LatencyHistogram] = {}
        """By agent and hop, what was counted when the agent was asked before."""
        self._wait_for(self._flush_rows, _FLUSH_BYTES)

    def restore(self, header: Header, message: Message) -> None:
        """Take the breaker as it was."""
        if isinstance(message, BreakerChanged):
            self._breaker.restore(message, self.ctx.now_ns)

    def subscriptions(self) -> Sequence[Subscription]:
        """Return every stream of every source, each from the position that ClickHouse holds."""
        return [
            Subscription(
                publisher=link.publisher,
                stream=link.stream,
                start=Start.FIRST,
                every=True,
                position=(link.epoch, link.seq) if link.epoch else None,
            )
            for link in self._links
            if link is not self._own
        ]

    def start(self) -> None:
        """Begin to count latencies; who was built has had an answer of ClickHouse, so the breaker is CLOSED."""
        self._tell(self._breaker.reset(self.ctx.wall_ns, "ClickHouse answered at the start"))
        self._own.epoch = self.ctx.epoch
        self.ctx.set_timer("latency", self.ctx.now_ns + _LATENCY_INTERVAL_NS)

    def stop(self) -> None:
        """Hand over whatever is left."""
        self._add_latencies()
        self._flush()

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        """Add the message to the rows of its table; record what is missing before it."""
        todo = self._arriving.take(publisher, header, message, self.ctx.now_ns)
        if todo:
            self._attend(todo)

    def on_messages(self, publisher: str, headers: Sequence[Header], messages: Sequence[Message]) -> None:
        """Add messages of one stream at once; rows that are due go after the last."""
        todo = self._arriving.take_all(publisher, list(headers), list(messages), self.ctx.now_ns)
        if todo:
            self._attend(todo)

    def on_timer(self, name: str) -> None:
        """Flush rows that have waited long enough; write down latencies at intervals."""
        if name == "latency":
            self._add_latencies()
            for source in self._sources:
                self.ctx.request(source, StatusRequest(), ttl_ms=_STATUS_TTL_MS)
            self.ctx.set_timer("latency", self.ctx.now_ns + _LATENCY_INTERVAL_NS)
        elif name == AGAIN:
            self._tell(self._breaker.on_time(self.ctx.now_ns, self.ctx.wall_ns))
            for batch in self._under_way.values():
                self.writer.submit(batch)
        elif not self._under_way:
            self._flush()

    def on_reply(self, reply: Reply) -> None:
        """Write down the latencies that a source has counted since it was asked before."""
        status = reply.message
        if not isinstance(status, AgentStatus):
            return
        for hop, packed in status.latency.items():
            now = LatencyHistogram.from_bytes(packed)
            before = self._hops.get((status.name, hop), LatencyHistogram())
            self._hops[status.name, hop] = now
            self._add_latency(hop, now.since(before))

    def on_venue_reply(self, reply: VenueReply) -> None:
        """Take the end of a batch: its positions are archived, or it is tried again.

        Raises:
            UnavailableError: If the batch cannot be inserted at all.
        """
        if reply.outcome == CallOutcome.NOT_SENT:
            self._on_away(reply.text)
            return
        if reply.outcome != CallOutcome.ANSWERED:
            raise UnavailableError(f"{self._name} cannot insert batch {reply.call_id}: {reply.text}")
        self._archived.update(self._under_way.pop(reply.call_id).positions)
        if self._away:
            self.ctx.count(Counter.CLICKHOUSE_BACK)
        self._away = ""
        self._tell(self._breaker.succeed(self.ctx.wall_ns))
        self._rows = msgspec.json.decode(reply.body, type=dict[str, int])
        if self._under_way:
            return
        self._wait_for(self._flush_rows, _FLUSH_BYTES)
        if self._arriving.rows >= self._flush_rows:
            self._flush()
        elif self._arriving.rows:
            self.ctx.set_timer("flush", self.ctx.now_ns + self._flush_ns)

    def _on_away(self, reason: str) -> None:
        """Have the batch tried again: soon, or when an open breaker lets it."""
        self._away = reason
        self.ctx.count(Counter.CLICKHOUSE_FAILURES)
        self._tell(self._breaker.fail(self.ctx.now_ns, self.ctx.wall_ns, reason))
        now_ns = self.ctx.now_ns
        self.ctx.set_timer(AGAIN, now_ns + _AGAIN_NS if self._breaker.closed else max(now_ns, self._breaker.retry_ns))

    def _tell(self, change: BreakerChanged | None) -> None:
        if change is not None:
            self.ctx.publish(AGENT_STREAM, change)

    def figures(self) -> ArchiveFigures:
        """Return rows in ClickHouse, what waits here, and the position that each stream is archived up to."""
        positions: dict[str, dict[str, tuple[int, int]]] = {}
        for (publisher, stream), (epoch, seq) in self._archived.items():
            positions.setdefault(publisher, {})[stream_name(stream)] = (epoch, seq)
        under_way = sum(len(rows) for batch in self._under_way.values() for rows in batch.tables.values())
        return ArchiveFigures(
            rows=dict(self._rows),
            archived_ticks=sum(self._rows.get(table, 0) for table in TICK_TABLES),
            pending=self._arriving.rows + under_way,
            batches=self._batches,
            gap_messages=self._arriving.gap_messages,
            away=self._away,
            positions=positions,
            breakers=self._breaker.figures(),
        )

    def _attend(self, todo: int) -> None:
        """Do what the rows say is to be done."""
        if todo & DUPLICATE:
            self.ctx.count(Counter.ARCHIVE_DUPLICATES, self._arriving.duplicates)
            self._arriving.duplicates = 0
        if todo & FIRST and not self._under_way:
            self.ctx.set_timer("flush", self.ctx.now_ns + self._flush_ns)
        if todo & DUE:
            self._flush_when_free()

    def _wait_for(self, rows: int, level_bytes: int) -> None:
        self._arriving.rows_due = rows
        self._arriving.level_bytes_due = level_bytes

    def _flush_when_free(self) -> None:
        """Flush unless a batch is under way; end the process, too much waits behind it."""
        if not self._under_way:
            self._flush()
            return
        raise UnavailableError(
            f"{self._name}: {self._arriving.rows} rows ({self._arriving.level_bytes} bytes of levels) wait for ClickHouse, "
            f"at most {PENDING_ROWS_MAX} ({PENDING_BYTES_MAX}) may; starting again resumes from what it holds. "
            f"Last failure: {self._away or 'none, it is slow'}"
        )

    def _flush(self) -> None:
        if self._arriving.rows == 0:
            return
        self._batches += 1
        tables, positions = self._arriving.hand_over()
        batch = Batch(
            number=self._batches,
            wall_ns=self.ctx.wall_ns,
            now_ns=self.ctx.now_ns,
            links=self._links,
            tables=tables,
            positions=positions,
        )
        self._wait_for(PENDING_ROWS_MAX + 1, PENDING_BYTES_MAX + 1)
        self._under_way[batch.number] = batch
        self.ctx.cancel_timer("flush")
        self.writer.submit(batch)

    def _add_latencies(self) -> None:
        for publisher, histogram in self._latency.items():
            self._add_latency(f"{publisher}>{self._name}", histogram)
            histogram.reset()

    def _add_latency(self, hop: str, histogram: LatencyHistogram) -> None:
        if histogram.count == 0:
            return
        found = histogram.summary()
        self._own.seq += 1
        header = Header(
            stream=0,
            type=0,
            sender=self.ctx.sender,
            epoch=self.ctx.epoch,
            seq=self._own.seq,
            send_ns=self.ctx.now_ns,
        )
        row = LatencyRow(hop, found["count"], found["p50"], found["p99"], found["p999"], found["max"])
        self._attend(self._arriving.add(self._own, header, row) & FIRST)


def build(name: str, config: Config) -> ArchiveAgent:
    """Open the archive's ClickHouse and return the agent that resumes from what it holds.

    Raises:
        UnavailableError: If ClickHouse does not answer; the publishers' logs keep everything meanwhile.
    """
    from agents.archive.database import Database
    from agents.archive.writer import Writer

    links = followed_links(config, name)
    database = Database(name, config, [(link.publisher, link.stream) for link in links])
    resume = database.open()
    return ArchiveAgent(name, config, Writer(database, config.mesh.stop_timeout_ms / 2_000), resume)


def shell(name: str, config: Config, agent: Agent) -> Shell:
    """Return the archive's writer, which is its shell."""
    from agents.archive.writer import Writer

    assert isinstance(agent, ArchiveAgent)
    assert isinstance(agent.writer, Writer)
    return agent.writer


def count_ticks(name: str, config: Config) -> dict[str, int]:
    """Return the number of rows of each table of ticks, asked of ClickHouse itself once the process has ended.

    Raises:
        UnavailableError: If ClickHouse does not answer, or another process has the embedded engine open.
    """
    from agents.archive.database import counts

    rows = counts(config, name)
    return {table: rows[table] for table in TICK_TABLES}
