"""The live node: the agents of one process, on one event loop, with real sockets and real clocks.

Mostly that is one agent; several are a group (`mesh.transport.group`). A start has a fixed order, so that nothing is
touched before the right to touch it is proven: the instance locks (one process per agent), the epochs and the logs (durable
before their first use), the agents and their engines, the sockets, the shells, the peers, and only then the agents' own
start. It ends in the reverse order.

One loop timer stands for everything that the engines have due; its callback is the duty cycle, which alone feeds the
watchdog and lets the garbage collector look. Two cycles too far apart mean that this process stood still: the
engines hear of that before they get any message. Whatever goes wrong ends the process with one clear line and a
documented exit status; starting it again is the supervisor's work.
"""

import errno
import gc
import os
import signal
import sys
from collections.abc import Sequence
from time import monotonic_ns, time_ns
from typing import TYPE_CHECKING, Any

from mesh.node import tuning
from mesh.node.duty_cycle import DutyCycle
from mesh.node.hosted_agent import HostedAgent
from mesh.node.sd_notify import Notifier
from mesh.processes import members
from mesh.roles import has_shell
from mesh.transport.event_loop import EpollLoop
from mesh.transport.group import Group
from mesh.transport.sockets import Sockets
from schemas.config import Config
from schemas.errors import ExitStatus, LogError, TickmeshError
from schemas.units import MS

if TYPE_CHECKING:
    import asyncio

    Loop = asyncio.AbstractEventLoop | EpollLoop

PAUSE_BEATS = 3
"""A loop that missed this many beats stood still."""

WATCHDOG_NS = 500 * MS
COLLECT_ALL_NS = 60_000 * MS
TIMER_NS_MIN = MS
"""The loop's own timers count in milliseconds."""

STOPPING_SHARE = 0.8
"""What agents may take of the time that a stop has (`mesh.stop_timeout_ms`) to get ready for it."""

LINGER_MS = 200
"""The last frames, among them the ending beat, may leave for this long."""

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EFBIG})


