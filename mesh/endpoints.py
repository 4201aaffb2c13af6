"""Where an agent is reached: its endpoints, worked out from the configuration alone.

An agent publishes, answers and is tapped at `ipc://{run_dir}/{name}.pub`, `.rpc` and `.tap`, and meets the agents of its
host at `{run_dir}/{name}.mem`; or, with `tcp = HOST:PORT`, at PORT, PORT+1 and PORT+2 alone. Two meshes on one host do
not meet: the default folder carries a hash of their `state_dir`.
"""

import os
import stat
from pathlib import Path

import msgspec

from core.crc32c import crc32c
from schemas.config import Config
from schemas.errors import ConfigError

UNIX_PATH_BYTES_MAX = 107
"""What `sockaddr_un.sun_path` of Linux holds beside its closing zero."""

RUN_DIR_MODE = 0o750
PORTS = 3
PORT_MAX = 65535 - (PORTS - 1)


class Endpoints(msgspec.Struct, frozen=True):
    """ZeroMQ addresses of one agent."""

    publications: str
    answers: str
    tap: str
    local: str
    """Path of the Unix socket for agents of this host (`mesh.transport.same_host`); empty where that way is not taken."""


def endpoints(config: Config, name: str) -> Endpoints:
    """Return where agent `name` is reached.

    Raises:
        ConfigError: If there is no such agent, or its address cannot be one.
    """
    agent = config.agents.get(name)
    if agent is None:
        raise ConfigError(f"agents.{name}: there is no such agent (allowed: {', '.join(config.agents)})")
    if agent.tcp:
        host, port = host_and_port(f"agents.{name}.tcp", agent.tcp)
        publications, answers, tap = (f"tcp://{host}:{port + i}" for i in range(PORTS))
        return Endpoints(publications, answers, tap, "")
    folder = run_dir(config)
    publications, answers, tap = (f"ipc://{unix_path(folder, f'{name}.{end}')}" for end in ("pub", "rpc", "tap"))
    local = unix_path(folder, f"{name}.mem") if config.mesh.same_host == "memory" else ""
    return Endpoints(publications, answers, tap, local)


def run_dir(config: Config) -> str:
    """Return the absolute folder of the sockets: as configured, else one of this user and this `state_dir`."""
    if config.mesh.run_dir:
        return os.path.abspath(config.mesh.run_dir)
    state_dir = os.path.abspath(config.mesh.state_dir)
    mesh = f"{crc32c(os.fsencode(state_dir)):08x}"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = f"{runtime}/tickmesh" if runtime else f"/tmp/tickmesh-{os.getuid()}"
    return f"{base}/{mesh}"


def agent_dir(config: Config, name: str) -> Path:
    """Return the folder of an agent's log, epoch and lock."""
    return Path(config.mesh.state_dir).absolute() / name


def unix_path(folder: str, file: str) -> str:
    """Return `folder/file`, which is to be a Unix socket.

    Raises:
        ConfigError: If the path is too long for one.
    """
    path = f"{folder}/{file}"
    found = len(os.fsencode(path))
    if found > UNIX_PATH_BYTES_MAX:
        allowed = f"allowed: {UNIX_PATH_BYTES_MAX}"
        raise ConfigError(f"mesh.run_dir: {path} has {found} bytes ({allowed}); set a shorter run_dir")
    return path


def make_run_dir(folder: str) -> None:
    """Make the folder of the sockets, closed to other users, or check the one that is there.

    Raises:
        ConfigError: If it cannot be made, belongs to another user, or anyone may write to it.
    """
    try:
        os.makedirs(folder, RUN_DIR_MODE, exist_ok=True)
        found = os.stat(folder)
    except OSError as error:
        raise ConfigError(f"mesh.run_dir: cannot make {folder}: {error.strerror}") from error
    if found.st_uid not in (0, os.getuid()):
        raise ConfigError(f"mesh.run_dir: {folder} belongs to user {found.st_uid} (allowed: root or {os.getuid()})")
    if stat.S_IMODE(found.st_mode) & stat.S_IWOTH:
        raise ConfigError(f"mesh.run_dir: anyone may write to {folder}; remove that right")


def host_and_port(key: str, address: str, *, port_min: int = 1, port_max: int = PORT_MAX) -> tuple[str, int]:
    """Return the two halves of `HOST:PORT`; without other bounds, the address of an agent's first endpoint.

    Raises:
        ConfigError: If it is not one, or the port is out of bounds: the agent's other endpoints would be beyond the last.
    """
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or not port_min <= int(port) <= port_max:
        raise ConfigError(f"{key}: found {address!r} (allowed: HOST:PORT, PORT from {port_min} to {port_max})")
    return host, int(port)
