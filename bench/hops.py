"""What each hop of a chain took, and each agent's own steps: the histograms that agents serve, between two looks.

An agent counts from its start on. Histograms of `core.histogram` add up and cannot be taken from each other, so the counts
of their buckets are read from the form in which they are served (`LatencyHistogram.to_bytes`) and subtracted here.
"""

import struct
from collections.abc import Mapping
from math import ceil

from bench.measure import TOLD

HEAD_BYTES = 56
ENTRY = struct.Struct("<Hq")
EXACT_BITS, SUB_BITS = 8, 7
"""Values below 2 ** EXACT_BITS have a bucket each; each power of two from there on is divided into 2 ** SUB_BITS."""

HOPS = {
    "md decodes": ("md", "md"),
    "md sends": ("md", "md>sent"),
    "md > signal": ("signal", "md>signal"),
    "signal decides": ("signal", "signal"),
    "signal sends": ("signal", "signal>sent"),
    "signal > risk": ("risk", "signal>risk"),
    "risk decides": ("risk", "risk"),
    "risk sends": ("risk", "risk>sent"),
    "risk > execution": ("execution", "risk>execution"),
    "execution decides": ("execution", "execution"),
    "execution sends": ("execution", "execution>sent"),
}
"""Step, in order -> (agent that measured it, name of its histogram). An agent decides from the receipt of an input until it
asks for what follows to be sent, and sends from there until that is encoded; the hop to the next agent has the rest."""

REST = "rest"
"""What the steps do not explain: the frame's way into market data, the create's way out of execution, medians that do not
add up."""

Served = Mapping[str, Mapping[str, bytes]]
"""Agent -> histogram -> as it is served."""

Percentiles = dict[str, dict[str, float]]
"""Step -> the percentiles of its latencies in ns, by name (`bench.measure.TOLD`)."""


def steps(before: Served, after: Served) -> Percentiles:
    """Return the percentiles of each step between two looks; a step without a record between them is left out."""
    found = {}
    for step, (agent, name) in HOPS.items():
        counts = counted(after.get(agent, {}).get(name, b""))
        for bucket, count in counted(before.get(agent, {}).get(name, b"")).items():
            counts[bucket] -= count
        if sum(counts.values()):
            found[step] = {word: float(percentile(counts, p)) for word, p in TOLD.items()}
    return found


def counted(served: bytes) -> dict[int, int]:
    """Return the counts of the buckets that are not empty, lowest first."""
    return dict(ENTRY.iter_unpack(served[HEAD_BYTES:]))


def percentile(counts: Mapping[int, int], p: float) -> int:
    """Return the greatest value of the bucket that holds the percentile `p`, in ns."""
    rank = max(1, ceil(round(sum(counts.values()) * p / 100, 6)))
    for bucket in sorted(counts):
        rank -= counts[bucket]
        if rank <= 0:
            return _top(bucket)
    return 0


def _top(bucket: int) -> int:
    if bucket < 1 << EXACT_BITS:
        return bucket
    power, part = divmod(bucket - (1 << EXACT_BITS), 1 << SUB_BITS)
    return (((1 << SUB_BITS) + part + 1) << (power + 1)) - 1
