"""Group sync: makes the publication log durable every few milliseconds, beside the agent's loop.

The loop appends to mapped memory and never waits for the disk; one thread syncs what was appended since the last time, so
that power loss takes at most `log_sync_ms` of it. A sync that fails is never tried again: the kernel may have dropped
the pages it could not write, and a second sync would report success (`reliability.md`, row 37).
"""

import contextlib
import threading
from collections.abc import Callable

from core.log import LogWriter
from mesh.protocol.input_log import InputLog

INPUTS_PERIODS = 20
"""Recorded inputs wait so many periods: nobody acts on them, and what power loss takes of them is told."""


class LogSync:
    """Syncs one log, and prepares its next segment, in a thread of its own until it is stopped or a sync fails."""

    def __init__(
        self, log: LogWriter, period_ms: int, failed: Callable[[OSError], None], inputs: InputLog | None = None
    ) -> None:
        """Sync every `period_ms`; 0 never does. `failed` is called in the thread, at most once.

        `inputs` are synced too, if they are recorded, but not as often.
        """
        self._log = log
        self._inputs = inputs
        self._wait = 0
        self._recorded = 0
        self._period_s = period_ms / 1000
        self._failed = failed
        # Held until the end. To wait for a lock is one call in C, for an event a page of Python, 200 times a second.
        self._running = threading.Lock()
        self._running.acquire()
        self._synced = log.position
        self._thread = threading.Thread(target=self._run, name="log-sync", daemon=True)

    def start(self) -> None:
        """Begin."""
        if self._period_s:
            self._thread.start()

    def stop(self) -> None:
        """End the thread; what was appended since its last sync is left to the caller."""
        if self._running.locked():
            self._running.release()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._running.acquire(timeout=self._period_s):
            position = self._log.position
            if position == self._synced:
                self._keep_inputs()
                continue
            try:
                self._log.sync()
                self._log.prepare()
            except OSError as error:
                self._failed(error)
                return
            self._synced = position
            self._keep_inputs()

    def _keep_inputs(self) -> None:
        """Make what the recorder appends to ready, each time, and now and then what it has appended durable."""
        if self._inputs is None or not self._inputs.on:
            return
        log = self._inputs.log
        self._wait = (self._wait + 1) % INPUTS_PERIODS
        with contextlib.suppress(OSError):
            # The log refuses the next record then, and the recording ends: that is no reason to end the agent.
            if log.position != self._recorded:
                log.touch(2 * (log.position - self._recorded))
                log.prepare()
                self._recorded = log.position
            if not self._wait:
                log.sync()
