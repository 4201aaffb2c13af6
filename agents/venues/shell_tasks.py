"""The tasks of a venue's shell: what one raises ends the process, as an agent must not live on deaf."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class ShellTasks:
    """Those that run."""

    def __init__(self, venue: str) -> None:
        """Run none yet; `venue` is named when one fails."""
        self._venue = venue
        self._running: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it in the running loop; return its task, which is kept until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def cancel(self) -> None:
        """Cancel all, and wait until none runs."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def failed(self, error: BaseException) -> None:
        """Hand to the loop what was raised on behalf of the shell elsewhere than in a task."""
        context = {"message": f"the shell of venue {self._venue} failed", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Hand what it raised to the loop, which ends the process."""
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.failed(error)
