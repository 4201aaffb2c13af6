"""The models of a venue that a run is held against: how orders queue, and how long they are on their way.

A model is written QUEUE/LATENCY, with several of each between commas: `log/5ms`, `risk_averse,power:2/800us,measured`. A
queue is one of the paper venue's (`agents.paper.market.queue_models`), `power` with its n. A latency is constant, or
`measured`: then an order is as long on its way as the venue's times tell of that very order, and what they do not tell is
drawn from all hops.
"""

import re
from collections.abc import Iterable

import msgspec

from agents.paper.market.queue_models import MODELS, QueueModel
from schemas.errors import ConfigError
from schemas.units import MS, SECOND, US

MEASURED = "measured"
_LATENCY = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s)")
_UNITS = {"ns": 1, "us": US, "ms": MS, "s": SECOND}


class VenueModel(msgspec.Struct, frozen=True):
    """One model; `entry_ns` None is `measured`."""

    queue: str
    power: float
    entry_ns: int | None

    @property
    def latency(self) -> str:
        """Return the latency as it is written."""
        if self.entry_ns is None:
            return MEASURED
        unit = next(
            name for name, size in (("ms", MS), ("us", US), ("ns", 1)) if self.entry_ns >= size or not self.entry_ns
        )
        return f"{self.entry_ns / _UNITS[unit]:.12g}{unit}"

    @property
    def queue_text(self) -> str:
        """Return the queue as it is written."""
        return f"{self.queue}:{self.power:g}" if self.queue == "power" else self.queue

    @property
    def name(self) -> str:
        """Return the model as it is written."""
        return f"{self.queue_text}/{self.latency}"

    def queue_model(self) -> QueueModel:
        """Return what orders queue by."""
        return QueueModel(self.queue, self.power)


def parse_models(texts: Iterable[str], power: float) -> list[VenueModel]:
    """Return the models that texts name, each once; a `power` without its n has `power`.

    Raises:
        ConfigError: If one names none.
    """
    found: dict[VenueModel, None] = {}
    for text in texts:
        queues, slash, latencies = text.partition("/")
        if not slash:
            latencies = MEASURED
        for queue in queues.split(","):
            for latency in latencies.split(","):
                found[VenueModel(*_queue(queue.strip(), text, power), _entry_ns(latency.strip(), text))] = None
    return list(found)


def usual_models(median_ns: int, step_ns: int, power: float, configured_ns: Iterable[int]) -> list[VenueModel]:
    """Return each queue with the measured latency, its median as a constant, what is configured, and none at all.

    The median is left out if a venue whose times are as fine as `step_ns` does not tell it from another constant.
    """
    constants = dict.fromkeys([*configured_ns, 0])
    if all(abs(median_ns - each) > step_ns for each in constants):
        constants = {round(median_ns / US) * US: None, **constants}
    latencies = [None, *constants]
    return [VenueModel(name, power if name == "power" else 0.0, each) for name in MODELS for each in latencies]


def _queue(name: str, text: str, power: float) -> tuple[str, float]:
    name, colon, number = name.partition(":")
    try:
        power = float(number) if colon else power
    except ValueError:
        power = 0.0
    if name not in MODELS or (colon and name != "power") or not 0 < power < 1e6:
        raise ConfigError(
            f"--model {text}: found the queue {name}{colon}{number} (allowed: {', '.join(MODELS)}, power:N)"
        )
    return name, power if name == "power" else 0.0


def _entry_ns(latency: str, text: str) -> int | None:
    if latency == MEASURED:
        return None
    match = _LATENCY.fullmatch(latency)
    entry_ns = round(float(match[1]) * _UNITS[match[2]]) if match else -1
    if not 0 <= entry_ns <= 60 * SECOND:
        raise ConfigError(
            f"--model {text}: found the latency {latency} (allowed: {MEASURED}, or up to 60s: 800us, 2.5ms)"
        )
    return entry_ns
