"""The compiled core, one call at a time as Python makes them, beside what people use instead.

A book gets one level a call with best bid and ask read after each, as a naive follower would, or messages of twenty levels
as the mesh delivers them. Indicators get one bar a call and are read. The log takes 200-byte frames while another thread
syncs it every 5 ms, each append timed by itself, less the two clock readings. A venue's depth frame goes all the way from
its JSON into a book. Peers that are not installed are left out with a word.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter_ns

import numpy as np

from agents.instruments import InstrumentTable
from agents.venues.binance import spot
from bench.desk import VENUE, instrument
from bench.measure import clock_ns, quiet, time_ns
from bench.peers import book, indicator
from bench.result import Source
from bench.scenario import Bench
from bench.workloads import bars, changes, depth_frame, frames, packed, starting_levels
from core.book import ASK, BID, OrderBook
from core.decimals import Scale, pack_levels
from core.frame import pack, unpack
from core.histogram import LatencyHistogram
from core.indicators import Indicators
from core.log import LogWriter
from core.sequence import SequenceTracker
from mesh.node.log_sync import LogSync
from schemas.config import Config, VenueConfig
from schemas.streams import Kind, stream_id

NAME = "core"
TITLE = "Compiled core"
WEIGHT = 2.0
LEVELS_EACH = 20
SYNC_MS = 5
STREAM = stream_id(Kind.TRADE, 1, 1)
PERIODS = {"ema_period": 20, "rsi_period": 14, "atr_period": 14}
"""What is asked of the indicators; none of these needs a volume."""

Case = tuple[Callable[[], object], int]
"""What to time, and how many operations it is."""


def run(bench: Bench) -> None:
    """Measure."""
    n = bench.settings.n(20_000, 5_000, 200)
    ours = books(n) | frame_cases(n) | number_cases(n) | indicator_cases(n)
    theirs = book.cases(n, bench.skip) | indicator.cases(n, bench.skip) if bench.settings.peers else {}
    plain = plain_cases(n)
    cases = ours | theirs | plain
    seconds = bench.settings.seconds
    with bench.on_cpu():
        timed = bench.rounds({name: partial(time_ns, *case, seconds) for name, case in cases.items()}, 0.8)
    for name, rounds in timed.items():
        source: Source = "tickmesh" if name in ours else "peer"
        bench.figure(name, "ns", rounds, source=source)
    log(bench)


def books(n: int) -> dict[str, Case]:
    """Return the order book: level by level, in messages, and from the venue's text."""
    made = changes(n)
    messages = packed(made, LEVELS_EACH)
    book_one, book_many = _book(), _book()

    def call() -> int:
        update = book_one.update
        top = 0
        for side, price, qty in made:
            update(side, price, qty)
            top = book_one.best_bid + book_one.best_ask
        return top

    def batch() -> int:
        apply = book_many.apply
        top = 0
        for bids, asks in messages:
            apply(bids, asks)
            top = book_many.best_bid + book_many.best_ask
        return top

    return {"book_call": (call, n), "book_batch": (batch, n), "depth_to_book": _depth_to_book(n)}


