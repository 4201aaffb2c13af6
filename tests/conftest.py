"""What every test may use: the folder of recorded market data, or a clear skip.

With CI=true, as `.ci/run` sets it, there is no such skip: a run without the recorded data is not green.

Where pytest-xdist shares the tests out, those with live processes stay together, one after the other: each wants the
machine.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


LIVE = (ROOT / "tests" / "integration", ROOT / "tests" / "chaos")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests with live processes in one worker."""
    for item in items:
        if any(folder in item.path.parents for folder in LIVE):
            item.add_marker(pytest.mark.xdist_group("live"))


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