class Node:
    """Runs the agents of one process until it is told to stop or something breaks."""

    def __init__(self, names: Sequence[str], config: Config, loop: "Loop") -> None:
        """Claim names, epochs and logs of the agents, and build them.

        Raises:
            AlreadyRunningError: If one of them runs already on this host.
            LogDamagedError: If a log or an epoch cannot be trusted.
        """
        self._loop = loop
        self._sockets = Sockets()
        self._group = Group(monotonic_ns, time_ns)
        self._members: list[HostedAgent] = []
        self._grouped = bool(config.agents[names[0]].group)
        self._notifier = Notifier()
        self._spins = config.agents[names[0]].idle == "busy_poll"
        self._beat_ns = config.mesh.beat_interval_ms * MS
        self._cycle = DutyCycle(loop, self._group, PAUSE_BEATS * self._beat_ns)
        self._watchdog_ns = 0
        self._collect_ns = 0
        self._ended: Any = loop.create_future()
        self._stopping_ns = int(config.mesh.stop_timeout_ms * MS * STOPPING_SHARE)
        self._ready_to_stop: Any = None
        """Waited for by a stop that agents hold up."""
        self._stop_by_ns = 0
        try:
            for name in names:
                member = HostedAgent(name, config, self._cycle, self.sync_failed, self._sockets, self._group)
                self._members.append(member)
                self._cycle.add(member.engine, member.transport)
        except BaseException:
            self._release()
            raise

    async def live(self) -> None:
        """Start, run until a signal, and stop in order; a fault of any part of the process is raised here."""
        self._loop.set_exception_handler(self._loop_failed)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self.end)
        try:
            if await self._shells_started():
                self._start()
            await self._ended
            if self._cycle.open:
                await self._get_ready_to_stop()
            if self._cycle.open:
                await self._stop()
        finally:
            # Also after a fault of the start: a loop that still watches a closed descriptor aborts the process.
            self._close()
            for member in self._members:
                member.sync.stop()
                member.transport.close()
            self._sockets.close(LINGER_MS)
            self._notifier.close()
            self._release()

    def end(self, error: BaseException | None = None) -> None:
        """Let `live` return, or raise `error`; only the first call counts."""
        if self._ended.done():
            if error is not None:
                sys.stderr.write(f"while stopping: {type(error).__name__}: {error}\n")
                self._go_on_stopping()
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._close()
            self._ended.set_exception(error)

    def sync_failed(self, error: OSError) -> None:
        """End the process: a log cannot be made durable. Called in the thread that syncs."""
        failure = LogError(f"the log cannot be made durable: {error.strerror}; nothing more is sent")
        self._loop.call_soon_threadsafe(self.end, failure)

    # Start and stop

    async def _shells_started(self) -> bool:
        """Bind every socket and start the shells; False if the process was told to end meanwhile."""
        for member in self._members:
            member.transport.bind(member.engine, self._loop)
            if self._grouped:
                self._group.join(member.name, member.engine, member.transport)
        for member in self._members:
            if member.shell is None:
                continue
            import asyncio

            starting = asyncio.ensure_future(member.shell.start(member))
            await asyncio.wait({starting, self._ended}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                return False
            starting.result()
        return True

    def _start(self) -> None:
        for member in self._members:
            member.transport.connect()
            member.engine.start(monotonic_ns(), time_ns())
            if self._grouped:
                self._group.follow(member.name)
            member.transport.connect()
        for member in self._members:
            member.transport.watch()
            member.sync.start()
        gc.collect()
        gc.freeze()
        gc.disable()
        self._collect_ns = monotonic_ns() + COLLECT_ALL_NS
        self._cycle.start(self._duty_cycle)
        self._duty_cycle()
        if self._spins:
            self._spin()
        self._notifier.ready()

    async def _get_ready_to_stop(self) -> None:
        """Let agents do what needs answers yet, as long as there is time; everything goes on meanwhile."""
        self._notifier.stopping()
        self._stop_by_ns = monotonic_ns() + self._stopping_ns
        self._cycle.begin()
        ready = self._are_ready_to_stop()
        self._cycle.end()
        if not ready:
            self._ready_to_stop = self._loop.create_future()
            await self._ready_to_stop

    def _are_ready_to_stop(self) -> bool:
        done = [member.engine.stopping(monotonic_ns(), time_ns()) for member in reversed(self._members)]
        return all(done)

    def _go_on_stopping(self) -> None:
        if self._ready_to_stop is not None and not self._ready_to_stop.done():
            self._ready_to_stop.set_result(None)

    async def _stop(self) -> None:
        self._close()
        for member in reversed(self._members):
            member.engine.stop(monotonic_ns(), time_ns())
            self._group.send_out()
        for member in reversed(self._members):
            if member.shell is not None:
                await member.shell.stop()
            member.sync.stop()
            member.log.sync()
            member.log.close()
            member.inputs.close()

    def _close(self) -> None:
        """Let nothing reach an engine any more: not after the stop, and not after a fault."""
        self._cycle.close()
        for member in self._members:
            member.transport.unwatch()

    def _release(self) -> None:
        for member in self._members:
            member.lock.close()

    # The duty cycle

    def _duty_cycle(self) -> None:
        cycle = self._cycle
        cycle.begin()
        now_ns = monotonic_ns()
        for member in self._members:
            if member.engine.next_due_ns <= now_ns:
                member.engine.on_timers(now_ns, time_ns())
        if now_ns >= self._watchdog_ns:
            self._watchdog_ns = now_ns + WATCHDOG_NS
            self._notifier.alive()
            for member in self._members:
                member.count_wires()
            self._collect(now_ns)
        if self._ready_to_stop is not None and (now_ns >= self._stop_by_ns or self._are_ready_to_stop()):
            self._go_on_stopping()
        cycle.disarm()
        cycle.end()
        cycle.arm(min(cycle.armed_ns, now_ns + self._beat_ns), TIMER_NS_MIN)

    def _collect(self, now_ns: int) -> None:
        """Let the garbage collector look, here and nowhere else: at what is new, and now and then at all not frozen."""
        if now_ns >= self._collect_ns:
            self._collect_ns = now_ns + COLLECT_ALL_NS
            gc.collect()
        else:
            gc.collect(1)

    def _spin(self) -> None:
        """Have the loop look at its descriptors again without sleeping, after whoever else wants this CPU."""
        os.sched_yield()
        if self._cycle.open:
            self._loop.call_soon(self._spin)

    # What ends the process

    def _loop_failed(self, loop: "Loop", context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is None and not self._cycle.open:
            # A connection that a fault left open: the fault itself is what there is to tell.
            return
        if error is None or ("transport" in context and isinstance(error, OSError)):
            # A venue's connection that broke: its shell is told by its own protocol.
            sys.stderr.write(f"{context['message']}: {error}\n" if error else f"{context['message']}\n")
        else:
            self.end(error)


def run(name: str, config: Config) -> int:
    """Run the agent or group `name` until SIGTERM or SIGINT, and return the exit status of the process."""
    try:
        names = members(name, config)
        tuning.apply(names[0], config)
        if any(has_shell(each, config) for each in names):
            _run_on_uvloop(names, config)
        else:
            _run_on_epoll_loop(names, config)
    except TickmeshError as error:
        return _complain(name, error.exit_status, str(error))
    except OSError as error:
        if error.errno in DISK_ERRORS:
            return _complain(name, ExitStatus.IO_ERROR, str(error))
        return _broken(name, error)
    except Exception as error:  # noqa: BLE001 - the runner: the one place that ends the process for any fault
        return _broken(name, error)
    return ExitStatus.OK


def _run_on_uvloop(names: Sequence[str], config: Config) -> None:
    """Run agents that talk to the outside: their shells need tasks and streams."""
    import asyncio

    import uvloop

    async def live() -> None:
        await Node(names, config, asyncio.get_running_loop()).live()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live())


def _run_on_epoll_loop(names: Sequence[str], config: Config) -> None:
    loop = EpollLoop()
    try:
        loop.run(Node(names, config, loop).live())
    finally:
        loop.close()


def _broken(name: str, error: Exception) -> int:
    """Tell of a fault, with the way to it, and return its exit status. Called while `error` is handled."""
    # As the interpreter would: whoever has run out of descriptors cannot import anything any more.
    sys.excepthook(type(error), error, error.__traceback__)
    return _complain(name, ExitStatus.SOFTWARE, f"{type(error).__name__}: {error}")


def _complain(name: str, status: int, text: str) -> int:
    sys.stderr.write(f"tickmesh agent {name}: {text} (exit status {int(status)})\n")
    return int(status)
