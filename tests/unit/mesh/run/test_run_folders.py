"""The folders of runs without a configuration."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesh.run import run_folders


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_runs_of_one_second_get_folders_of_their_own(state_home: Path) -> None:
    now = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
    folders = [run_folders.new_run_dir(now) for _ in range(2)]
    base = state_home / "tickmesh/runs"
    assert folders == [base / "20260131T120000Z", base / "20260131T120000Z-2"]


def test_newest_run_is_remembered_while_its_configuration_is_there(tmp_path: Path) -> None:
    assert run_folders.current() is None
    file = tmp_path / "a b.toml"
    file.write_text("")
    run_folders.set_current(file)
    assert run_folders.current() == file
    file.unlink()
    assert run_folders.current() is None
