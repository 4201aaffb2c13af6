"""What every test may use: the folder of recorded market data, or a clear skip."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of recorded market data, or skip the test."""
    folder = Path(os.environ.get("TICKMESH_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "MANIFEST.md").exists():
        pytest.skip(f"no recorded market data at {folder} (set TICKMESH_DATA)")
    return folder


@pytest.fixture(autouse=True)
def own_temporary_files() -> Iterator[None]:
    """Give the folder for temporary files back: an archive that runs in the test's own process takes one of its own."""
    before = tempfile.tempdir
    yield
    tempfile.tempdir = before
