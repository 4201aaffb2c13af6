"""Doctor's checks of what Tickmesh itself needs: folders, disk, ports, versions, the interpreter."""

import platform
import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core import layouts
from core.log.moved import move
from mesh.doctor import install as install_checks
from mesh.doctor.findings import Host, Status
from schemas.config import Config, MeshConfig, PaperConfig
from tests.unit.mesh.doctor.hosts import agents, is_finding, write

ROOT = Path(__file__).resolve().parents[4]


def config_in(folder: Path, **mesh: Any) -> Config:
    return Config(mesh=MeshConfig(state_dir=str(folder), **mesh), venues=(), instruments=(), agents=dict(agents()))


@pytest.mark.parametrize(
    ("folder", "kind", "status"),
    [
        ("/var/lib/tickmesh", "xfs", Status.OK),
        ("/home/x", "ext4", Status.OK),
        ("/dev/shm/x", "tmpfs", Status.WARN),
        ("/mnt/my disk/x", "nfs4", Status.WARN),
    ],
)
def test_filesystem_is_that_of_the_deepest_mount(host: Host, folder: str, kind: str, status: Status) -> None:
    mounts = "/dev/vda / ext4 rw 0 0\n/dev/vdb /var/lib xfs rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n"
    write(host, "proc/self/mounts", f"{mounts}server:/x /mnt/my\\040disk nfs4 rw 0 0\n")
    is_finding(install_checks.check_filesystem(Path(folder), host), status, told=kind)


def test_disk_needs_room_for_every_log(tmp_path: Path) -> None:
    is_finding(install_checks.check_space(tmp_path, config_in(tmp_path), ["ar"]), Status.OK)
    vast = config_in(tmp_path, log_segment_bytes=1 << 50)
    is_finding(install_checks.check_space(tmp_path, vast, ["ar"]), Status.FAIL, fix="log_retention_bytes")


def test_moved_segments_that_are_away_are_named(tmp_path: Path) -> None:
    log = tmp_path / "state/risk/log"
    log.mkdir(parents=True)
    (log / f"{0:020d}.log").write_bytes(b"a segment")
    is_finding(install_checks.check_moved(tmp_path / "state", ["risk", "md"]), Status.OK)
    move(log / f"{0:020d}.log", tmp_path / "cold/risk/log")
    is_finding(install_checks.check_moved(tmp_path / "state", ["risk", "md"]), Status.OK)
    (tmp_path / "cold").rename(tmp_path / "gone")
    found = install_checks.check_moved(tmp_path / "state", ["risk", "md"])
    is_finding(found, Status.FAIL, fix="bring the folder")
    assert f"1 of risk, such as {tmp_path}/cold/risk/log/" in found.found


def test_disk_is_measured_and_left_as_it_was(tmp_path: Path) -> None:
    found = install_checks.check_sync(tmp_path, config_in(tmp_path, log_sync_ms=60_000))
    is_finding(found, Status.OK, told="of 20")
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_fails(tmp_path: Path) -> None:
    found = install_checks.check_sync(tmp_path / "none", config_in(tmp_path))
    is_finding(found, Status.FAIL, fix="mesh.state_dir")


def test_socket_paths_fit_into_an_address() -> None:
    is_finding(install_checks.check_run_dir(config_in(Path("/s"), run_dir="/run/tickmesh")), Status.OK, told="20 bytes")
    long = config_in(Path("/s"), run_dir=f"/{'x' * 100}")
    is_finding(install_checks.check_run_dir(long), Status.FAIL, told="108 bytes", fix="mesh.run_dir")


def test_ports_in_use_are_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        paper = {"paper": PaperConfig(id=9, venue="v", listen=f"127.0.0.1:{port}")}
        is_finding(install_checks.check_ports(paper), Status.WARN, told=f"paper 127.0.0.1:{port}", fix="ss -ltnp")
    is_finding(install_checks.check_ports(paper), Status.OK)
    is_finding(install_checks.check_ports(agents()), Status.OK, told="no agent listens")


def test_agents_of_other_hosts_are_told_apart() -> None:
    assert install_checks.is_here("")
    assert install_checks.is_here("127.0.0.1:7000")
    assert not install_checks.is_here("192.0.2.1:7000")  # TEST-NET-1 of RFC 5737: nobody's


SHARED = "7f00-7f01 r-xp 0 fe:00 26933    /usr/lib/libpython3.11.so.1.0\n"
OTHERS = "7f00-7f01 r-xp 0 fe:00 26933    /opt/libpython-tools/bin/python3\n7fff-8000 rw-p 0 00:00 0    [stack]\n"


@pytest.mark.parametrize(
    ("options", "shared", "maps", "how", "fast"),
    # As pyenv builds by default, as python.org's images are built, as Debian's python3, as a plain build.
    [
        ("'--prefix=/x' '--enable-shared'", True, SHARED, "not optimised by profile, a shared library", False),
        ("'--enable-optimizations' '--enable-shared'", True, SHARED, "optimised by profile, a shared library", True),
        ("'--enable-shared' '--prefix=/usr'", True, OTHERS, "a distribution's, one program", True),
        ("'--prefix=/x'", False, OTHERS, "not optimised by profile, one program", False),
        ("'--enable-optimizations'", False, OTHERS, "optimised by profile, one program", True),
    ],
)
def test_interpreter_is_one_optimised_by_profile(options: str, shared: bool, maps: str, how: str, fast: bool) -> None:
    found = install_checks.interpreter_of(options, shared, maps)
    assert found == (how, fast)
    finding = install_checks.check_interpreter(*found)
    is_finding(finding, Status.OK if fast else Status.WARN, told=how, fix="" if fast else "--enable-optimizations")


def test_this_interpreter_is_examined() -> None:
    assert install_checks.interpreter()[0].startswith(f"{platform.python_version()}, ")


def test_versions_wanted_are_those_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    first, last = layouts.VERSION_FIRST, layouts.VERSION_LAST
    assert project["requires-python"] == f">={install_checks.PYTHON_MIN},<{last[0]}.{last[1] + 1}"
    assert f"{first[0]}.{first[1]}" == install_checks.PYTHON_MIN
    assert f"pyzmq>={install_checks.PYZMQ_MIN}" in project["dependencies"]


@pytest.mark.parametrize(
    ("versions", "statuses"),
    [
        (("3.11.7", "27.3.0", "4.3.5"), ["ok", "ok", "ok"]),
        (("3.10.12", "27.10.1", "4.3.4"), ["fail", "ok", "fail"]),
        (("3.14.0", "26.4.0", "5.0.0"), ["ok", "fail", "fail"]),
    ],
)
def test_old_and_unknown_versions_fail(versions: tuple[str, str, str], statuses: list[str]) -> None:
    assert [found.status for found in install_checks.check_versions(*versions)] == statuses


def test_debug_build_is_told() -> None:
    is_finding(install_checks.check_build(True), Status.WARN, fix="CORE_DEBUG")
    is_finding(install_checks.check_build(False), Status.OK)
