"""The live node: one agent in one process, on one event loop, with real sockets and real clocks.

The node starts an agent in a fixed order, so that nothing is touched before the right to touch it is proven: the guard
(one process per agent), the epoch and the log (durable before their first use), the agent and its engine, the sockets,
the shell, the peers, and only then the agent's own start. It ends in the reverse order.

One loop timer stands for everything that the engine has due; its callback is the duty cycle, which alone feeds the
watchdog. Two turns of the loop too far apart mean that this process stood still: the engine hears of that before it gets
any message. Whatever goes wrong ends the process with one clear line and a documented exit status; starting it again is
the supervisor's work. Time is read in the two files of the live half, this one and `mesh.transport`, and nowhere else.
"""

import asyncio
import errno
import gc
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from time import monotonic_ns, time_ns
from typing import Any

import uvloop

from core.log import LogWriter, claim_epoch
from mesh import tuning
from mesh.agent import Agent, VenueReply
from mesh.endpoints import agent_dir, run_dir
from mesh.engine import Engine
from mesh.group_sync import GroupSync
from mesh.guard import Guard
from mesh.notify import Notifier
from mesh.shell import Shell
from mesh.transport import ZmqTransport
from schemas.config import Config
from schemas.errors import ConfigError, ExitStatus, LogError, TickmeshError

MS = 1_000_000
PAUSE_BEATS = 3
"""A loop that missed this many beats stood still."""

WATCHDOG_NS = 500 * MS
TIMER_NS_MIN = MS
"""The loop's own timers count in milliseconds."""

LINGER_MS = 200
"""The last frames, among them the ending beat, may leave for this long."""

NEVER_NS = 1 << 62
DISK_ERRORS = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EFBIG})


