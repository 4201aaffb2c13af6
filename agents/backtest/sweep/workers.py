"""Processes of this machine that play variants, one at a time each.

A process that dies costs the variant that it played: another process plays that again, at most `TRIES` times in all. It is
told, because what kills a process once (no memory left) is worth knowing of.
"""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol

import msgspec

from agents.backtest.sweep.variant import Job, Task, VariantOutcome, play_variant

TRIES = 3

Lost = Callable[[Task, str], None]
"""Is told of a variant whose process died, and what becomes of it."""


class Workers(Protocol):
    """What plays variants."""

    def play(self, job: Job, tasks: Sequence[Task], lost: Lost) -> Iterator[tuple[str, VariantOutcome]]:
        """Yield the key of each task and what comes of it, in any order."""
        ...


def given_up(task: Task) -> VariantOutcome:
    """Return the outcome of a variant whose processes died too often; it has no key, for it says nothing for good."""
    return VariantOutcome("", task.values, refused=f"its process died {TRIES} times")


class _Worker(msgspec.Struct, eq=False):
    process: BaseProcess
    pipe: Connection
    task: Task | None = None


class LocalWorkers:
    """As many processes as `count` says."""

    def __init__(self, count: int) -> None:
        """Take their number."""
        assert count > 0, "somebody has to play"
        self._count = count
        # A fresh interpreter: what this process has open and running is not theirs.
        self._context = multiprocessing.get_context("spawn")

    def play(self, job: Job, tasks: Sequence[Task], lost: Lost) -> Iterator[tuple[str, VariantOutcome]]:
        """Yield the key of each task and what comes of it, in any order; ends the processes when it is done or closed."""
        left, tries = deque(tasks), dict.fromkeys((task.number for task in tasks), 0)
        workers = [self._start(job) for _ in range(min(self._count, len(tasks)))]
        try:
            for worker in workers:
                self._next(worker, left)
            while any(worker.task for worker in workers):
                for worker in self._ready(workers):
                    task = worker.task
                    assert task is not None, "only who plays is waited for"
                    outcome = _received(worker)
                    if outcome is None:
                        workers.remove(worker)
                        worker.process.join()
                        tries[task.number] += 1
                        again = tries[task.number] < TRIES
                        how = f"its process ended with {worker.process.exitcode}"
                        lost(task, f"{how}; {'it is played again' if again else f'given up after {TRIES} times'}")
                        if again:
                            left.appendleft(task)
                        else:
                            yield task.key, given_up(task)
                        worker = self._start(job)
                        workers.append(worker)
                    else:
                        yield task.key, outcome
                    self._next(worker, left)
        finally:
            for worker in workers:
                worker.pipe.close()
                worker.process.terminate()
                worker.process.join()

    def _start(self, job: Job) -> _Worker:
        own, theirs = self._context.Pipe()
        process = self._context.Process(target=_main, args=(job, theirs), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, own)

    def _next(self, worker: _Worker, left: "deque[Task]") -> None:
        worker.task = left.popleft() if left else None
        if worker.task is not None:
            try:
                worker.pipe.send(worker.task)
            except BrokenPipeError:
                # It died before it had anything to play: that is seen when it is waited for.
                return

    def _ready(self, workers: Sequence[_Worker]) -> list[_Worker]:
        busy = {worker.pipe: worker for worker in workers if worker.task is not None}
        return [busy[pipe] for pipe in wait(list(busy)) if isinstance(pipe, Connection)]


def _received(worker: _Worker) -> VariantOutcome | None:
    """Return what a worker has sent; None if it died."""
    try:
        found = worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        return None
    assert isinstance(found, VariantOutcome)
    return found


def _main(job: Job, pipe: Connection) -> None:
    """Play what comes until nobody is at the other end. Ctrl-C is for whoever waits for the outcomes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        pipe.send(play_variant(job, task))
