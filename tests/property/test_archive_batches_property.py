"""Messages that come to the archive together against the same ones one by one: not a row differs."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from agents.archive.agent import ArchiveAgent
from agents.archive.batch import Resume
from agents.archive.native import Part, block
from agents.archive.tables import TABLES
from core.frame import FLAG_REPLAY, FLAG_STALE, Header
from mesh.protocol.codec import type_number
from schemas.messages import BookDelta, BookSnapshot, FeedState, Trade
from schemas.streams import StreamState
from tests.unit.agents.archive_samples import BOOK, TRADE, archive_config, joined
from tests.unit.agents.fake_context import FakeContext

TABLES_BY_NAME = {table.name: table for table in TABLES}

# What comes together on one stream: (of a state or of events, [(step of the sequence, a new epoch, message, flags)]).
TURNS = st.lists(
    st.tuples(
        st.sampled_from([TRADE, BOOK]),
        st.lists(
            st.tuples(
                st.sampled_from([1, 1, 1, 1, 1, 1, 0, -1, 2, 5]),
                st.integers(0, 19).map(lambda dice: dice == 0),
                st.integers(0, 9),
                st.sampled_from([0, 0, FLAG_REPLAY, FLAG_STALE]),
            ),
            min_size=1,
            max_size=70,
        ),
    ),
    max_size=8,
)


class Kept:
    """A writer that keeps its batches."""

    def __init__(self):
        self.batches = []

    def submit(self, batch):
        self.batches.append(batch)


class Archive:
    def __init__(self):
        self.writer = Kept()
        self.ctx = FakeContext("arc", 6)
        self.agent = ArchiveAgent("arc", archive_config(flush_rows=10**6), self.writer, Resume({}, {}))
        self.agent.bind(self.ctx)
        self.agent.start()
        self.places = {TRADE: (1, 0), BOOK: (1, 0)}

    def play(self, turns, together):
        for stream, items in turns:
            self.ctx.advance(self.agent, 1_000)
            made = [self._item(stream, *item) for item in items]
            if together:
                self.agent.on_messages("md", [header for header, _ in made], [message for _, message in made])
            else:
                for header, message in made:
                    self.agent.on_message("md", header, message)
        self.agent.stop()

    def _item(self, stream, step, restarted, kind, flags):
        epoch, seq = self.places[stream]
        if restarted:
            epoch, seq = epoch + 1, 0 if stream == BOOK else seq
        seq = max(seq + step, 1)
        self.places[stream] = epoch, seq
        message = _message(stream, kind, seq)
        send_ns = self.ctx.now_ns - seq
        return Header(
            stream=stream, type=type_number(message), sender=2, epoch=epoch, seq=seq, flags=flags, send_ns=send_ns
        ), message


def _message(stream, kind, seq):
    if kind == 0:
        return FeedState(seq, StreamState.GAP, f"quiet {seq}")
    if stream == TRADE:
        return Trade(seq, seq + 1, seq * kind, 2, 1, str(seq))
    levels = struct.pack(f"<{2 * kind}q", *range(2 * kind))
    return BookSnapshot(seq, seq, kind, levels, b"") if kind == 1 else BookDelta(seq, seq, kind, seq, b"", levels)


def _inserted(archive):
    """Return the positions of each batch, and by table the block that ClickHouse is given."""
    return [
        (
            batch.positions,
            {name: joined(block(TABLES_BY_NAME[name], Part(rows, batch))) for name, rows in batch.tables.items()},
        )
        for batch in archive.writer.batches
    ]


@given(TURNS)
def test_messages_together_leave_the_rows_that_they_leave_one_by_one(turns):
    single, together = Archive(), Archive()
    single.play(turns, together=False)
    together.play(turns, together=True)
    assert _inserted(together) == _inserted(single)
    assert together.ctx.counters == single.ctx.counters
    assert together.ctx.timers == single.ctx.timers
    assert together.agent.figures() == single.agent.figures()
