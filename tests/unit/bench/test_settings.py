"""Where the bench finds what it compares with."""

from pathlib import Path

import pytest

from bench import settings
from bench.settings import NAUTILUS, nautilus_python, said


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "NAUTILUS_VENV", tmp_path)
    monkeypatch.delenv(NAUTILUS, raising=False)
    return tmp_path


def test_named_interpreter_goes_before_that_of_the_makefile(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (venv / "lib/python3.11/site-packages/nautilus_trader").mkdir(parents=True)
    assert nautilus_python() == str(venv / "bin" / "python")
    monkeypatch.setenv(NAUTILUS, "/opt/python")
    assert nautilus_python() == "/opt/python"


def test_environment_without_the_package_does_not_count(venv: Path) -> None:
    (venv / "bin").mkdir()
    (venv / "bin" / "python").touch()
    assert nautilus_python() == ""


def test_program_that_is_not_there_or_fails_says_nothing() -> None:
    assert said(["echo", "one"]) == "one"
    assert said(["false"]) == ""
    assert said(["no-such-program-here"]) == ""
