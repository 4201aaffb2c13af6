"""An agent alone on a real venue shell: its other effects are recorded, its clock and the venue are real."""

import asyncio
import time

from tests.unit.agents.fake_context import FakeContext


class LiveContext(FakeContext):
    """A fake context whose venue effects go to a real shell, and whose clock is the real one."""

    def __init__(self, agent, shell):
        super().__init__(now_ns=time.monotonic_ns())
        self.agent, self.shell = agent, shell
        self.changed = asyncio.Event()
        self.on_send = None
        self.made = []
        self.tick()

    def tick(self):
        self.now_ns, self.wall_ns = time.monotonic_ns(), time.time_ns()

    def open_socket(self, connection, url):
        self.shell.open_socket(connection, url)

    def send_socket(self, connection, message, signed=False):
        self.shell.send_socket(connection, message, signed)

    def close_socket(self, connection):
        self.shell.close_socket(connection)

    def set_venue_clock(self, offset_ns):
        super().set_venue_clock(offset_ns)
        self.shell.set_venue_clock(offset_ns)

    def call(self, call):
        number = super().call(call)
        self.made.append(call)
        self.shell.call(number, call)
        return number

    # What the shell delivers

    def socket_changed(self, connection, up, reason):
        self._deliver(self.agent.on_socket, connection, up, reason)

    def frame_received(self, connection, frame):
        self._deliver(self.handlers_of(self.agent).frame, connection, frame)

    def venue_replied(self, reply):
        if self.calls.pop(reply.call_id, None) is not None:
            self._deliver(self.handlers_of(self.agent).venue_reply, reply)

    def _deliver(self, handler, *arguments):
        self.tick()
        handler(*arguments)
        self.changed.set()

    async def until(self, condition):
        """Fire timers and take inputs until the condition holds."""
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                self.tick()
                for name in [name for name, at_ns in self.timers.items() if at_ns <= self.now_ns]:
                    del self.timers[name]
                    self.agent.on_timer(name)
                try:
                    await asyncio.wait_for(self.changed.wait(), 0.05)
                except TimeoutError:
                    continue
