"""What `up` keeps for `status`: whole or not there, and only of a run that goes on."""

import os
from pathlib import Path

import msgspec
import pytest

from mesh.report import run_record
from mesh.report.figures import Ticks
from mesh.report.run_record import RunRecord


def test_record_of_a_run_that_goes_on_is_read_back(tmp_path: Path) -> None:
    run_record.write(tmp_path / "state", {"md": 2}, Ticks(0, 10, 5), 7)
    found = run_record.read(tmp_path / "state")
    assert found is not None
    assert (found.pid, found.restarts, found.earlier, found.began_ns) == (os.getpid(), {"md": 2}, Ticks(0, 10, 5), 7)
    assert os.listdir(tmp_path / "state") == ["run.json"]
    run_record.remove(tmp_path / "state")
    assert run_record.read(tmp_path / "state") is None


@pytest.mark.parametrize("changes", [{"pid": 2**22 + 1}, {"started": 1}])
def test_record_that_a_killed_run_left_says_nothing(tmp_path: Path, changes: dict[str, int]) -> None:
    run_record.write(tmp_path, {"md": 2}, Ticks(0, 0, 0), 0)
    kept = msgspec.json.decode((tmp_path / "run.json").read_bytes(), type=RunRecord)
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(kept, **changes)))
    assert run_record.read(tmp_path) is None


@pytest.mark.parametrize("text", [b"", b"{}", b"[1"])
def test_what_is_no_record_says_nothing(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "run.json").write_bytes(text)
    assert run_record.read(tmp_path) is None
