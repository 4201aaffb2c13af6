"""What commands tell of segments that were moved."""

from pathlib import Path

import pytest

from core.log.moved import move
from mesh.cli.moved import tell_absent
from tests.unit.mesh.history.written_log import seconds, write


def test_what_is_nowhere_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "state/folio/log"
    write(log, seconds(100))
    path = min(log.glob("*.log"))
    move(path, tmp_path / "cold/folio/log")
    assert not tell_absent([log])
    (tmp_path / "cold").rename(tmp_path / "gone")
    assert tell_absent([log])
    assert capsys.readouterr().err.startswith(f"tickmesh: {path}: moved to {tmp_path}/cold/folio/log/")