class Node:
    """Runs one agent until it is told to stop or something breaks; also the `Inputs` of its shell."""

    def __init__(self, name: str, config: Config, loop: asyncio.AbstractEventLoop) -> None:
        """Claim the agent's name, epoch and log, and build it.

        Raises:
            AlreadyRunningError: If the agent runs already on this host.
            LogDamagedError: If its log or epoch cannot be trusted.
        """
        own = config.agents[name]
        folder = agent_dir(config, name)
        self._loop = loop
        self._config = config
        self._guard = Guard(name, folder, run_dir(config))
        epoch = claim_epoch(str(folder / "epoch"))
        self._log = LogWriter(
            str(folder / "log"),
            segment_bytes=config.mesh.log_segment_bytes,
            retention_bytes=own.log_retention_bytes,
        )
        agent, self._shell = _build(name, config)
        self._transport = ZmqTransport(name, config, self._begin_turn, self._end_turn)
        self._transport.venue = self._shell
        self._engine = Engine(name, config, agent, self._log, epoch, self._transport, monotonic_ns)
        self._engine.rss_bytes = rss_bytes
        self._sync = GroupSync(self._log, config.mesh.log_sync_ms, self._sync_failed)
        self._notifier = Notifier()
        self._spins = own.idle == "busy_poll"
        self._beat_ns = config.mesh.beat_interval_ms * MS
        self._pause_ns = PAUSE_BEATS * self._beat_ns
        self._turn_ns = 0
        self._busy = False
        self._open = False
        self._later: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._armed_ns = NEVER_NS
        self._watchdog_ns = 0
        self._counted: dict[str, int] = {}
        self._ended: asyncio.Future[None] = loop.create_future()

    async def live(self) -> None:
        """Start, run until a signal, and stop in order; a fault of any part of the process is raised here."""
        self._loop.set_exception_handler(self._loop_failed)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self.end)
        try:
            if await self._shell_started():
                self._start()
            await self._ended
            if self._open:
                await self._stop()
        finally:
            self._sync.stop()
            self._transport.close(LINGER_MS)
            self._notifier.close()
            self._guard.close()

    def end(self, error: BaseException | None = None) -> None:
        """Let `live` return, or raise `error`; only the first call counts."""
        if self._ended.done():
            if error is not None:
                sys.stderr.write(f"while stopping: {type(error).__name__}: {error}\n")
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._close()
            self._ended.set_exception(error)

    # Inputs of the shell

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        """Hand on that a venue websocket opened or closed."""
        self._input(self._engine.socket_changed, connection, up, reason)

    def frame_received(self, connection: str, frame: bytes) -> None:
        """Hand on one venue websocket frame."""
        self._input(self._engine.frame_received, connection, frame)

    def venue_replied(self, reply: VenueReply) -> None:
        """Hand on the end of one REST call."""
        self._input(self._engine.venue_replied, reply)

    def _input(self, take: Callable[..., None], *args: Any) -> None:
        # A shell may answer while it is being called: that waits until the handler which called it has ended.
        if self._busy or self._later:
            self._later.append((take, args))
        elif self._open:
            self._begin_turn()
            take(*args, monotonic_ns(), time_ns())
            self._transport.settle()

    def _take_later(self) -> None:
        later, self._later = self._later, []
        for take, args in later:
            self._input(take, *args)

    # Start and stop

    async def _shell_started(self) -> bool:
        """Bind and start the shell; False if the process was told to end meanwhile."""
        self._transport.bind(self._engine, self._loop)
        self._busy = True
        if self._shell is None:
            return True
        starting = asyncio.ensure_future(self._shell.start(self))
        await asyncio.wait({starting, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            return False
        starting.result()
        return True

    def _start(self) -> None:
        self._transport.connect()
        self._engine.start(monotonic_ns(), time_ns())
        self._transport.connect()
        self._transport.watch()
        self._sync.start()
        self._open = True
        gc.collect()
        gc.freeze()
        self._turn_ns = monotonic_ns()
        self._transport.settle()
        self._duty_cycle()
        if self._spins:
            self._spin()
        self._notifier.ready()

    async def _stop(self) -> None:
        self._notifier.stopping()
        self._close()
        self._engine.stop(monotonic_ns(), time_ns())
        if self._shell is not None:
            await self._shell.stop()
        self._sync.stop()
        self._log.sync()
        self._log.close()

    def _close(self) -> None:
        """Let nothing reach the engine any more: not after the stop, and not after a fault."""
        self._open = False
        self._transport.unwatch()
        if self._timer is not None:
            self._timer.cancel()

    # Turns of the loop

    def _begin_turn(self) -> None:
        now_ns = monotonic_ns()
        if now_ns - self._turn_ns > self._pause_ns:
            self._engine.on_pause(now_ns, time_ns())
        self._turn_ns = now_ns
        self._busy = True

    def _end_turn(self) -> None:
        self._busy = False
        if self._later:
            self._loop.call_soon(self._take_later)
        due_ns = self._engine.next_due_ns
        if due_ns < self._armed_ns:
            self._arm(due_ns, 0)

    def _duty_cycle(self) -> None:
        self._begin_turn()
        now_ns = self._turn_ns
        if self._engine.next_due_ns <= now_ns:
            self._engine.on_timers(now_ns, time_ns())
        if now_ns >= self._watchdog_ns:
            self._watchdog_ns = now_ns + WATCHDOG_NS
            self._notifier.alive()
            self._count_wires()
        self._transport.settle()
        self._arm(min(self._engine.next_due_ns, now_ns + self._beat_ns), TIMER_NS_MIN)

    def _spin(self) -> None:
        """Have the loop look at its descriptors again without sleeping, after whoever else wants this CPU."""
        os.sched_yield()
        if self._open:
            self._loop.call_soon(self._spin)

    def _count_wires(self) -> None:
        for name, n in self._transport.counters().items():
            self._engine.count(name, n - self._counted.get(name, 0))
            self._counted[name] = n

    def _arm(self, due_ns: int, delay_ns_min: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_ns = due_ns
        delay_ns = max(due_ns - monotonic_ns(), delay_ns_min)
        self._timer = self._loop.call_later(delay_ns / 1e9, self._duty_cycle)

    # What ends the process

    def _loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is None and not self._open:
            # A connection that a fault left open: the fault itself is what there is to tell.
            return
        if error is None or ("transport" in context and isinstance(error, OSError)):
            # A venue's connection that broke: its shell is told by its own protocol.
            sys.stderr.write(f"{context['message']}: {error}\n" if error else f"{context['message']}\n")
        else:
            self.end(error)

    def _sync_failed(self, error: OSError) -> None:
        failure = LogError(f"the log cannot be made durable: {error.strerror}; nothing more is sent")
        self._loop.call_soon_threadsafe(self.end, failure)


def run(name: str, config: Config) -> int:
    """Run the agent `name` until SIGTERM or SIGINT, and return the exit status of the process."""
    try:
        if name not in config.agents:
            raise ConfigError(f"agents.{name}: there is no such agent (allowed: {', '.join(config.agents)})")
        tuning.apply(name, config)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_live(name, config))
    except TickmeshError as error:
        return _complain(name, error.exit_status, str(error))
    except OSError as error:
        if error.errno in DISK_ERRORS:
            return _complain(name, ExitStatus.IO_ERROR, str(error))
        traceback.print_exc()
        return _complain(name, ExitStatus.SOFTWARE, f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001 - the runner: the one place that ends the process for any fault
        traceback.print_exc()
        return _complain(name, ExitStatus.SOFTWARE, f"{type(error).__name__}: {error}")
    return ExitStatus.OK


async def _live(name: str, config: Config) -> None:
    await Node(name, config, asyncio.get_running_loop()).live()


def _build(name: str, config: Config) -> tuple[Agent, Shell | None]:
    """Return the agent of that name, and its shell if its role has one."""
    role = config.agents[name].__struct_config__.tag
    module = importlib.import_module(f"agents.{role}")
    agent = module.build(name, config)
    shell = module.shell(name, config, agent) if hasattr(module, "shell") else None
    return agent, shell


def rss_bytes() -> int:
    """Return the resident memory of this process."""
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _complain(name: str, status: int, text: str) -> int:
    sys.stderr.write(f"tickmesh agent {name}: {text} (exit status {int(status)})\n")
    return int(status)
