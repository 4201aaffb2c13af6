"""A paper venue that plays a capture, and `tickmesh record` in front of it, each a process of its own; and what is in the
files, read with nothing but gzip and json."""

import gzip
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agents.paper.market.capture import Capture
from mesh.run import default_config
from tests.integration.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
WAIT_S_MAX = 60.0
LEAD_IN_MS = 1_500
CREDENTIALS = {"TICKMESH_PAPER_KEY": "paperkey-0001", "TICKMESH_PAPER_SECRET": "papersecret"}
FRAMES = re.compile(r" (\d+) frames, ")


class Recorder:
    """`tickmesh record`, running."""

    def __init__(
        self, config_file: Path, out: Path, *options: object, prepare: Callable[[], None] | None = None
    ) -> None:
        """Start it; what it says of itself is in a file, a line every 100 ms."""
        self.said = out.parent / f"{out.name}-{time.monotonic_ns()}.err"
        words = ("record", "-c", config_file, "--out", out, "--status-s", 0.1, *options)
        with self.said.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mesh", *map(str, words)],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=errors,
                preexec_fn=prepare,
            )

    @property
    def frames(self) -> int:
        """Return how many frames it has told of."""
        return sum(map(int, FRAMES.findall(self.said.read_text())[-1:]))

    def wait_for(self, count: int) -> None:
        """Wait until it has told of so many frames."""
        end_s = time.monotonic() + WAIT_S_MAX
        while self.frames < count:
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < end_s, self.said.read_text()[-500:]
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it at once."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """End it in order; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S_MAX)


class Desk:
    """The configuration of a venue that plays captures, and what it sends of them to who subscribes all that is ours."""

    def __init__(self, folder: Path, paths: Sequence[Path], speed: float) -> None:
        """Write the configuration."""
        texts = [str(path) for path in paths]
        found = default_config.describe(texts)
        tree = default_config.default_tree(folder / "state", free_ports(1)[0], captures=texts, speed=speed, found=found)
        paper = {**tree["agents"]["paper"], "lead_in_ms": LEAD_IN_MS}
        tree = {**tree, "agents": {"paper": paper}}
        tree["mesh"]["run_dir"] = str(folder / "run")
        self.config_file = folder / "desk.toml"
        self.config_file.write_text(default_config.toml_text(tree))
        self.out = folder / "out"
        capture = Capture.open(texts)
        ours = {stream.name for stream in capture.stream_table if stream.feed}
        self.frames = [event.frame for event in capture if event.stream in ours]

    @contextmanager
    def venue(self) -> Iterator[None]:
        """Run the paper venue; it begins to play when somebody connects."""
        process = subprocess.Popen(
            [sys.executable, "-m", "mesh", "agent", "paper", "-c", str(self.config_file)],
            env={**os.environ, **CREDENTIALS, "PYTHONPATH": str(ROOT)},
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WAIT_S_MAX)

    def recorder(self, *options: object, prepare: Callable[[], None] | None = None) -> Recorder:
        """Start a recorder."""
        return Recorder(self.config_file, self.out, *options, prepare=prepare)

    def done(self) -> list[Path]:
        """Return the files that are done, oldest first; there must be no others."""
        rest = [path.name for path in self.out.iterdir() if path.name != "lock" and not path.name.endswith(".gz")]
        assert rest == []
        return sorted(self.out.glob("*.jsonl.gz"))

    def by_connection(self) -> Iterator[tuple[list[bytes], list[bytes]]]:
        """Yield for each connection which of the venue's frames were recorded, and all that the venue sent there."""
        lines = [line for path in self.done() for line in lines_of(path)]
        sent = set(self.frames)
        received = [(line["conn"], line["data"].encode()) for line in lines if line["t"] == "recv"]
        for name in dict.fromkeys(name for name, frame in received if frame in sent):
            mine = [frame for connection, frame in received if connection == name and frame in sent]
            whose = set(mine)
            yield mine, [frame for frame in self.frames if frame in whose]


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file that is done."""
    with gzip.open(path, "rb") as file:
        return [json.loads(line) for line in file]


def files_end_at(size: int) -> Callable[[], None]:
    """Return what lets no file of a process grow beyond a size, as a full disk would not."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit
