"""A backtest from its configuration to its result.

OUT/logs/AGENT/log    what each agent published, market data first: logs as of any run
OUT/result.json       what came of it (`agents.backtest.facts`), and what else `agents.backtest.result` writes
"""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec

from agents.backtest.desk import BacktestDesk
from agents.backtest.facts import DataFacts, Facts, facts_of
from agents.backtest.market_data import make_logs
from agents.backtest.result import FILE, write
from core.frame import HEADER_SIZE, unpack
from core.log import LogReader
from mesh.protocol.codec import decode
from mesh.sim.recording import LogRecording
from schemas.config import Config
from schemas.errors import ConfigError, TickmeshError

LOGS = "logs"
PARTS = 200
"""In so many steps of recorded time it is played; progress is told after each."""
FRAME_BYTES_MAX = 1 << 26
SAMPLE = 20_000
"""Of so many messages it is seen how far clocks differ."""

Progress = Callable[[str, int, int, int], None]
"""Is told what is done, how much of how much, and how many messages were handed out so far."""


def run(config: Config, captures: Sequence[str], out: Path, *, seed: int | None = None, told: Progress) -> Facts:
    """Backtest `config` on captures; leave logs and result in the folder `out`, which must not hold another.

    Raises:
        CaptureError: If a capture cannot be read.
        ConfigError: If the configuration does not fit the captures or a backtest, or `out` is not empty.
    """
    if out.exists() and any((out / name).exists() for name in (LOGS, FILE)):
        raise ConfigError(f"{out}: holds a backtest already (allowed: an empty folder, or a new one)")
    try:
        names = make_logs(config, captures, out / LOGS, lambda done, whole: told("market data", done, whole, 0))
        return play(config, names, out, _data_of(captures), seed=seed, told=told)
    except TickmeshError:
        # What could not be played is no backtest: the next one may have the folder.
        shutil.rmtree(out / LOGS, ignore_errors=True)
        raise


def play(
    config: Config, names: Sequence[str], out: Path, data: DataFacts, *, seed: int | None = None, told: Progress
) -> Facts:
    """Backtest `config` on the logs of the market data agents `names`, which lie in `out`; write and return the result.

    Raises:
        ConfigError: If the configuration does not fit a backtest.
    """
    logs = out / LOGS
    seed = config.backtest.seed if seed is None else seed
    paths = {name: str(logs / name / "log") for name in names}
    clocks = {name: clock_ahead_ns(path) for name, path in paths.items()}
    recordings = {name: [LogRecording(path)] for name, path in paths.items()}
    last_ns = max(_last_ns(path) for path in paths.values())
    desk = BacktestDesk(config, recordings, logs, seed=seed, clocks_ns=clocks)
    first_ns = desk.replay.wall_ns
    step_ns = max(1, (last_ns - first_ns) // PARTS)
    while desk.replay.play(desk.replay.now_ns + step_ns):
        told("backtest", desk.replay.wall_ns - first_ns, max(1, last_ns - first_ns), desk.replay.messages)
    desk.settle()
    data = msgspec.structs.replace(
        data, first_ns=first_ns, last_ns=last_ns, messages=desk.replay.messages, clock_ahead_ns=clocks
    )
    facts = facts_of(desk, tickmesh=version("tickmesh"), seed=seed, config_sha256=config_sha256(config), data=data)
    desk.replay.end()
    write(out, config, facts)
    return facts


def config_sha256(config: Config) -> str:
    """Return the hash of a configuration, but for where it keeps its files."""
    mesh = msgspec.structs.replace(config.mesh, state_dir="", run_dir="", strategy_dir="")
    tree = msgspec.to_builtins(msgspec.structs.replace(config, mesh=mesh))
    return hashlib.sha256(msgspec.json.encode(tree, order="deterministic")).hexdigest()


def clock_ahead_ns(log: str) -> int:
    """Return what a venue's clock showed more than the one that its messages were received by, 0 if it did not.

    It is told by the message that was received soonest: none is received before it was sent.
    """
    recording = LogRecording(log)
    ahead_ns, left = 0, SAMPLE
    while left and recording.step():
        event_ns = getattr(recording.message, "ts_event_ns", 0)
        if event_ns:
            ahead_ns = max(ahead_ns, event_ns - recording.wall_ns)
            left -= 1
    return ahead_ns


def _last_ns(log: str) -> int:
    """Return when the last message of a log was received."""
    found, last_ns = LogReader(log), 0
    for stream, (epoch, seq) in found.streams().items():
        for frame in found.read(stream, epoch, seq - 1, count_max=1, bytes_max=FRAME_BYTES_MAX):
            message = decode(unpack(frame).type, frame[HEADER_SIZE:])
            last_ns = max(last_ns, getattr(message, "ts_recv_ns", 0))
    found.close()
    return last_ns


def _data_of(captures: Sequence[str]) -> DataFacts:
    sources = []
    whole = hashlib.sha256()
    for each in captures:
        path = Path(each.partition("=")[2] if "=" in each and not Path(each).exists() else each)
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        sources.append({"name": path.name, "sha256": found})
        whole.update(bytes.fromhex(found))
    return DataFacts(sources=sources, sha256=whole.hexdigest())
