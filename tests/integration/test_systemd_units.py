"""The units, as systemd itself reads them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mesh.run.supervisor import FINAL

UNITS = Path(__file__).resolve().parent.parent.parent / "systemd"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the units, whose command is one that exists here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    folder = tmp_path_factory.mktemp("units")
    for unit in (
        "tickmesh@.service",
        "tickmesh-record.service",
        "tickmesh-anchor.service",
        "tickmesh-anchor.timer",
        "tickmesh.target",
        "tickmesh.slice",
    ):
        text = (UNITS / unit).read_text()
        readme = UNITS.parent / "README.md"
        text = text.replace("/opt/tickmesh/.venv/bin/tickmesh", "/bin/true")
        (folder / unit).write_text(text.replace("/opt/tickmesh/README.md", str(readme)))
    return folder


def test_systemd_finds_nothing_to_complain_of(installed: Path) -> None:
    shutil.copy(installed / "tickmesh@.service", installed / "tickmesh@md.service")
    units = [str(installed / u) for u in ("tickmesh@md.service", "tickmesh.target", "tickmesh.slice")]
    run = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, timeout=60)
    ours = [line for line in run.stderr.splitlines() if "tickmesh" in line]
    assert (run.returncode, ours) == (0, [])


def test_systemd_finds_nothing_to_complain_of_in_a_tuned_unit(installed: Path) -> None:
    unit = shutil.copy(installed / "tickmesh@.service", installed / "tickmesh@signal.service")
    drop_ins = installed / "tickmesh@signal.service.d"
    drop_ins.mkdir()
    shutil.copy(UNITS / "tuning.conf", drop_ins)
    command = ["systemd-analyze", "verify", "--man=no", unit, str(installed / "tickmesh.slice")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    ours = [line for line in run.stderr.splitlines() if "tickmesh" in line or "tuning.conf" in line]
    assert (run.returncode, ours) == (0, [])


def test_systemd_finds_nothing_to_complain_of_in_the_recorders_unit(installed: Path) -> None:
    command = ["systemd-analyze", "verify", "--man=no", str(installed / "tickmesh-record.service")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    ours = [line for line in run.stderr.splitlines() if "tickmesh" in line]
    assert (run.returncode, ours) == (0, [])


def test_systemd_finds_nothing_to_complain_of_in_the_units_of_anchors(installed: Path) -> None:
    units = [str(installed / unit) for unit in ("tickmesh-anchor.service", "tickmesh-anchor.timer")]
    run = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, timeout=60)
    ours = [line for line in run.stderr.splitlines() if "tickmesh" in line]
    assert (run.returncode, ours) == (0, [])


def test_systemd_finds_nothing_to_complain_of_in_the_reapers_unit(installed: Path) -> None:
    unit = shutil.copy(installed / "tickmesh@.service", installed / "tickmesh@reaper.service")
    shutil.copy(installed / "tickmesh@.service", installed / "tickmesh@execution.service")
    drop_ins = installed / "tickmesh@reaper.service.d"
    drop_ins.mkdir()
    shutil.copy(UNITS / "reaper.conf", drop_ins)
    command = ["systemd-analyze", "verify", "--man=no", unit, str(installed / "tickmesh.slice")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    ours = [line for line in run.stderr.splitlines() if "tickmesh" in line or "reaper.conf" in line]
    assert (run.returncode, ours) == (0, [])


def test_the_sandbox_scores_ok(installed: Path) -> None:
    run = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(installed / "tickmesh@.service")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = re.search(r"Overall exposure level for .*: ([0-9.]+)", run.stdout)
    assert found is not None, run.stdout + run.stderr
    assert float(found.group(1)) <= 2.0


def test_what_a_restart_cannot_mend_is_not_restarted() -> None:
    text = (UNITS / "tickmesh@.service").read_text()
    prevented = re.search(r"^RestartPreventExitStatus=(.*)$", text, re.MULTILINE)
    assert prevented is not None
    assert {int(s) for s in prevented.group(1).split()} == FINAL == {66, 71, 73, 77, 78}
