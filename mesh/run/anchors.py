"""Anchors of a running mesh: `tickmesh anchor` now and then, in a process of its own that nothing waits for."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

from mesh.run.supervisor import die_with_parent

PERIOD_S = 60.0
"""`systemd/tickmesh-anchor.timer` has the same."""
GROWN_MB = 16
"""A start folds about so much of each log at most: some hundred thousand records."""
NICE = 15


async def keep_anchored(config_file: Path, period_s: float = PERIOD_S, grown_mb: int = GROWN_MB) -> None:
    """Have anchors made of what has grown, every so often, until this is canceled."""
    command = (sys.executable, "-m", "mesh", "anchor", "-c", str(config_file), "--grown-mb", str(grown_mb), "--quiet")
    while True:
        await asyncio.sleep(period_s)
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            preexec_fn=_prepare(os.getpid()),
            start_new_session=True,
        )
        try:
            await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise


def _prepare(parent: int) -> Callable[[], None]:
    """Return what the child does first: trading comes before it, and it ends with its parent."""
    end_with_parent = die_with_parent(parent)

    def prepare() -> None:
        os.nice(NICE)
        end_with_parent()

    return prepare
