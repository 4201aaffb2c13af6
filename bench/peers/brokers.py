"""Which other transports can be measured on this machine, and how their servers are started.

A transport needs its Python client (`make bench` installs them) and, for Redis and NATS, its server on the PATH, which is
no Python package. What is missing is told with a word, and how to install it, and left out; nothing is fetched.
"""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

from bench.processes import Processes
from mesh.run.default_config import free_port

START_S_MAX = 10.0
MODULES = {"grpc": "grpc", "redis": "redis", "nats": "nats"}
SERVERS = {"redis": "redis-server", "nats": "nats-server"}

Broker = Callable[[Processes, Path], None]


def missing(transport: str) -> str:
    """Return why `transport` cannot be measured here, empty if it can."""
    module = MODULES.get(transport)
    if module is not None and importlib.util.find_spec(module) is None:
        return f"{transport}: the Python package {module} is not installed (make bench installs it)"
    server = SERVERS.get(transport)
    if server is not None and shutil.which(server) is None:
        return f"{transport}: {server} is not on the PATH (to measure it: apt-get install {server})"
    return ""


def broker(transport: str, cpu: int) -> Broker | None:
    """Return what starts the server of `transport`, None if it has none."""
    return {"redis": _redis(cpu), "nats": _nats(cpu)}.get(transport)


def _redis(cpu: int) -> Broker:
    def start(processes: Processes, folder: Path) -> None:
        options = {
            "port": "0",
            "unixsocket": f"{folder}/redis.sock",
            "save": "",
            "appendonly": "no",
            "dir": str(folder),
        }
        command = ["redis-server", *(word for name, value in options.items() for word in (f"--{name}", value))]
        processes.start("redis", command, cpu=cpu)
        processes.until((folder / "redis.sock").exists, START_S_MAX, "redis-server")

    return start


def _nats(cpu: int) -> Broker:
    def start(processes: Processes, folder: Path) -> None:
        port = free_port()
        processes.start("nats", ["nats-server", "-a", "127.0.0.1", "-p", str(port)], cpu=cpu)
        (folder / "nats.port").write_text(str(port))

    return start
