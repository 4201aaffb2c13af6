"""The targets of the product, as data: which figure, against what, and how much.

Source: the project's performance brief, "Targets of the product". A ratio is taken round by round within one run; absolute
figures are this machine's. `beside` names figures of the same run that are shown next to ours; next to a ratio both of its
sides are shown too.
"""

from statistics import median

import msgspec

from bench.measure import paired_ratio
from bench.result import Figure, Result, TargetLine
from bench.venue_samples import KINDS, Kind


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. With `reference` the ratio figure / reference is compared, else the figure itself.

    `inverse` turns the ratio: reference / figure, for "so many times faster than".
    """

    name: str
    text: str
    figure: str
    bound: float
    reference: str = ""
    inverse: bool = False
    least: bool = False
    """The bound is the least that holds, not the most."""
    beside: tuple[str, ...] = ()


def ratio(name: str, text: str, figure: str, bound: float, reference: str, *, beside: tuple[str, ...] = ()) -> Target:
    """Return a target of at most `bound` times the reference."""
    return Target(name=name, text=text, figure=figure, bound=bound, reference=reference, beside=beside)


def faster(name: str, text: str, figure: str, bound: float, reference: str) -> Target:
    """Return a target of at least `bound` times as fast as the reference."""
    return Target(name=name, text=text, figure=figure, bound=bound, reference=reference, inverse=True, least=True)


def most(name: str, text: str, figure: str, bound: float, *, beside: tuple[str, ...] = ()) -> Target:
    """Return a target of at most `bound` in the figure's own unit."""
    return Target(name=name, text=text, figure=figure, bound=bound, beside=beside)


def least(name: str, text: str, figure: str, bound: float, *, beside: tuple[str, ...] = ()) -> Target:
    """Return a target of at least `bound` in the figure's own unit."""
    return Target(name=name, text=text, figure=figure, bound=bound, least=True, beside=beside)


C_CHAIN = "tick_to_order.c_ipc.closed.p50"
RESTED = "tick_to_order.agents_ipc.rested.p50"
PATH = "tick_to_order.agents_ipc.closed.p50"
ASYNCIO = "tick_to_order.agents_on_asyncio.closed.p50"
GROUP = "group.group.closed.p50"
RISK = "risk.approve.round_trip.p50"
NATS, GRPC, REDIS = (f"tick_to_order.{name}.closed.p50" for name in ("nats", "grpc", "redis"))


def _frame_targets(kind: Kind) -> list[Target]:
    """Return how one kind of venue frame compares: all that is done with it, and the reading alone."""
    ours, text = f"venue_frames.{kind.key}", ">= 8 x faster than its parsing"
    found = [faster(f"{kind.key} vs ccxt.pro", text, ours, 8, f"{ours}_ccxt")]
    if kind.cryptofeed:
        found.append(faster(f"{kind.key}, read alone, vs cryptofeed", text, f"{ours}_read", 8, f"{ours}_cryptofeed"))
    return found


