"""Where the time goes, as one agent sees it.

Every frame carries when its tick and its cause were received, when it was decided on, and when it was sent. From that come
histograms: of the way from each peer (`PEER>SELF`: sent to received), of the agent's own work (`SELF`: an input received to
what it caused decided; market data: to a tick decoded), of making frames (`SELF>sent`: decided to sent), and of how old a
tick is when it comes (`tick>SELF`). What waits until the agent looks, because it wants the newest alone, has no part in
them.

This file is compiled (`latencies.pxd` has the C types).
"""

from collections.abc import Iterable

from core.frame import Header
from core.histogram import LatencyHistogram
from mesh.protocol.link import Link


class Latencies:
    """The histograms of one agent; those of the ways are kept by its links and peers."""

    def __init__(self, name: str) -> None:
        """Begin with nothing measured."""
        self._name = name
        self.work = LatencyHistogram()
        """What passed from an input until something was decided because of it."""
        self.sending = LatencyHistogram()
        """What passed from a decision until its frame was made."""
        self._age = LatencyHistogram()
        self._by_hop: dict[str, LatencyHistogram] = {}

    def arrived(self, transit: LatencyHistogram, header: Header, now_ns: int) -> None:
        """Count the way of a frame that has just come, and how old its tick is."""
        if header.send_ns:
            transit.record(now_ns - header.send_ns)
        if header.origin_ns:
            self._age.record(now_ns - header.origin_ns)

    def record(self, hop: str, latency_ns: int) -> None:
        """Count one latency of a hop that the agent itself names."""
        histogram = self._by_hop.get(hop)
        if histogram is None:
            histogram = self._by_hop[hop] = LatencyHistogram()
        histogram.record(latency_ns)

    def histograms(self, links: Iterable[Link], transits: dict[str, LatencyHistogram]) -> dict[str, LatencyHistogram]:
        """Return all by hop, with the ways of publications and of requests from one peer as one."""
        found = {f"{link.publisher}>{self._name}": link.transit for link in links}
        for name, transit in transits.items():
            hop = f"{name}>{self._name}"
            merged = LatencyHistogram()
            merged.merge(transit)
            if hop in found:
                merged.merge(found[hop])
            found[hop] = merged
        own = {self._name: self.work, f"{self._name}>sent": self.sending, f"tick>{self._name}": self._age}
        return {**found, **own, **self._by_hop}
