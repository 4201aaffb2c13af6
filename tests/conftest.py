"""What every test may use: the folder of recorded market data, or a clear skip.

With CI=true, as `.ci/run` sets it, there is no such skip: a run without the recorded data is not green.

Property tests are not timed: how long an example takes to make says something about the machine, not about the code.

What a shell runs in the background ignores Ctrl-C, and so would each process that a test starts and interrupts.
"""

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Take what was imported and collected out of every later round of the garbage collector."""
    gc.collect()
    gc.freeze()


ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of recorded market data, or skip the test; with CI=true fail it."""
    folder = Path(os.environ.get("TICKMESH_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "MANIFEST.md").exists():
        missing = f"no recorded market data at {folder} (set TICKMESH_DATA)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return folder


@pytest.fixture(autouse=True)
def own_temporary_files() -> Iterator[None]:
    """Give the folder for temporary files back: an archive that runs in the test's own process takes one of its own."""
    before = tempfile.tempdir
    yield
    tempfile.tempdir = before