def _depth_to_book(n: int) -> Case:
    venue = VenueConfig(id=1, name=VENUE, kind="binance_spot")
    traded = instrument(1, "BTCUSDT", feeds=("depth@100ms",))
    info = InstrumentTable(Config(venues=(venue,), instruments=(traded,), agents={})).by_id[1]
    feeds = spot.feeds(venue, [info])
    texts = [depth_frame("BTCUSDT", LEVELS_EACH, number) for number in range(1, max(2, n // (2 * LEVELS_EACH)))]
    levels = OrderBook()

    def run() -> None:
        for text in texts:
            channel = feeds.channel(text)
            assert channel is not None
            delta = feeds.decode(channel, text, 0).delta  # type: ignore[union-attr]
            levels.apply(delta.bids, delta.asks)

    return run, len(texts) * LEVELS_EACH * 2


def frame_cases(n: int) -> dict[str, Case]:
    """Return header and sequence check."""
    made = frames(n)
    tracker = SequenceTracker()
    tracker.set(STREAM, 1, 0)
    body = bytes(64)

    def write() -> None:
        for seq in range(n):
            pack(stream=STREAM, type=1, sender=2, epoch=1, seq=seq, origin_ns=seq, send_ns=seq, payload=body)

    def read() -> int:
        total = 0
        for frame in made:
            total += unpack(frame).seq
        return total

    def observe() -> None:
        check = tracker.observe
        tracker.set(STREAM, 1, 0)
        for seq in range(1, n + 1):
            check(STREAM, 1, seq)

    return {"header_pack": (write, n), "header_unpack": (read, n), "sequence_observe": (observe, n)}


def number_cases(n: int) -> dict[str, Case]:
    """Return the decimal parser, packed levels, and the histogram."""
    scale, lots = Scale("0.01"), Scale("0.00000001")
    texts = [f"{50_000 + i * 0.01:.2f}" for i in range(1000)]
    levels = [[text, "0.01200000"] for text in texts[:LEVELS_EACH]]
    record = LatencyHistogram().record

    def parse() -> None:
        for text in texts:
            scale.parse(text)

    def pack_all() -> None:
        for _ in range(n // LEVELS_EACH):
            pack_levels(levels, scale, lots)

    def count() -> None:
        for value in range(n):
            record(value << 8)

    return {"decimal_parse": (parse, len(texts)), "pack_levels": (pack_all, n), "histogram_record": (count, n)}


def indicator_cases(n: int) -> dict[str, Case]:
    """Return EMA, RSI and ATR, bar by bar with reads, and over a whole array."""
    high, low, close, _ = np.ascontiguousarray(bars(n).T)
    rows = [tuple(row) for row in bars(n)[:, :3].tolist()]
    out = np.empty((n, len(PERIODS)))
    one, many = Indicators(**PERIODS), Indicators(**PERIODS)

    def call() -> float:
        total = 0.0
        for most, least, last in rows:
            one.update(most, least, last)
            total = one.ema + one.rsi + one.atr
        return total

    return {
        "indicators_call": (call, n),
        "indicators_batch": (lambda: many.update_batch(high, low, close, None, out), n),
    }


def plain_cases(n: int) -> dict[str, Case]:
    """Return the same in plain Python, without a library."""
    texts = [f"{50_000 + i * 0.01:.2f}" for i in range(1000)]

    def parse() -> None:
        from decimal import Decimal

        for text in texts:
            int(Decimal(text).scaleb(2))

    return {"decimal_parse_python": (parse, len(texts)), "depth_to_book_python": book.depth_case(n, LEVELS_EACH)}


def log(bench: Bench) -> None:
    """Time each append by itself, under group sync; reads by sequence, and the same append in plain Python.

    All on the measured CPU, and ours once more wherever the kernel has its two threads run: to sync pages from another CPU
    interrupts the one that appends.
    """
    n = bench.settings.n(200_000, 40_000, 500)
    made = frames(n)

    def ours() -> tuple[np.ndarray, float]:
        with bench.folder() as folder:
            writer = LogWriter(str(folder / "log"))
            sync = LogSync(writer, SYNC_MS, _fail)
            sync.start()
            samples = _each(made, writer.append)
            sync.stop()
            spots = range(0, n, max(1, n // 200))
            read = time_ns(
                lambda: [writer.read(STREAM, 1, s, count_max=1, bytes_max=1 << 20) for s in spots], len(spots), 0.01
            )
            writer.close()
            return samples, read

    def plain() -> tuple[np.ndarray, float]:
        with bench.folder() as folder:
            return book.plain_log(folder / "log", made, _each), 0.0

    def pinned(variant: Callable[[], tuple[np.ndarray, float]]) -> tuple[np.ndarray, float]:
        with bench.on_cpu():
            return variant()

    variants = {
        "log_append": partial(pinned, ours),
        "log_append_unpinned": ours,
        "log_append_python": partial(pinned, plain),
    }
    for name, rounds in bench.rounds(variants).items():
        source: Source = "peer" if name == "log_append_python" else "tickmesh"
        bench.latencies("append", name, [samples for samples, _ in rounds], source=source)
        if name == "log_append":
            bench.figure("log_read", "ns", [read for _, read in rounds])


def _each(made: list[bytes], append: Callable[[bytes], object]) -> np.ndarray:
    """Return nanoseconds of each call, less what reading the clock twice takes."""
    samples = np.empty(len(made), dtype=np.int64)
    with quiet():
        read_ns = clock_ns()
        for index, frame in enumerate(made):
            begun_ns = perf_counter_ns()
            append(frame)
            samples[index] = perf_counter_ns() - begun_ns
    return np.maximum(samples - read_ns, 0)


def _book() -> OrderBook:
    found = OrderBook()
    for side, price, qty in starting_levels():
        found.update(BID if side > 0 else ASK, price, qty)
    return found


def _fail(error: OSError) -> None:
    raise error
