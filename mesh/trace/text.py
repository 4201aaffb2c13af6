"""The way of an order as text: a line for each step, then what the decision rested on, then what could not be found.

A step tells when its agent received what it acted on, had decided (market data: decoded the frame), and sent: since the
venue frame was received, or where that is not known or lies before a boot, since the first step that is.
"""

import time
from collections.abc import Iterator, Sequence

from mesh.trace.message_text import short
from mesh.trace.way import CauseLine, Step, Trace

HIDDEN = frozenset({"causes", "client_order_id", "venue_order_id", "strategy", "ts_event_ns", "ts_recv_ns"})
"""Fields that stand in the heading or in a column of their own."""

BREAK = "the host was started anew: from here on since the next step"


def text(trace: Trace) -> str:
    """Return the lines of one order."""
    tick_to_order = f", tick to order {duration(trace.tick_to_order_ns)}" if trace.tick_to_order_ns is not None else ""
    venue = f" (venue {trace.venue_order_id})" if trace.venue_order_id else ""
    lines = [
        f"order {trace.client_order_id}{venue}: {trace.strategy or 'no strategy'}, {trace.status}, "
        f"{trace.filled_lots} lots filled{tick_to_order}",
        f"{'clock (UTC)':15} {'received':>11} {'decoded/decided':>15} {'sent':>11}  {'step':20} {'agent':10} "
        f"{'message':24} fields",
        *_steps(trace.steps),
    ]
    if trace.causes:
        lines += ["rested on", *map(_cause, trace.causes)]
    return "\n".join([*lines, *(f"note: {note}" for note in trace.notes)])


def duration(time_ns: int | None) -> str:
    """Return a time for people; `-` if it is not known."""
    if time_ns is None:
        return "-"
    if time_ns < 1_000_000:
        return f"{time_ns / 1_000:.1f} us"
    return f"{time_ns / 1_000_000:.3f} ms" if time_ns < 10_000_000_000 else f"{time_ns / 1_000_000_000:.3f} s"


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    begun_ns = 0
    for number, step in enumerate(steps):
        if number and step.delta_ns is None:
            yield BREAK
        if not number or step.delta_ns is None:
            begun_ns = _times_ns(step)[0] or step.at_ns
        yield _step(step, begun_ns)


def _times_ns(step: Step) -> tuple[int, int, int]:
    """Return when a step was received, decided and sent; 0 where there is no such time."""
    return (step.at_ns, 0, 0) if step.step == "venue_frame" else (step.recv_ns, step.decided_ns, step.send_ns)


def _step(step: Step, begun_ns: int) -> str:
    where = f"{step.stream} {step.epoch}/{step.seq}"
    fields = " ".join(f"{name}={short(value)}" for name, value in step.message.items() if name not in HIDDEN)
    received, decided, sent = (duration(at_ns - begun_ns if at_ns else None) for at_ns in _times_ns(step))
    if step.step == "venue_frame":
        fields = f"venue clock {_clock(step.event_ns)}" if step.event_ns else ""
    times = f"{received:>11} {decided:>15} {sent:>11}"
    return f"{_clock(step.wall_ns)} {times}  {step.step:20} {step.agent:10} {where:24} {fields}".rstrip()


def _cause(cause: CauseLine) -> str:
    where = f"{cause.stream} {cause.epoch}/{cause.seq}"
    found = f"{cause.agent}, {cause.type}, {duration(cause.age_ns)} old" if cause.agent else "not found"
    return f"  {cause.of:8} {where:24} {found}"


def _clock(wall_ns: int) -> str:
    if not wall_ns:
        return f"{'-':15}"
    seconds, rest_ns = divmod(wall_ns, 10**9)
    return f"{time.strftime('%H:%M:%S', time.gmtime(seconds))}.{rest_ns // 1000:06d}"