TARGETS = (
    ratio(
        "tick to order",
        "<= 1.6 x C libzmq chain",
        PATH,
        1.6,
        C_CHAIN,
        beside=(NATS, GRPC, REDIS),
    ),
    ratio("tick to order, stretch", "<= 1.25 x C libzmq chain", PATH, 1.25, C_CHAIN),
    ratio(
        "tick to order, from rest",
        "<= 1.6 x C libzmq chain",
        RESTED,
        1.6,
        "tick_to_order.c_ipc.rested.p50",
    ),
    ratio(
        "tick to order, fixed addresses",
        "<= 1.6 x C libzmq chain at fixed ones too",
        "tick_to_order.agents_fixed.closed.p50",
        1.6,
        "tick_to_order.c_fixed.closed.p50",
    ),
    ratio(
        "tick to order, fixed addresses, from rest",
        "<= 1.6 x C libzmq chain at fixed ones too",
        "tick_to_order.agents_fixed.rested.p50",
        1.6,
        "tick_to_order.c_fixed.rested.p50",
    ),
    ratio(
        "tick to order vs asyncio",
        "<= 0.35 x same agents on zmq.asyncio",
        PATH,
        0.35,
        "tick_to_order.agents_on_asyncio.closed.p50",
    ),
    ratio("tick to order, group", "<= 0.5 x C 4-process chain", GROUP, 0.5, "group.c_ipc.closed.p50"),
    ratio("tick to order, group, stretch", "<= 0.3 x C 4-process chain", GROUP, 0.3, "group.c_ipc.closed.p50"),
    ratio(
        "tick to order, group, from rest",
        "<= 0.5 x C 4-process chain",
        "group.group.rested.p50",
        0.5,
        "group.c_ipc.rested.p50",
    ),
    ratio("risk round trip", "<= 1.4 x C round trip", RISK, 1.4, "risk.c.round_trip.p50"),
    faster("risk round trip vs gRPC", ">= 8 x faster than gRPC unary", RISK, 8, "risk.grpc.round_trip.p50"),
    faster("risk round trip vs Redis", ">= 8 x faster than Redis Streams", RISK, 8, "risk.redis.round_trip.p50"),
    faster("risk round trip vs NATS", ">= 4 x faster than NATS", RISK, 4, "risk.nats.round_trip.p50"),
    least(
        "burst drained",
        ">= 300 k ready trades/s, Python handlers, order every 70",
        "burst.agents",
        300,
        beside=("tick_to_order.agents_ipc.drain", "tick_to_order.c_ipc.drain", "tick_to_order.zmq_asyncio.drain"),
    ),
    least(
        "PUB/SUB into a Python handler",
        ">= 0.6 M msg/s",
        "fanout.agents.1",
        0.6,
        beside=("fanout.c.1", "fanout.zmq_asyncio.1"),
    ),
    least("PUB/SUB without Python", ">= 1.8 M msg/s", "fanout.compiled.1", 1.8, beside=("fanout.c.1",)),
    most(
        "log append p50",
        "<= 0.25 us",
        "core.log_append.append.p50",
        0.25,
        beside=("core.log_append_python.append.p50",),
    ),
    most(
        "log append p99",
        "<= 2 us",
        "core.log_append.append.p99",
        2.0,
        beside=("core.log_append_unpinned.append.p99",),
    ),
    most(
        "order book, per call",
        "<= 130 ns",
        "core.book_call",
        130,
        beside=("core.book_call_order_book", "core.book_call_sortedcontainers"),
    ),
    most("order book, batch", "<= 15 ns per level", "core.book_batch", 15),
    most("depth frame to book", "<= 80 ns per level", "core.depth_to_book", 80, beside=("core.depth_to_book_python",)),
    most(
        "EMA+RSI+ATR with reads",
        "<= 130 ns per bar",
        "core.indicators_call",
        130,
        beside=("core.indicators_talipp", "core.indicators_talib_stream"),
    ),
    ratio("EMA+RSI+ATR, batch", "<= 1.2 x TA-Lib", "core.indicators_batch", 1.2, "core.indicators_batch_talib"),
    most("venue frame, trade", "<= 3 us", "venue_frames.trade", 3.0, beside=("venue_frames.trade_ccxt",)),
    most("venue frame, depth 20x2", "<= 6 us", "venue_frames.depth", 6.0, beside=("venue_frames.depth_ccxt",)),
    *(target for kind in KINDS for target in _frame_targets(kind)),
    least("replay, few orders", ">= 1.5 M ticks/s", "replay.strategy", 1.5),
    faster("replay, order every 70 ticks", ">= 8 x nautilus", "replay.orders_per_tick", 8, "replay.nautilus_per_tick"),
    least("archive insert", ">= 2.5 M rows/s", "archive.insert", 2.5),
    least("archive read", ">= 9 M rows/s", "archive.read", 9.0),
    most("archive size", "<= 32 bytes/row", "archive.bytes_per_row", 32),
    most("agent import", "<= 110 ms", "startup.signal.import", 110, beside=("startup.bare.import",)),
    most(
        "agent memory",
        "<= 40 MB RSS",
        "startup.signal.rss",
        40,
        beside=("startup.bare.rss", "startup.signal.rss_restarted"),
    ),
    most("agent start to LIVE", "<= 0.5 s", "startup.signal.live", 0.5),
    most("halt of 100 orders, confirmed", "<= 250 ms", "halt.confirmed", 250, beside=("halt.orders",)),
)


def lines(result: Result) -> list[TargetLine]:
    """Return every target with what `result` has to say about it."""
    figures = result.figures()
    return [_line(target, figures) for target in TARGETS]


def _line(target: Target, figures: dict[str, Figure]) -> TargetLine:
    figure = figures.get(target.figure)
    reference = figures.get(target.reference) if target.reference else None
    absent = [name for name in (target.figure, target.reference) if name and name not in figures]
    line = TargetLine(
        name=target.name,
        target=target.text,
        measured=None,
        reference=None if reference is None else reference.median,
        holds=None,
        figure=target.figure,
        reference_figure=target.reference,
        unit="" if figure is None else figure.unit,
        why=f"not measured: {', '.join(absent)}" if absent else "",
    )
    if figure is None or absent:
        return line
    line.measured = _measured(target, figure, reference)
    line.holds = line.measured >= target.bound if target.least else line.measured <= target.bound
    line.rounds = min(len(each.rounds) for each in (figure, reference) if each is not None)
    shown = (target.figure, target.reference) if reference is not None else ()
    line.beside = {name: figures[name].median for name in (*shown, *target.beside) if name in figures}
    line.unit = "x" if reference is not None else figure.unit
    return line


def _measured(target: Target, figure: Figure, reference: Figure | None) -> float:
    if reference is None:
        return median(figure.rounds)
    if target.inverse:
        return paired_ratio(reference.rounds, figure.rounds)
    return paired_ratio(figure.rounds, reference.rounds)
