"""Run a whole mesh on this machine from its start to its report.

Start: venue and archive first, market data last, so that nobody misses the first tick. End: a capture that is done, a
duration that is over, or a signal. Then the paper venue's market is halted, every order of ours is canceled, unless they
are to be left, and execution takes no more on; and the run waits, for a bounded time, until all is quiet: every link has
what its publisher published, nothing waits for the archive, no order's outcome is unknown, positions are what the paper
venue's account holds, and the figures stand still. Only then are the final statuses taken and the agents stopped, in
reverse, and the archive's rows counted in the archive itself. A second signal skips the waiting.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from mesh.operate.scope import everything
from mesh.operate.withdrawal import Withdrawal
from mesh.processes import processes, start_order
from mesh.report import run_record
from mesh.report.balances import opening_e8, paper_venues
from mesh.report.figures import Report, Ticks, build, figures_of, missing
from mesh.report.live_view import Picture, View
from mesh.report.throughput import Meter
from mesh.report.top_of_book import Tops
from mesh.report.verdict import unequal_positions
from mesh.roles import role_module, role_of
from mesh.run.anchors import keep_anchored
from mesh.run.supervisor import ProcessState, ProcessStatus, Supervisor
from mesh.transport.client import Client
from schemas.config import Config, ExecutionConfig, PaperConfig
from schemas.errors import AlreadyRunningError, TickmeshError
from schemas.figures import ArchiveFigures, MarketDataFigures, PaperFigures
from schemas.messages import AgentStatus, HaltRequest, Message
from schemas.orders import Reason

TICK_TABLES = ("trades", "book_deltas", "quotes", "marks")
LOOK_S = 1.0
LIVE = "live"
WITHDRAW_S_MAX = 10.0
SETTLE_S_MAX = 15.0
SETTLE_LOOK_S = 0.25
PROBE_S_MAX = 0.3

T = TypeVar("T")


class MeshRun:
    """One mesh, from start to report."""

    def __init__(
        self,
        config: Config,
        config_file: Path,
        view: View,
        *,
        duration_s: float | None = None,
        leave_orders: bool = False,
    ) -> None:
        """Prepare to run the agents of `config`, which `config_file` holds for them.

        Args:
            config: The mesh.
            config_file: What each agent's process reads.
            view: Where to show how it goes.
            duration_s: How long to run once all are ready; None is until a capture is done or a signal comes.
            leave_orders: Whether orders may rest at the venue when it has ended.
        """
        self._config = config
        self._config_file = config_file
        self._view = view
        self._duration_s = duration_s
        self._leave_orders = leave_orders
        self._left: list[str] = []
        """Orders that should have been gone before the end, and are not."""
        self._names = start_order(config)
        self._paper = [name for name in self._names if role_of(name, config) == "paper"]
        self._archives = [name for name in self._names if role_of(name, config) == "archive"]
        self._endless = not any(isinstance(t, PaperConfig) and t.captures for t in config.agents.values())
        self._client = Client(config)
        self._thread = ThreadPoolExecutor(1)
        self._ready = asyncio.Event()
        self._ending = asyncio.Event()
        self._hurried = False
        self._earlier = Ticks(0, 0, 0)
        self._earlier_asked: set[asyncio.Task[None]] = set()
        self._processes = processes(config)
        self._state_dir = Path(config.mesh.state_dir).absolute()
        self._began_ns = 0
        self._meter = Meter()
        self._opening: dict[str, dict[str, int]] = {}
        paper = paper_venues(config)
        tables = config.agents.items()
        self._unopened = {n for n, t in tables if isinstance(t, ExecutionConfig) and t.venue not in paper}
        """Execution agents of which the balances at the start are not known yet."""
        self._supervisor = Supervisor(
            list(self._processes),
            self._command,
            self._state_dir,
            stop_timeout_ms=config.mesh.stop_timeout_ms,
            changed=self._changed,
        )
        self._tops = Tops(config, self._client)
        self._ticks: tuple[float, int] = (0.0, 0)

    async def run(self) -> Report:
        """Start, watch, settle, stop, and return the report.

        Raises:
            AlreadyRunningError: If an agent of this mesh runs already.
            AgentFailedError: If an agent cannot be started; the others are stopped by then.
            TickmeshError: If a signal came before all agents were ready.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled)
        try:
            await self._check_free()
            running = asyncio.create_task(self._supervisor.run())
            anchors = asyncio.create_task(keep_anchored(self._config_file))
            try:
                return await self._run(running)
            finally:
                anchors.cancel()
                self._supervisor.stop()
                await asyncio.wait({running})
                run_record.remove(self._state_dir)
        finally:
            self._client.close()
            self._thread.shutdown()

    async def _run(self, running: "asyncio.Task[None]") -> Report:
        await _first(running, self._ready.wait())
        if not self._ready.is_set():
            running.result()
            raise TickmeshError("stopped by a signal before all agents were ready")
        self._began_ns = time.monotonic_ns()
        self._record()
        with self._view:
            await self._watch(running)
            self._view.note("ending: canceling orders, then waiting until every link and archive row is accounted for")
            before, after = await self._settle()
        elapsed_s = self._elapsed_s()
        self._meter.look(after, elapsed_s)
        await self._ask(self._tops.best)
        self._supervisor.stop()
        await running
        archived = await self._count_archived()
        tops, rates = self._tops.last_known(), self._meter.mean()
        return self._report(after, published=before, archived=archived, elapsed_s=elapsed_s, rates=rates, tops=tops)

    # While it runs

    async def _watch(self, running: "asyncio.Task[None]") -> None:
        """Show how it goes until the end is due."""
        while not (self._ending.is_set() or running.done() or self._failed()):
            statuses = await self._ask(self._client.statuses)
            elapsed_s = self._elapsed_s()
            self._view.show(await self._picture(statuses, elapsed_s))
            if self._is_over(statuses, elapsed_s):
                return
            left_s = LOOK_S if self._duration_s is None else min(LOOK_S, self._duration_s - elapsed_s)
            await _first(running, self._ending.wait(), timeout_s=max(left_s, 0.01))

    def _is_over(self, statuses: Mapping[str, AgentStatus], elapsed_s: float) -> bool:
        if self._duration_s is not None and elapsed_s >= self._duration_s:
            return True
        played = {name for name, status in statuses.items() if _is_played(status)}
        return not self._endless and played.issuperset(self._paper)

    async def _picture(self, statuses: dict[str, AgentStatus], elapsed_s: float) -> Picture:
        self._meter.look(statuses, elapsed_s)
        if self._unopened:
            self._opening = await self._ask(partial(opening_e8, self._config))
            self._unopened -= self._opening.keys()
        tops = await self._ask(self._tops.best)
        found = self._report(statuses, elapsed_s=elapsed_s, rates=self._meter.now, tops=tops)
        before_s, before = self._ticks
        rate = (found.ticks.published - before) / (elapsed_s - before_s) if elapsed_s > before_s else 0.0
        self._ticks = elapsed_s, found.ticks.published
        return Picture(self._title(), found, statuses, max(rate, 0.0))

    def _elapsed_s(self) -> float:
        return (time.monotonic_ns() - self._began_ns) / 1e9

    def _title(self) -> str:
        captures = [path for t in self._config.agents.values() if isinstance(t, PaperConfig) for path in t.captures]
        if captures:
            return ", ".join(Path(path).name for path in captures)
        return "order-flow model" if self._paper else str(self._config_file)

    # The end

    async def _settle(self) -> tuple[dict[str, AgentStatus], dict[str, AgentStatus]]:
        """Halt the market, cancel, and wait until all is quiet; return the last two rounds of statuses."""
        halt: dict[str, Message] = dict.fromkeys(self._paper, HaltRequest(True, "the run ends"))
        await self._ask(lambda: self._client.ask(halt))
        if not self._leave_orders:
            await self._ask(self._withdraw)
        deadline_s = time.monotonic() + SETTLE_S_MAX
        before = await self._ask(self._client.statuses)
        while True:
            await asyncio.sleep(SETTLE_LOOK_S)
            after = await self._ask(self._client.statuses)
            in_vain = self._hurried or self._failed() or time.monotonic() >= deadline_s
            if in_vain or is_quiet(self._config, before, after):
                return before, after
            before = after

    def _withdraw(self) -> None:
        """Have all orders canceled, and wait until the venues have confirmed it."""
        found = Withdrawal(self._client, everything(self._config), reason=Reason.CANCELED_AT_STOP, own_only=True)
        found.cancel()
        found.find_tellers()
        found.watch(time.monotonic() + WITHDRAW_S_MAX, go_on=lambda: not (self._hurried or self._failed()))
        self._left = [order_id for each in found.accounts for order_id in found.still_open(each)]

    async def _count_archived(self) -> int | None:
        """Return the ticks in the archives, None if there is no archive."""
        if not self._archives:
            return None
        total = 0
        for name in self._archives:
            count: Callable[[str, Config], dict[str, int]] = role_module("archive").count_ticks
            rows = await self._ask(partial(count, name, self._config))
            total += sum(rows.get(table, 0) for table in TICK_TABLES)
        return total

    # Agents

    def _command(self, name: str) -> Sequence[str]:
        return (sys.executable, "-m", "mesh", "agent", name, "-c", str(self._config_file))

    def _changed(self, status: ProcessStatus) -> None:
        if status.state is ProcessState.READY and not status.restarts:
            for name in self._processes[status.name]:
                task = asyncio.create_task(self._note_earlier(name))
                self._earlier_asked.add(task)
                task.add_done_callback(self._earlier_asked.discard)
        if status.state is ProcessState.STARTING:
            self._record()
        if all(each.state is ProcessState.READY for each in self._supervisor.statuses()):
            self._ready.set()
        if status.state is ProcessState.READY:
            self._view.note(f"agent {status.name} is ready")
        elif status.state in (ProcessState.BACKOFF, ProcessState.FAILED) and self._ready.is_set():
            self._view.note(f"agent {status.name} {_ending(status)}")

    async def _note_earlier(self, name: str) -> None:
        """Note the ticks of earlier runs: archives start before any publisher, and market data counts them apart."""
        role = role_of(name, self._config)
        if role not in ("archive", "market_data"):
            return
        statuses = await self._ask(partial(self._client.statuses, [name]))
        if name not in statuses:
            return
        figures, noted = statuses[name].figures, self._earlier
        if isinstance(figures, ArchiveFigures):
            self._earlier = replace(noted, archived=noted.archived + figures.archived_ticks)
        elif isinstance(figures, MarketDataFigures):
            self._earlier = replace(noted, published=noted.published + figures.published_before)
        self._record()

    def _record(self) -> None:
        """Keep for `status` what it cannot ask the agents."""
        run_record.write(self._state_dir, self._restarts(), self._earlier, self._began_ns)

    async def _check_free(self) -> None:
        if not self._state_dir.joinpath(self._names[0]).exists():
            return
        found = await self._ask(lambda: self._client.statuses(timeout_s=PROBE_S_MAX))
        if found:
            raise AlreadyRunningError(f"agent {next(iter(found))} is already running: it answers; stop that mesh first")

    def _report(self, statuses: dict[str, AgentStatus], **found: Any) -> Report:
        return build(
            self._config,
            statuses,
            restarts=self._restarts(),
            earlier=self._earlier,
            opening=self._opening,
            left=self._left,
            **found,
        )

    def _failed(self) -> list[ProcessStatus]:
        return [status for status in self._supervisor.statuses() if status.state is ProcessState.FAILED]

    def _restarts(self) -> dict[str, int]:
        restarts = {status.name: status.restarts for status in self._supervisor.statuses()}
        return {name: restarts[process] for process, names in self._processes.items() for name in names}

    def _signalled(self) -> None:
        self._hurried = self._ending.is_set()
        self._ending.set()
        if not self._ready.is_set():
            self._supervisor.stop()

    async def _ask(self, question: Callable[[], T]) -> T:
        """Run what blocks in the one thread that owns the client's sockets."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)


def is_quiet(config: Config, before: Mapping[str, AgentStatus], after: Mapping[str, AgentStatus]) -> bool:
    """Return whether all agents are live, all that was under way in `before` is done in `after`, and nothing began."""
    if not all(name in before and name in after and after[name].state == LIVE for name in config.agents):
        return False
    behind = (missing(link, before.get(link.publisher)) for s in after.values() for link in s.links)
    if any(behind):
        return False
    if any(each.pending for each in figures_of(after, ArchiveFigures)):
        return False
    first, second = build(config, before), build(config, after)
    if second.orders.unknown or (first.signals, first.decisions, first.orders) != (
        second.signals,
        second.decisions,
        second.orders,
    ):
        return False
    if unequal_positions(config, second):
        return False
    halted = any(status.role == "paper" for status in after.values())
    return not halted or _moved(before) == _moved(after)


def _is_played(status: AgentStatus) -> bool:
    return isinstance(status.figures, PaperFigures) and status.figures.done


def _moved(statuses: Mapping[str, AgentStatus]) -> tuple[int, int]:
    """Return the ticks that the venues sent and that market data received."""
    sent = sum(each.sent for each in figures_of(statuses, PaperFigures))
    received = sum(each.ticks.received for each in figures_of(statuses, MarketDataFigures))
    return sent, received


def _ending(status: ProcessStatus) -> str:
    """Return how an agent's process ended, with what it said last."""
    number = status.status or 0
    how = f"ended with status {number}" if number >= 0 else f"was ended by signal {-number}"
    last = status.tail.rpartition("\n")[2]
    return f"{how}: {last}" if last else how


async def _first(task: "asyncio.Task[None]", other: Any, timeout_s: float | None = None) -> None:
    """Wait until `task` or `other` is done, or the time is over; `other` is canceled then."""
    waiting = asyncio.ensure_future(other)
    await asyncio.wait({task, waiting}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def run(
    config: Config, config_file: Path, view: View, *, duration_s: float | None = None, leave_orders: bool = False
) -> Report:
    """Run the mesh and return its report; raises what `MeshRun.run` raises."""

    async def main() -> Report:
        return await MeshRun(config, config_file, view, duration_s=duration_s, leave_orders=leave_orders).run()

    return asyncio.run(main())
