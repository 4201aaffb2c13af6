"""One followed stream of the archive: its names in every row, and where it stands."""

from core.histogram import LatencyHistogram


class Arrivals:
    """A stream by its `number` among those followed.

    `restarts` streams count from 1 in every epoch of their publisher. `local` publishers share this host's monotonic clock.
    `symbols` by instrument number are those of a stream that is about more than one. `latency`, if given, counts how long
    its messages took. `touched` links have moved on since their rows were last handed over.
    """

    def __init__(
        self,
        number: int,
        publisher: str,
        stream: int,
        venue: str,
        symbol: str,
        restarts: bool,
        local: bool,
        symbols: dict[int, str],
    ) -> None:
        """Stand before the first message."""
        self.number = number
        self.publisher = publisher
        self.stream = stream
        self.venue = venue
        self.symbol = symbol
        self.restarts = restarts
        self.local = local
        self.symbols = symbols
        self.latency: LatencyHistogram | None = None
        self.epoch = 0
        self.seq = 0
        self.touched = False

    def observe(self, epoch: int, seq: int) -> int:
        """Move on to (`epoch`, `seq`); return the sequence number that was due, 0 if that place was passed already."""
        due = self.seq + 1
        if epoch != self.epoch and self.restarts:
            due = 1
        if epoch < self.epoch or (epoch == self.epoch and seq < due):
            return 0
        self.epoch = epoch
        self.seq = seq
        return due
