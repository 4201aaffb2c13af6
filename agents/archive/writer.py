"""The shell round the archive: inserts in a thread of its own, in order.

ClickHouse may be away for as long as it likes: the agent's loop never waits for it, and says itself when a batch that did
not get in is tried again. What is not archived yet is in the publishers' logs, so giving up (at the end of the process)
loses nothing.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from agents.archive.batch import Batch
from agents.archive.database import AWAY, Database
from mesh.agent_io import Inputs
from mesh.context import CallOutcome, VenueCall, VenueReply

_INSERT = VenueCall(method="INSERT", path="", params={})


class Writer:
    """Carries out the batches that the archive submits, and tells the agent when each is in ClickHouse."""

    def __init__(self, database: Database, stop_timeout_s: float) -> None:
        """Take an opened database; `stop` waits up to `stop_timeout_s` for what was submitted."""
        self._database = database
        self._stop_timeout_s = stop_timeout_s
        self._queue: deque[Batch] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clickhouse")
        self._task: asyncio.Task[None] | None = None
        self._inputs: Inputs | None = None

    def submit(self, batch: Batch) -> None:
        """Insert `batch` after those submitted before; its end comes as a `VenueReply` with its number.

        NOT_SENT means that ClickHouse is away: the batch may be submitted again, and nothing of it is in twice then.
        """
        self._queue.append(batch)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._drain())
            self._task.add_done_callback(self._ended)

    async def start(self, inputs: Inputs) -> None:
        """Take where ends of batches are delivered."""
        self._inputs = inputs

    async def stop(self) -> None:
        """Wait until everything submitted is in ClickHouse, or the time is up; then close it."""
        self._inputs = None
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=self._stop_timeout_s)
            self._task.cancel()
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._database.close)
        await asyncio.wait({closing}, timeout=self._stop_timeout_s)
        self._thread.shutdown(wait=False)

    def open_socket(self, connection: str, url: str) -> None:
        """Refuse: the archive has no sockets."""
        raise AssertionError(f"the archive opens no socket: {connection} {url}")

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Refuse: the archive has no sockets."""
        raise AssertionError(f"the archive has no socket {connection}")

    def close_socket(self, connection: str) -> None:
        """Refuse: the archive has no sockets."""
        raise AssertionError(f"the archive has no socket {connection}")

    def set_venue_clock(self, offset_ns: int) -> None:
        """Refuse: the archive signs nothing."""
        raise AssertionError("the archive signs nothing")

    def call(self, call_id: int, call: VenueCall) -> None:
        """Refuse: the archive hands over batches."""
        raise AssertionError(f"the archive makes no calls: {call.method} {call.path}")

    async def _drain(self) -> None:
        while self._queue:
            batch = self._queue[0]
            try:
                rows = await asyncio.get_running_loop().run_in_executor(self._thread, self._database.write, batch)
            except AWAY as error:
                reply = VenueReply(batch.number, _INSERT, CallOutcome.NOT_SENT, text=f"{type(error).__name__}: {error}")
            else:
                body = msgspec.json.encode(rows)
                reply = VenueReply(batch.number, _INSERT, CallOutcome.ANSWERED, status=200, body=body)
            self._queue.popleft()
            self._deliver(reply)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Tell the agent if inserting broke for another reason than ClickHouse being away."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            number = self._queue[0].number if self._queue else 0
            text = f"{type(error).__name__}: {error}"
            self._deliver(VenueReply(number, _INSERT, CallOutcome.UNKNOWN, text=text))

    def _deliver(self, reply: VenueReply) -> None:
        if self._inputs is not None:
            self._inputs.venue_replied(reply)
