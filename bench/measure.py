"""How things are measured: rounds that interleave variants, timing of calls, percentiles, and what is noise.

The spread of a figure is that of its rounds. `bootstrap` draws rounds with replacement and takes the median of each draw
(Efron, "Bootstrap methods: another look at the jackknife", 1979); with few rounds the interval is no narrower than what
they show, and nothing is made of a normal distribution. The draws are seeded: the same rounds give the same interval.
"""

import gc
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Protocol, TypeVar

import numpy as np

PERCENTILES = [
    *(0.0, 1.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 85.0, 90.0, 92.5, 95.0, 96.0, 97.0, 98.0, 99.0),
    *(99.25, 99.5, 99.7, 99.8, 99.9, 99.93, 99.95, 99.97, 99.98, 99.99, 99.993, 99.997, 99.999, 100.0),
]  # fmt: skip
PARTS = 11
"""What is timed one by one is taken in so many parts; the first is to warm up."""
TOLD = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}
DRAWS = 2000
CLOCK_READINGS = 2_000
SEED = 20240229
CONFIDENCE = 0.95

T = TypeVar("T")


class Rounds(Protocol):
    """What `interleave` asks and tells while it runs."""

    def begin(self, name: str) -> bool:
        """Return whether there is time to run the variant `name` now."""
        ...

    def failed(self, name: str, error: Exception) -> bool:
        """Return whether a variant that raised may be left out, with all its rounds."""
        ...


def interleave(
    variants: Mapping[str, Callable[[], T]], rounds: int, until_s: float, watch: Rounds
) -> dict[str, list[T]]:
    """Run every variant once a round, the order turning by one each time, and return what they gave.

    A round is begun only if the longest so far would end before `until_s` (monotonic seconds); the first always is.
    """
    names = list(variants)
    found: dict[str, list[T]] = {name: [] for name in names}
    longest_s = 0.0
    for number in range(rounds):
        begun_s = time.monotonic()
        if number and begun_s + longest_s > until_s:
            break
        turn = number % max(1, len(names))
        for name in names[turn:] + names[:turn]:
            if not watch.begin(name):
                continue
            try:
                found[name].append(variants[name]())
            except Exception as error:
                if not watch.failed(name, error):
                    raise
                names.remove(name)
                del found[name]
        longest_s = max(longest_s, time.monotonic() - begun_s)
    return {name: gave for name, gave in found.items() if gave}


@contextmanager
def quiet() -> Iterator[None]:
    """Measure without the garbage collector; what is alive beforehand is collected and frozen."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def clock_ns() -> int:
    """Return the nanoseconds that reading the clock before and after something adds to it."""
    clock = time.perf_counter_ns
    taken_ns = []
    for _ in range(CLOCK_READINGS):
        begun_ns = clock()
        taken_ns.append(clock() - begun_ns)
    return int(median(taken_ns))


def time_ns(run: Callable[[], object], ops: int, seconds: float) -> float:
    """Return nanoseconds per operation of `run`, which does `ops` of them: the median of its calls within `seconds`."""
    clock = time.perf_counter_ns
    with quiet():
        run()
        samples: list[int] = []
        until_ns = clock() + int(seconds * 1e9)
        while not samples or clock() < until_ns:
            begun_ns = clock()
            run()
            samples.append(clock() - begun_ns)
    return median(samples) / ops


def time_each_ns(take: Callable[[T], object], items: Sequence[T]) -> float:
    """Return nanoseconds per item of `take`, each item taken once: the median of ten parts after one to warm up."""
    part = max(1, len(items) // PARTS)
    samples = []
    with quiet():
        for start in range(0, part * PARTS, part):
            some = items[start : start + part]
            begun_ns = time.perf_counter_ns()
            for item in some:
                take(item)
            samples.append((time.perf_counter_ns() - begun_ns) / max(1, len(some)))
    return median(samples[1:])


def percentiles(samples: "np.ndarray[tuple[int], np.dtype[np.int64]]", scale: float) -> list[tuple[float, float]]:
    """Return the percentile curve of `samples`, each value times `scale`; no percentile finer than the sample count."""
    finest = 100.0 * (1.0 - 1.0 / max(1, len(samples)))
    asked = [p for p in PERCENTILES if p <= finest or p == 100.0]
    values = np.percentile(samples, asked)
    return [(p, float(v) * scale) for p, v in zip(asked, values, strict=True)]


def told(samples: "np.ndarray[tuple[int], np.dtype[np.int64]]", scale: float) -> dict[str, float]:
    """Return the percentiles that are told of every distribution."""
    values = np.percentile(samples, list(TOLD.values()))
    return {name: float(v) * scale for name, v in zip(TOLD, values, strict=True)}


def bootstrap(
    statistic: Callable[[Sequence[Sequence[float]]], float],
    samples: Sequence[Sequence[float]],
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Return the interval of `statistic` over draws with replacement from each of `samples`."""
    rng = random.Random(SEED)
    found = sorted(statistic([rng.choices(each, k=len(each)) for each in samples]) for _ in range(DRAWS))
    cut = int(DRAWS * (1 - confidence) / 2)
    return found[cut], found[DRAWS - 1 - cut]


def interval(rounds: Sequence[float]) -> tuple[float, float]:
    """Return the bootstrap interval of the median of `rounds`."""
    if len(rounds) < 2:
        return rounds[0], rounds[0]
    return bootstrap(lambda drawn: median(drawn[0]), [rounds])


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over rounds of ours / theirs, round by round; of the medians where the rounds differ in number."""
    if len(ours) == len(theirs):
        return median(a / b for a, b in zip(ours, theirs, strict=True))
    return median(ours) / median(theirs)
