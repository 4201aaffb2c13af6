"""One agent of a process: its right to run, its log, its engine, its sockets and its shell.

What must be proven before anything is touched is proven in the order of the constructor: one process per agent (instance
lock), an epoch that is durable before its first use, a log that can be trusted; only then is the agent built.
"""

import os
import sys
from collections.abc import Callable
from time import monotonic_ns

from core.log import LogWriter, claim_epoch
from mesh.anchor_store import AnchorStore, known, told
from mesh.context import VenueReply
from mesh.endpoints import agent_dir, run_dir
from mesh.node.duty_cycle import DutyCycle
from mesh.node.instance_lock import InstanceLock
from mesh.node.log_sync import LogSync
from mesh.protocol.engine import Engine
from mesh.protocol.recorded_inputs import open_inputs
from mesh.roles import build_agent, build_shell
from mesh.transport.agent_transport import AgentTransport
from mesh.transport.group import Group
from mesh.transport.sockets import Sockets
from schemas.config import Config
from schemas.counters import Counter


class HostedAgent:
    """One agent; also the `Inputs` of its shell."""

    def __init__(
        self,
        name: str,
        config: Config,
        cycle: DutyCycle,
        sync_failed: Callable[[OSError], None],
        sockets: Sockets,
        group: Group,
    ) -> None:
        """Claim the agent's name, epoch and log, and build it.

        `sync_failed` is called in the thread that syncs when the log cannot be made durable.

        Raises:
            AlreadyRunningError: If the agent runs already on this host.
            LogDamagedError: If its log or epoch cannot be trusted.
        """
        own = config.agents[name]
        folder = agent_dir(config, name)
        self.name = name
        self.lock = InstanceLock(name, folder, run_dir(config))
        epoch = claim_epoch(str(folder / "epoch"))
        agent = build_agent(name, config)
        anchors = AnchorStore(folder, name, agent.anchored, config, agent.counted_by)
        anchor = anchors.newest()
        self.log = LogWriter(
            str(folder / "log"),
            segment_bytes=config.mesh.log_segment_bytes,
            retention_bytes=own.log_retention_bytes,
            known=known(anchor),
        )
        self.inputs = open_inputs(name, folder, epoch, config, agent, anchor)
        self.shell = build_shell(name, config, agent)
        self.transport = AgentTransport(name, config, sockets, group, cycle.begin, cycle.end)
        self.transport.venue = self.shell
        self.engine = Engine(name, config, agent, self.log, epoch, self.transport, monotonic_ns, anchor, self.inputs)
        if anchors.refused:
            sys.stderr.write(f"tickmesh agent {name}: {told(anchors.refused)}\n")
            self.engine.count(Counter.ANCHORS_REFUSED, len(anchors.refused))
        self.engine.rss_bytes = rss_bytes
        self.sync = LogSync(self.log, config.mesh.log_sync_ms, sync_failed, self.inputs)
        self._cycle = cycle
        self._counted: dict[Counter, int] = {}

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        """Hand on that a venue websocket opened or closed."""
        self._cycle.take(self.engine.socket_changed, connection, up, reason)

    def frame_received(self, connection: str, frame: bytes) -> None:
        """Hand on one venue websocket frame."""
        self._cycle.take(self.engine.frame_received, connection, frame)

    def venue_replied(self, reply: VenueReply) -> None:
        """Hand on the end of one REST call."""
        self._cycle.take(self.engine.venue_replied, reply)

    def count_wires(self) -> None:
        """Put what the sockets have counted since the last time into the agent's counters."""
        for counter, n in self.transport.counters().items():
            self.engine.count(counter, n - self._counted.get(counter, 0))
            self._counted[counter] = n


def rss_bytes() -> int:
    """Return the resident memory of this process."""
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
