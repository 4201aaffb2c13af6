"""The duty cycle: what one readable socket, one venue input or one timer is wrapped in.

A cycle begins by noting the time, because a loop that stood still for long must tell its engines before they get any
message, and by taking what is conflated, for which no doorbell is rung (`mesh.transport.same_host`), so that whatever comes
is judged by how things stand. It ends by handing over what the members of a group have for each other, by draining what was
sent on, and by setting the loop's one timer for what is due next. Inputs never nest: what comes while a handler runs waits
for a cycle of its own.

This file is compiled (`duty_cycle.pxd` has the C types): it runs once for every wake-up of an agent.
"""

from collections.abc import Callable
from time import monotonic_ns, time_ns
from typing import TYPE_CHECKING, Any

from mesh.protocol.engine import Engine
from mesh.transport.group import Group

if TYPE_CHECKING:
    import asyncio

    from mesh.transport.agent_transport import AgentTransport
    from mesh.transport.event_loop import EpollLoop

NEVER_NS = 1 << 62


class DutyCycle:
    """Wraps every input of the agents of one process."""

    def __init__(self, loop: "asyncio.AbstractEventLoop | EpollLoop", group: Group, pause_ns: int) -> None:
        """Run on `loop`; a cycle that comes `pause_ns` after the one before means that this process stood still."""
        self.open = False
        """Whether inputs reach the engines."""
        self.now_ns = 0
        """When the last cycle began."""
        self.armed_ns = NEVER_NS
        """When the loop's timer comes."""
        self._loop = loop
        self._group = group
        self._pause_ns = pause_ns
        self._busy = True
        self._engines: list[Engine] = []
        self._transports: list[AgentTransport] = []
        self._later: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._timer: Any = None
        self._due: Callable[[], None] = self._nothing

    def add(self, engine: Engine, transport: "AgentTransport") -> None:
        """Take an agent of the process in."""
        self._engines.append(engine)
        self._transports.append(transport)

    def start(self, due: Callable[[], None]) -> None:
        """Let inputs through; `due` is called when an engine has something due."""
        self.open = True
        self._due = due
        self.now_ns = monotonic_ns()
        self.end()

    def close(self) -> None:
        """Let nothing through any more."""
        self.open = False
        if self._timer is not None:
            self._timer.cancel()

    def take(self, handle: Callable[..., None], *args: Any) -> None:
        """Call `handle(*args, now_ns, wall_ns)` in a cycle of its own; what comes while a handler runs waits."""
        if self._busy or self._later:
            self._later.append((handle, args))
        elif self.open:
            self.begin()
            handle(*args, monotonic_ns(), time_ns())
            self.end()

    def begin(self) -> None:
        """Note the time, tell the engines if this process stood still since the last cycle, and bring them up to date."""
        now_ns = monotonic_ns()
        if now_ns - self.now_ns > self._pause_ns:
            for engine in self._engines:
                engine.on_pause(now_ns, time_ns())
        self.now_ns = now_ns
        self._busy = True
        for transport in self._transports:
            transport.catch_up()

    def end(self) -> None:
        """Hand over what the members have for each other, look at what was sent on, and be back for what is due."""
        due_ns = NEVER_NS
        if self._group.waits():
            self._group.run()
        for transport in self._transports:
            transport.settle()
        for engine in self._engines:
            due_ns = min(due_ns, engine.next_due_ns)
        if self._group.waits():
            self._loop.call_soon(self._cycle)
        self._busy = False
        if self._later:
            self._loop.call_soon(self._take_later)
        if due_ns < self.armed_ns:
            self.arm(due_ns, 0)

    def arm(self, due_ns: int, delay_ns_min: int) -> None:
        """Have `due` called at `due_ns`, or after `delay_ns_min` if that is later."""
        if self._timer is not None:
            self._timer.cancel()
        self.armed_ns = due_ns
        delay_ns = max(due_ns - monotonic_ns(), delay_ns_min)
        self._timer = self._loop.call_later(delay_ns / 1e9, self._due)

    def disarm(self) -> None:
        """Forget the timer, which has just come."""
        self.armed_ns = NEVER_NS

    def _cycle(self) -> None:
        if self.open:
            self.begin()
            self.end()

    def _take_later(self) -> None:
        later, self._later = self._later, []
        for handle, args in later:
            self.take(handle, *args)

    def _nothing(self) -> None:
        """Do nothing: inputs are not let through yet."""
