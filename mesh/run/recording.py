"""A recording as a process: the loop that it lives on, its lock, the signals that end it, and what it says meanwhile."""

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from mesh.node.instance_lock import InstanceLock
from mesh.node.sd_notify import Notifier

NAME = "record"
ALIVE_S = 1.0


def run(recording: Any, folder: Path, *, duration_s: float | None, status_s: float) -> None:
    """Record until SIGTERM, Ctrl-C or the end of the duration; tell how it is on standard error every `status_s`.

    `recording` is what `agents.recorder` has built.

    Raises:
        AlreadyRunningError: If another process records to the folder.
        RecordingError: If the disk does not take it.
    """
    lock = InstanceLock(NAME, folder, str(folder))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_live(recording, duration_s, status_s))
    finally:
        lock.close()


async def _live(recording: Any, duration_s: float | None, status_s: float) -> None:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    notifier = Notifier()

    def end(error: BaseException | None = None) -> None:
        if not ended.done():
            ended.set_result(None) if error is None else ended.set_exception(error)

    def on_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is None or ("transport" in context and isinstance(error, OSError)):
            sys.stderr.write(f"{context['message']}: {error}\n" if error else f"{context['message']}\n")
        else:
            end(error)

    loop.set_exception_handler(on_fault)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    await recording.start()
    recording.failed.add_done_callback(lambda failed: end(failed.exception()))
    notifier.ready()
    told_s = time.monotonic()
    ends_s = None if duration_s is None else told_s + duration_s
    try:
        while not ended.done() and (ends_s is None or time.monotonic() < ends_s):
            wait_s = ALIVE_S if ends_s is None else min(ALIVE_S, max(0.0, ends_s - time.monotonic()))
            await asyncio.wait([ended], timeout=wait_s)
            notifier.alive()
            if time.monotonic() - told_s >= status_s:
                told_s = time.monotonic()
                _tell(recording)
    finally:
        notifier.stopping()
        await recording.stop()
        _tell(recording)
        notifier.close()
    if ended.done():
        ended.result()


def _tell(recording: Any) -> None:
    for line in recording.status():
        sys.stderr.write(f"tickmesh record: {line}\n")
