"""The commands that read what was: what they print, and with which exit status they end."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from core.log.moved import move
from mesh.cli.commands import cli
from schemas.errors import ExitStatus
from tests.unit.core.log.damaged_log import put
from tests.unit.mesh.history.written_log import seconds, write


def journal(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["journal", *(str(argument) for argument in arguments)])


def test_journal_reads_a_folder_that_is_all_that_is_left(tmp_path: Path) -> None:
    write(tmp_path / "folio/log", seconds(10))
    found = journal("folio", "--state-dir", tmp_path, "--from", "2026-01-31T12:00:03", "--to", "2026-01-31T12:00:05")
    assert found.exit_code == ExitStatus.OK
    assert [line.split()[1] for line in found.stdout.splitlines()] == ["12:00:03.000000", "12:00:04.000000"]


def test_journal_as_json(tmp_path: Path) -> None:
    write(tmp_path / "folio/log", seconds(3))
    found = journal("folio", "--state-dir", tmp_path, "--json", "--stream", "EQUITY")
    assert [json.loads(line)["seq"] for line in found.stdout.splitlines()] == [2]


def test_journal_of_a_damaged_log_prints_what_it_can_and_ends_with_78(tmp_path: Path) -> None:
    write(tmp_path / "folio/log", seconds(100))
    put(tmp_path / "folio/log" / f"{0:020d}.log", 64 + 8 + 70, b"\xff\xff")
    found = journal("folio", "--state-dir", tmp_path)
    assert found.exit_code == ExitStatus.CONFIG
    assert "damaged at byte 64" in found.stderr
    assert "1/100" in found.stdout


def test_journal_reads_what_was_moved_where_it_lies_and_where_it_was_brought_to(tmp_path: Path) -> None:
    log = tmp_path / "folio/log"
    write(log, seconds(200))
    before = journal("folio", "--state-dir", tmp_path)
    paths = sorted(log.glob("*.log"))
    assert len(paths) > 2
    for path in paths[:-1]:
        move(path, tmp_path / "cold/folio/log")
    assert journal("folio", "--state-dir", tmp_path).stdout == before.stdout
    (tmp_path / "cold").rename(tmp_path / "brought")
    away = journal("folio", "--state-dir", tmp_path)
    assert away.exit_code == ExitStatus.NO_INPUT
    assert away.stderr.count("which is not there (--moved DIR)") == len(paths) - 1
    assert before.stdout.endswith(away.stdout)
    assert away.stdout != before.stdout
    late = journal("folio", "--state-dir", tmp_path, "--from", "2026-01-31T12:03:19")
    assert (late.exit_code, late.stderr) == (ExitStatus.OK, "")
    found = journal("folio", "--state-dir", tmp_path, "--moved", tmp_path / "brought")
    assert (found.exit_code, found.stdout) == (ExitStatus.OK, before.stdout)


def test_journal_goes_on_behind_a_moved_segment_that_is_missing_in_the_middle(tmp_path: Path) -> None:
    log = tmp_path / "folio/log"
    write(log, seconds(200))
    before = journal("folio", "--state-dir", tmp_path).stdout.splitlines()
    path = sorted(log.glob("*.log"))[1]
    move(path, tmp_path / "cold/folio/log")
    (tmp_path / "cold/folio/log" / path.name).unlink()
    found = journal("folio", "--state-dir", tmp_path)
    assert found.exit_code == ExitStatus.CONFIG
    assert "the segment that follows is missing" in found.stderr
    shown = found.stdout.splitlines()
    assert (shown[0], shown[-1]) == (before[0], before[-1])
    assert len(shown) < len(before)


def test_journal_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    assert journal("folio", "--state-dir", tmp_path).exit_code == ExitStatus.NO_INPUT
    write(tmp_path / "folio/log", seconds(1))
    assert journal("folio", "--state-dir", tmp_path, "--from", "noon").exit_code == ExitStatus.USAGE
    assert journal("folio", "--state-dir", tmp_path, "--stream", "BOCK").exit_code == ExitStatus.FAILED
