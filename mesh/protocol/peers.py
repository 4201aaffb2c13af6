"""The other agents as one of them sees them: who they are, and whether their clocks are ours.

This file is compiled (`peers.pxd` has the C types).
"""

from core.histogram import LatencyHistogram
from schemas.config import Config


class Peer:
    """A client as a server sees it: its name, whether its clock is ours, and how long its requests were on the way."""

    def __init__(self, name: str, same_host: bool) -> None:
        """Begin without requests."""
        self.name = name
        self.same_host = same_host
        self.transit = LatencyHistogram()


class Peers:
    """All agents of a mesh, by their numbers."""

    def __init__(self, name: str, config: Config) -> None:
        """Begin for the agent `name`, without requests of any."""
        self._name = name
        self._config = config
        self._by_sender = {table.id: Peer(peer, self.is_same_host(peer)) for peer, table in config.agents.items()}
        self._operator = Peer("", True)

    def of(self, sender: int) -> Peer:
        """Return the peer of that number; whoever has none is an operator's command."""
        return self._by_sender.get(sender, self._operator)

    def is_same_host(self, peer: str) -> bool:
        """Return whether the monotonic clock of `peer` is ours: both on ipc, or behind one address."""
        table = self._config.agents.get(peer)
        own = self._config.agents[self._name]
        return table is None or table.tcp.rpartition(":")[0] == own.tcp.rpartition(":")[0]

    def named(self) -> list[str]:
        """Return the agents that are named in the agent's own table, each once, in the table's order."""
        agents = self._config.agents
        own = agents[self._name]
        found: dict[str, None] = {}
        for field in own.__struct_fields__:
            value = getattr(own, field)
            names = value if isinstance(value, tuple) else (value,)
            found.update((n, None) for n in names if isinstance(n, str) and agents.get(n, own) is not own)
        return list(found)

    def transits(self) -> dict[str, LatencyHistogram]:
        """Return how long requests were on the way, by the name of who sent them, where there were any."""
        return {peer.name: peer.transit for peer in self._by_sender.values() if peer.transit.count}
