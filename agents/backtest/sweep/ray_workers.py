"""The cores of a Ray cluster that play variants.

Each machine needs the same version of Tickmesh with the extra `sweep` (`pip install 'tickmesh[sweep]'`), and the strategies
where the configuration says they are. Ray brings the market data to each node once, into the memory that its processes
share (its object store); the first variant there writes it to files in that node's `/dev/shm`, and every other variant on
the node maps those. They are taken away when the sweep ends.

A node or process that dies costs the variants that were played there: they are played elsewhere, at most `TRIES` times.
"""

import contextlib
import fcntl
import shutil
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import ray
from ray.exceptions import NodeDiedError, RayError, RayTaskError, WorkerCrashedError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from agents.backtest.sweep.market import SharedMarket
from agents.backtest.sweep.variant import Job, Task, VariantOutcome, play_variant
from agents.backtest.sweep.workers import TRIES, Lost, given_up
from schemas.errors import ConfigError, UnavailableError

SHARED = "/dev/shm"
PREFIX = "tickmesh-sweep-"
CLEAR_S = 30
AHEAD = 2
"""So many variants for each core are handed to Ray at once."""

Files = list[tuple[str, bytes]]
"""The files of the market data's logs, by their path in the folder of the market."""


class RayWorkers:
    """The cluster at an address."""

    def __init__(self, address: str) -> None:
        """Join the cluster.

        Raises:
            UnavailableError: If there is none.
        """
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, RayError) as error:
            raise UnavailableError(f"--ray {address}: no cluster answers: {error}") from error

    def play(self, job: Job, tasks: Sequence[Task], lost: Lost) -> Iterator[tuple[str, VariantOutcome]]:
        """Yield the key of each task and what comes of it, in any order; leaves the cluster when it is done or closed."""
        if job.keep:
            raise ConfigError(
                "--keep: the logs of a variant stay on the machine that plays it; leave out one of it and --ray"
            )
        name = f"{PREFIX}{ray.get_runtime_context().get_job_id()}-{job.market.made_of[:16]}"
        # What Ray prints of nodes that die is no part of a result.
        with contextlib.redirect_stdout(sys.stderr):
            try:
                yield from self._played(job, name, tasks, lost)
            finally:
                _clear(name)
                ray.shutdown()

    def _played(self, job: Job, name: str, tasks: Sequence[Task], lost: Lost) -> Iterator[tuple[str, VariantOutcome]]:
        # By reference, so that a node fetches it once and its processes share it.
        files, kept = ray.put(_files_of(job.market)), ray.put(job)
        remote = ray.remote(num_cpus=1, max_retries=0)(_play)
        left, tries = deque(tasks), dict.fromkeys((task.number for task in tasks), 0)
        running: dict[Any, Task] = {}
        while left or running:
            cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
            while left and len(running) < cores * AHEAD:
                task = left.popleft()
                running[remote.remote(kept, [files], name, version("tickmesh"), task)] = task
            (done, *_), _ = ray.wait(list(running), num_returns=1)
            task = running.pop(done)
            try:
                yield task.key, ray.get(done)
            except RayTaskError:
                # The task itself raised, and would again.
                raise
            except RayError as error:
                tries[task.number] += 1
                again = tries[task.number] < TRIES
                lost(task, f"{_why(error)}; {'it is played again' if again else f'given up after {TRIES} times'}")
                if again:
                    left.appendleft(task)
                else:
                    yield task.key, given_up(task)


def _why(error: RayError) -> str:
    if isinstance(error, NodeDiedError):
        return "its node died"
    return "its process died" if isinstance(error, WorkerCrashedError) else type(error).__name__


def _files_of(market: SharedMarket) -> Files:
    """Return the files of all logs."""
    found = []
    for agent, log in market.logs.items():
        root = Path(log)
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            found.append((f"{agent}/{path.relative_to(root)}", path.read_bytes()))
    return found


def _play(job: Job, files: Sequence[Any], name: str, tickmesh: str, task: Task) -> VariantOutcome:
    """Play a variant on this node."""
    if version("tickmesh") != tickmesh:
        raise ConfigError(f"a node of the cluster has Tickmesh {version('tickmesh')}, and the sweep is of {tickmesh}")
    folder = _folder(name, ray.get_runtime_context().get_node_id())
    _provide(folder, files[0])
    logs = {agent: str(folder / "market" / agent) for agent in job.market.logs}
    market = msgspec.structs.replace(job.market, logs=logs)
    return play_variant(msgspec.structs.replace(job, market=market, work=str(folder / "work")), task)


def _provide(folder: Path, files: Any) -> None:
    """Have the market data in files of this node, written by whoever comes first."""
    ready = folder / "ready"
    if ready.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ready.exists():
            return
        for name, content in ray.get(files):
            path = folder / "market" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        ready.touch()


def _clear(name: str) -> None:
    """Take the files away from every node that is alive, and from this machine those of all."""
    remove = ray.remote(num_cpus=0, max_retries=0)(_remove)
    folders = [str(_folder(name, node["NodeID"])) for node in ray.nodes()]
    asked = []
    for node in ray.nodes():
        if node["Alive"]:
            here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            asked.append(remove.options(scheduling_strategy=here).remote(folders))
    ray.wait(asked, num_returns=len(asked), timeout=CLEAR_S)
    _remove(folders)


def _remove(folders: Sequence[str]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(name: str, node: str) -> Path:
    """Return where a node has the market data: of its own, for nodes of one cluster may be of one machine."""
    return Path(SHARED, f"{name}-{node}")
