"""Endpoints: addresses from the configuration alone."""

import os
from pathlib import Path
from typing import Any

import pytest

from mesh.endpoints import Endpoints, agent_dir, endpoints, make_run_dir, run_dir
from schemas.config import ArchiveConfig, Config, MeshConfig
from schemas.errors import ConfigError


def config(tcp: str = "", **mesh: Any) -> Config:
    return Config(
        mesh=MeshConfig(**mesh),
        venues=(),
        instruments=(),
        agents={"ar": ArchiveConfig(id=1, sources=(), tcp=tcp)},
    )


def test_ipc_endpoints_are_named_after_the_agent() -> None:
    found = endpoints(config(run_dir="/run/tickmesh"), "ar")
    assert found == Endpoints(
        "ipc:///run/tickmesh/ar.pub",
        "ipc:///run/tickmesh/ar.rpc",
        "ipc:///run/tickmesh/ar.tap",
        "/run/tickmesh/ar.mem",
    )


def test_agents_that_talk_over_zeromq_alone_have_no_other_address() -> None:
    assert endpoints(config(run_dir="/run/tickmesh", same_host="zmq"), "ar").local == ""


@pytest.mark.parametrize("host", ["10.0.0.5", "md.desk.example", "[fd00::5]"])
def test_tcp_endpoints_are_three_ports(host: str) -> None:
    found = endpoints(config(tcp=f"{host}:7000"), "ar")
    assert found == Endpoints(f"tcp://{host}:7000", f"tcp://{host}:7001", f"tcp://{host}:7002", "")


@pytest.mark.parametrize("tcp", ["10.0.0.5", ":7000", "host:0", "host:65534", "host:x", "host:-1", "host:"])
def test_bad_tcp_address_is_refused_by_key(tcp: str) -> None:
    with pytest.raises(ConfigError, match=r"agents\.ar\.tcp"):
        endpoints(config(tcp=tcp), "ar")


def test_unknown_agent_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"agents\.md: there is no such agent \(allowed: ar\)"):
        endpoints(config(), "md")


def test_default_folder_is_of_this_user_and_this_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    one, other = run_dir(config(state_dir="/srv/one")), run_dir(config(state_dir="/srv/other"))
    assert one != other
    assert os.path.dirname(one) == "/run/user/7/tickmesh"
    assert one == run_dir(config(state_dir="/srv/../srv/one"))
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert os.path.dirname(run_dir(config(state_dir="/srv/one"))) == f"/tmp/tickmesh-{os.getuid()}"


def test_path_of_107_bytes_is_taken_and_108_refused() -> None:
    longest = "/" + "x" * (107 - len("/") - len("/ar.pub"))
    assert len(endpoints(config(run_dir=longest), "ar").tap) == len("ipc://") + 107
    with pytest.raises(ConfigError, match=r"has 108 bytes \(allowed: 107\)"):
        endpoints(config(run_dir=longest + "x"), "ar")


def test_agents_have_folders_of_their_own() -> None:
    assert agent_dir(config(state_dir="/srv/one"), "ar") == Path("/srv/one/ar")


def test_run_dir_is_closed_to_other_users(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_run_dir(str(folder))
    make_run_dir(str(folder))
    assert folder.stat().st_mode & 0o777 == 0o750


def test_run_dir_open_to_everyone_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigError, match="anyone may write"):
        make_run_dir(str(tmp_path))


def test_run_dir_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot make .*/file/run"):
        make_run_dir(str(tmp_path / "file" / "run"))
