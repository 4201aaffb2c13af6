"""One agent process of a scenario: `python -m bench.agent NAME CONFIG.json`.

The same node, engine, transport and agent as `tickmesh agent`, with another outside: a tape in TICKMESH_BENCH_TAPE puts
`bench.shells` behind market data and execution; TICKMESH_BENCH_STAND_INS replaces the roles named there by the publishers
and followers of `bench.stand_ins`; TICKMESH_BENCH_ASYNCIO puts the agent on zmq.asyncio and uvloop.
"""

import importlib
import os
import sys
from pathlib import Path

import msgspec

import mesh.node.hosted_agent
import mesh.node.node
from schemas.config import Config

TAPE = "TICKMESH_BENCH_TAPE"
STAND_INS = "TICKMESH_BENCH_STAND_INS"
ASYNCIO = "TICKMESH_BENCH_ASYNCIO"


def main(name: str, config_file: Path) -> int:
    """Run the agent and return the exit status of the process."""
    if STAND_INS in os.environ:
        from bench import stand_ins

        for role in os.environ[STAND_INS].split(","):
            stand_ins.take_over(role)
    elif TAPE in os.environ:
        _put_tape_behind(Path(os.environ[TAPE]))
    if ASYNCIO in os.environ:
        _put_on_asyncio()
    return mesh.node.node.run(name, msgspec.json.decode(config_file.read_bytes(), type=Config))


def _put_tape_behind(path: Path) -> None:
    from bench.shells import FeedShell, OrderShell
    from bench.tape import Tape

    tape = Tape(path)
    for role, shell in (("market_data", FeedShell), ("execution", OrderShell)):
        module = importlib.import_module(f"agents.{role}")
        module.shell = lambda name, config, agent, shell=shell: shell(tape)  # type: ignore[attr-defined]


def _put_on_asyncio() -> None:
    """Give every agent sockets that are awaited, and the loop that such sockets need."""
    from bench.peers.asyncio_transport import AsyncioTransport

    mesh.node.hosted_agent.AgentTransport = AsyncioTransport  # type: ignore[assignment, attr-defined]
    mesh.node.node._run_on_epoll_loop = mesh.node.node._run_on_uvloop


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
