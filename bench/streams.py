"""One publisher and its followers as live nodes, for the scenarios about streams."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from bench.agent import STAND_INS
from bench.processes import Processes
from bench.stand_ins import COUNT, STREAM_TAPE
from mesh.transport.client import Client
from schemas.config import ArchiveConfig, Config, MarketDataConfig, MeshConfig, RoleConfig
from schemas.messages import AgentStatus

PUBLISHER = "md"
HWM = 2_000_000
START_S_MAX = 30.0


def stream_config(
    folder: Path,
    followers: Mapping[str, int],
    publisher_hwm: int = HWM,
    same_host: Literal["memory", "zmq"] = "memory",
) -> Config:
    """Return a publisher and `followers` (name -> receive queue), all in `folder`, written to `folder/config.json`."""
    publisher = MarketDataConfig(id=1, venue="v", instruments=(), send_hwm=publisher_hwm)
    agents: dict[str, RoleConfig] = {PUBLISHER: publisher}
    for number, (name, hwm) in enumerate(followers.items(), start=2):
        agents[name] = ArchiveConfig(id=number, sources=(PUBLISHER,), receive_hwm=hwm)
    mesh = MeshConfig(state_dir=str(folder / "state"), run_dir=str(folder / "run"), same_host=same_host)
    config = Config(mesh=mesh, venues=(), instruments=(), agents=agents)
    (folder / "config.json").write_bytes(msgspec.json.encode(config))
    return config


def start_streams(
    processes: Processes,
    folder: Path,
    config: Config,
    count: int,
    cpus: Mapping[str, int],
    tapes: Mapping[str, Path],
) -> None:
    """Start all nodes, each on its CPU and with its tape: followers may have none, the publisher goes by its own."""
    for name in config.agents:
        env = {STAND_INS: "market_data,archive", COUNT: str(count)}
        if name in tapes:
            env[STREAM_TAPE] = str(tapes[name])
        processes.python(name, "bench.agent", name, str(folder / "config.json"), cpu=cpus[name], env=env)


class Watch:
    """Asks the nodes of one configuration how they are."""

    def __init__(self, config: Config, processes: Processes) -> None:
        """Ask through a client of its own."""
        self._client = Client(config)
        self._processes = processes

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def until_live(self, names: Sequence[str]) -> None:
        """Wait until the agents of those names are live."""

        def live() -> bool:
            return all(s.state == "live" for s in self._client.statuses(names, 1.0).values()) and self._all(names)

        self._processes.until(live, START_S_MAX, f"{', '.join(names)} live")

    def until_heard(self, name: str, publisher: str) -> None:
        """Wait until the agent of that name has a message of `publisher`."""

        def heard() -> bool:
            status = self.status(name)
            return status is not None and any(s.publisher == publisher and s.received for s in status.links)

        self._processes.until(heard, START_S_MAX, f"{publisher} heard by {name}")

    def _all(self, names: Sequence[str]) -> bool:
        return len(self._client.statuses(names, 1.0)) == len(names)

    def status(self, name: str) -> AgentStatus | None:
        """Return the status of one agent, None if it does not answer."""
        return self._client.statuses([name], 1.0).get(name)

    def until_seen(self, names: Sequence[str], count: int, timeout_s: float) -> dict[str, AgentStatus]:
        """Wait until each follower has seen `count` trades; return their statuses."""
        found: dict[str, AgentStatus] = {}

        def done() -> bool:
            found.update(self._client.statuses(names, 1.0))
            return len(found) == len(names) and all(s.figures.values["seen"] >= count for s in found.values())

        self._processes.until(done, timeout_s, f"{count} trades at {', '.join(names)}")
        return found
