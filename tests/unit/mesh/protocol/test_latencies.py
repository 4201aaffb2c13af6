"""The way of publications and of requests from one peer is one hop; hops that the agent names are there too."""

from core.frame import Header
from core.histogram import LatencyHistogram
from mesh.protocol.latencies import Latencies


def header(**times):
    return Header(stream=1, type=1, sender=1, epoch=1, seq=1, **times)


class Way:
    """A link as far as it is looked at here."""

    def __init__(self, publisher):
        self.publisher = publisher
        self.transit = LatencyHistogram()


def counts(latencies, links, transits):
    return {hop: found.count for hop, found in latencies.histograms(links, transits).items()}


def test_what_comes_from_one_peer_is_one_hop():
    latencies, link, requests = Latencies("risk"), Way("signal"), LatencyHistogram()
    latencies.arrived(link.transit, header(send_ns=100, origin_ns=50), 200)
    latencies.arrived(link.transit, header(send_ns=100), 200)
    latencies.arrived(requests, header(send_ns=100), 200)
    found = latencies.histograms([link], {"signal": requests})
    assert (found["signal>risk"].count, found["tick>risk"].count) == (3, 1)
    assert (link.transit.count, requests.count) == (2, 1), "the ways themselves are left as they are"
    assert found["tick>risk"].max == 150


def test_work_sending_and_named_hops_are_kept_apart():
    latencies = Latencies("execution")
    latencies.work.record(10)
    latencies.sending.record(20)
    latencies.sending.record(30)
    latencies.record("tick_to_order", 40)
    assert counts(latencies, [], {}) == {"execution": 1, "execution>sent": 2, "tick>execution": 0, "tick_to_order": 1}
