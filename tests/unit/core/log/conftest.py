"""The folder of a log, and a small log open in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.log import LogWriter
from tests.unit.core.log.log_files import SEGMENT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def log(folder: Path) -> Iterator[LogWriter]:
    log = LogWriter(str(folder), segment_bytes=SEGMENT)
    yield log
    log.close()
