"""What a recorder acts through: timers of the event loop, and the venue's sockets and calls of its shell."""

import asyncio
import time
from collections import Counter as Counts
from collections.abc import Callable, Mapping
from typing import Any

from mesh.agent_io import Shell
from mesh.context import Context, VenueCall
from schemas.counters import Counter
from schemas.units import SECOND


class LoopContext(Context):
    """The part of a context that following a venue needs; `now_ns` is as of the last `tick`."""

    def __init__(
        self,
        name: str,
        shell: Shell,
        on_timer: Callable[[str], None],
        on_send: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        """Hand timers to `on_timer`, and tell `on_send` what is sent on which websocket."""
        super().__init__(name, 0, 0)
        self._shell = shell
        self._on_timer = on_timer
        self._on_send = on_send
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._calls = 0
        self.counts: Counts[Counter] = Counts()
        """What was out of the ordinary."""
        self.tick()

    def tick(self) -> None:
        """Take the time for the input that is handled next."""
        self.now_ns, self.wall_ns = time.monotonic_ns(), time.time_ns()

    def close(self) -> None:
        """Forget all timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def set_timer(self, name: str, at_ns: int) -> None:
        """Have the loop call when it is time."""
        self.cancel_timer(name)
        wait_s = max(0, at_ns - time.monotonic_ns()) / SECOND
        self._timers[name] = asyncio.get_running_loop().call_later(wait_s, self._fire, name)

    def cancel_timer(self, name: str) -> None:
        """Forget the timer of that name, if there is one."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def count(self, counter: Counter, n: int = 1) -> None:
        """Add to a counter."""
        self.counts[counter] += n

    def open_socket(self, connection: str, url: str) -> None:
        """Have the shell open it and keep it open."""
        self._shell.open_socket(connection, url)

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool = False) -> None:
        """Have the shell send it."""
        self._on_send(connection, message)
        self._shell.send_socket(connection, message, signed)

    def close_socket(self, connection: str) -> None:
        """Have the shell close it."""
        self._shell.close_socket(connection)

    def call(self, call: VenueCall) -> int:
        """Have the shell make a call."""
        self._calls += 1
        self._shell.call(self._calls, call)
        return self._calls

    def _fire(self, name: str) -> None:
        del self._timers[name]
        self.tick()
        self._on_timer(name)
