"""Group sync: makes the publication log durable every few milliseconds, beside the agent's loop.

The loop appends to mapped memory and never waits for the disk; one thread syncs what was appended since the last time, so
that power loss takes at most `log_sync_ms` of it. A sync that fails is never tried again: the kernel may have dropped
the pages it could not write, and a second sync would report success (`reliability.md`, row 37).
"""

import threading
from collections.abc import Callable

from core.log import LogWriter


class LogSync:
    """Syncs one log, and prepares its next segment, in a thread of its own until it is stopped or a sync fails."""

    def __init__(self, log: LogWriter, period_ms: int, failed: Callable[[OSError], None]) -> None:
        """Sync every `period_ms`; 0 never does. `failed` is called in the thread, at most once."""
        self._log = log
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
                continue
            try:
                self._log.sync()
                self._log.prepare()
            except OSError as error:
                self._failed(error)
                return
            self._synced = position
