"""The writer: every batch is inserted once and in order, whenever it is submitted."""

import asyncio
from typing import Any

from agents.archive.batch import Batch
from agents.archive.writer import Writer
from mesh.agent import VenueReply


class ListDatabase:
    """Keeps the numbers of the batches that it is given."""

    def __init__(self) -> None:
        self.written: list[int] = []

    def write(self, batch: Batch) -> dict[str, int]:
        self.written.append(batch.number)
        return {}

    def close(self) -> None:
        """Do nothing."""


class NextBatch:
    """Submits the batch after each that has ended: at once, or in the loop's next turn by turns."""

    def __init__(self, writer: Writer, count: int) -> None:
        self.writer = writer
        self.count = count
        self.ended: list[int] = []
        self.done = asyncio.Event()

    def venue_replied(self, reply: VenueReply) -> None:
        self.ended.append(reply.call_id)
        if reply.call_id == self.count:
            self.done.set()
        elif reply.call_id % 2:
            asyncio.get_running_loop().call_soon(self.writer.submit, batch(reply.call_id + 1))
        else:
            self.writer.submit(batch(reply.call_id + 1))

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        raise AssertionError(reason)

    def frame_received(self, connection: str, frame: bytes) -> None:
        raise AssertionError(connection)


def batch(number: int) -> Batch:
    return Batch(number=number, wall_ns=0, now_ns=0, links=(), tables={}, positions={})


def test_batch_submitted_just_as_the_one_before_has_ended_is_inserted_once() -> None:
    async def live() -> None:
        database: Any = ListDatabase()
        writer = Writer(database, 1.0)
        inputs = NextBatch(writer, 20)
        await writer.start(inputs)
        writer.submit(batch(1))
        await asyncio.wait_for(inputs.done.wait(), 10)
        await writer.stop()
        assert database.written == list(range(1, 21))
        assert inputs.ended == list(range(1, 21))

    asyncio.run(live())
