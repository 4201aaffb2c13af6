"""The way of an order as text: a line for each step, then what the decision rested on, then what could not be found."""

import time

from mesh.fields import short
from mesh.trace import CauseLine, Step, Trace

HIDDEN = frozenset({"causes", "client_order_id", "venue_order_id", "strategy", "ts_event_ns", "ts_recv_ns"})
"""Fields that stand in the heading or in a column of their own."""


def text(trace: Trace) -> str:
    """Return the lines of one order."""
    tick_to_order = f", tick to order {duration(trace.tick_to_order_ns)}" if trace.tick_to_order_ns is not None else ""
    venue = f" (venue {trace.venue_order_id})" if trace.venue_order_id else ""
    lines = [
        f"order {trace.client_order_id}{venue}: {trace.strategy or 'no strategy'}, {trace.status}, "
        f"{trace.filled_lots} lots filled{tick_to_order}",
        f"{'clock (UTC)':15} {'since frame':>11} {'since last':>11}  {'step':20} {'agent':10} {'message':24} fields",
        *map(_step, trace.steps),
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


def _step(step: Step) -> str:
    taken = "" if not step.recv_ns else f" in agent {duration(step.send_ns - step.recv_ns)}"
    where = f"{step.stream} {step.epoch}/{step.seq}"
    fields = " ".join(f"{name}={short(value)}" for name, value in step.message.items() if name not in HIDDEN)
    times = f"{_clock(step.wall_ns)} {duration(step.since_ns):>11} {duration(step.delta_ns):>11}"
    if step.step == "venue_frame":
        fields = f"venue clock {_clock(step.event_ns)}" if step.event_ns else ""
        taken = ""
    return f"{times}  {step.step:20} {step.agent:10} {where:24} {fields}{taken}".rstrip()


def _cause(cause: CauseLine) -> str:
    where = f"{cause.stream} {cause.epoch}/{cause.seq}"
    found = f"{cause.agent}, {cause.type}, {duration(cause.age_ns)} old" if cause.agent else "not found"
    return f"  {cause.of:8} {where:24} {found}"


def _clock(wall_ns: int) -> str:
    if not wall_ns:
        return f"{'-':15}"
    seconds, rest_ns = divmod(wall_ns, 10**9)
    return f"{time.strftime('%H:%M:%S', time.gmtime(seconds))}.{rest_ns // 1000:06d}"
