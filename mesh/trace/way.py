"""The way of one order, from the venue frame that began it to its fills, read from the publication logs.

Every event names its causes (stream, epoch, seq), so the way is walked, not guessed: the order's events in execution's
log, the decision that it was created on in risk's, the signal with its number in the signal agent's, and each cause in the
log of whoever published it; then forwards to the first position and equity that counted each fill. The logs are read while
the agents write them or long after; nothing is asked of an agent.

Times are monotonic and compare within one boot of one host. A step that is earlier than what it follows from (the host
was started anew in between) begins a new stretch, and no time is told across the break. What a log does not hold any
more is named in `notes` instead of being passed over.
"""

from typing import Any

import msgspec

from mesh.trace.logs import SEQ_MAX, Logs, OrderNotFoundError, Record
from mesh.trace.message_text import fields_of
from schemas.messages import (
    Approved,
    Cause,
    Equity,
    Message,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
    Position,
    Signal,
)
from schemas.orders import OrderStatus
from schemas.streams import Kind, stream_id, stream_name

EQUITY_STREAM = stream_id(Kind.EQUITY)
OrderEvent = OrderInitialized | OrderUpdated | OrderFilled


class Step(msgspec.Struct, frozen=True):
    """One step of the way. `at_ns` is its monotonic time, `wall_ns` and `event_ns` our and the venue's clock (0: untold).

    `recv_ns` is when the agent had received what it acted on here (0 if nothing: a timer), `decided_ns` when it asked for
    this to be sent (market data: had decoded the frame), `send_ns` when this was encoded. `delta_ns` is the time since the
    step before and `since_ns` since the venue frame was received; None across a boot.
    """

    step: str
    agent: str
    stream: str
    epoch: int
    seq: int
    type: str
    at_ns: int
    origin_ns: int
    recv_ns: int
    decided_ns: int
    send_ns: int
    wall_ns: int
    event_ns: int
    delta_ns: int | None
    since_ns: int | None
    message: dict[str, Any]


class CauseLine(msgspec.Struct, frozen=True):
    """A message that the signal or the decision rests on; `age_ns` is how old it was then, `agent` empty if not found."""

    of: str
    stream: str
    epoch: int
    seq: int
    agent: str
    type: str
    age_ns: int | None


class Trace(msgspec.Struct, frozen=True):
    """One order: its ids, its last status, its steps in time order, and everything that its decision rested on."""

    client_order_id: str
    venue_order_id: str
    strategy: str
    status: str
    filled_lots: int
    tick_to_order_ns: int | None
    steps: list[Step]
    causes: list[CauseLine]
    notes: list[str]


class _Way:
    """Steps in causal order, each with the stretch of time (between boots) that it lies in."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.causes: list[CauseLine] = []
        self._steps: list[tuple[int, int, str, Record]] = []

    def add(self, step: str, record: Record, after: int | None, at_ns: int | None = None) -> int:
        """Append a step that follows from step number `after`; return its own number."""
        at_ns = record.header.send_ns if at_ns is None else at_ns
        stretch = 0
        if after is not None:
            before = self._steps[after]
            stretch = before[0] + (at_ns < before[1])
        self._steps.append((stretch, at_ns, step, record))
        return len(self._steps) - 1

    def steps(self) -> list[Step]:
        """Return the steps in time order."""
        found: list[Step] = []
        ordered = sorted(self._steps, key=lambda each: each[:2])
        for number, (stretch, at_ns, step, record) in enumerate(ordered):
            before = ordered[number - 1] if number else ordered[0]
            delta_ns = at_ns - before[1] if before[0] == stretch else None
            begun = ordered[0][2] == "venue_frame" and ordered[0][0] == stretch
            found.append(_step(step, record, at_ns, delta_ns, at_ns - ordered[0][1] if begun else None))
        return found


def trace(logs: Logs, order_id: str) -> Trace:
    """Return the way of the order with this client order id, or this venue order id.

    Raises:
        OrderNotFoundError: If no log knows it, or several orders have this venue order id.
        LogDamagedError: If a log cannot be read as far as is needed.
    """
    events = _events(logs, order_id)
    way = _Way()
    first = events[0]
    client_order_id = _client_order_id(first.message)
    approved = _approved(logs, first, client_order_id)
    number = _way_to(logs, way, approved, first)
    for event in events:
        number = way.add(_step_name(event.message), event, number)
        if isinstance(event.message, OrderFilled):
            _counted(logs, way, event, event.message, number)
    steps = way.steps()
    updates = [event.message for event in events if isinstance(event.message, OrderUpdated | OrderFilled)]
    return Trace(
        client_order_id=client_order_id,
        venue_order_id=next((m.venue_order_id for m in updates if m.venue_order_id), ""),
        strategy=next((m.strategy for m in _messages(events) if isinstance(m, OrderInitialized)), ""),
        status=_status_name(events[-1].message),
        filled_lots=max((m.cum_qty_lots for m in updates), default=0),
        tick_to_order_ns=next((s.since_ns for s in steps if s.step == "order_submitted" and s.origin_ns), None),
        steps=steps,
        causes=way.causes,
        notes=way.notes,
    )


def encode(trace: Trace) -> bytes:
    """Return a trace as one JSON object."""
    return msgspec.json.encode(trace)


def _events(logs: Logs, order_id: str) -> list[Record]:
    """Return the events of an order, oldest first."""
    streams = logs.with_kind(Kind.ORDER)
    for agent, stream in streams:
        events = _events_of(logs, agent, stream, order_id)
        if events:
            return events
    named = {
        (_client_order_id(record.message), agent, stream)
        for agent, stream in streams
        for record in logs.records(agent, stream, text=order_id.encode())
        if getattr(record.message, "venue_order_id", None) == order_id
    }
    if len(named) > 1:
        ids = ", ".join(sorted(each[0] for each in named))
        raise OrderNotFoundError(f"{order_id} is the venue order id of {len(named)} orders; name one of them: {ids}")
    for client_order_id, agent, stream in named:
        return _events_of(logs, agent, stream, client_order_id)
    where = ", ".join(f"{agent} {stream_name(stream)}" for agent, stream in streams) or "no log has order events"
    raise OrderNotFoundError(
        f"no order {order_id!r}: no client or venue order id of that name in {logs.state_dir} "
        f"(searched: {where}; logs of {', '.join(logs.agents)})"
    )


def _events_of(logs: Logs, agent: str, stream: int, client_order_id: str) -> list[Record]:
    records = logs.records(agent, stream, text=client_order_id.encode())
    return [each for each in records if _client_order_id(each.message) == client_order_id]


def _approved(logs: Logs, first: Record, client_order_id: str) -> Record | None:
    """Return the decision that the order names, or in logs of before, which name none, the one that names the order."""
    order = first.message
    if isinstance(order, OrderInitialized) and order.approver:
        held = logs.at(order.causes[0], first.agent)
        return held if held is not None and held.header.sender == order.approver else None
    for agent, stream in logs.with_kind(Kind.DECISION):
        for record in logs.records(agent, stream, text=client_order_id.encode()):
            if isinstance(record.message, Approved) and record.message.client_order_id == client_order_id:
                return record
    return None


def _signal(logs: Logs, approved: Approved) -> Record | None:
    stream = stream_id(Kind.SIGNAL, 0, approved.instrument_id)
    for agent in logs.agents:
        # The position before the epoch's first record: an EVENT stream goes on counting, so any seq of an earlier epoch.
        after = (max(0, approved.signal_epoch - 1), SEQ_MAX)
        for record in logs.records(agent, stream, after):
            if record.header.epoch > approved.signal_epoch:
                break
            if isinstance(record.message, Signal) and record.message.signal_id == approved.signal_id:
                return record
    return None


def _way_to(logs: Logs, way: _Way, approved: Record | None, first: Record) -> int | None:
    """Add the steps up to the order; return the number of the last one, None if there is none."""
    if approved is None or not isinstance(approved.message, Approved):
        external = getattr(first.message, "external", False)
        why = "it was not placed by this mesh" if external else "the log does not hold its approval"
        way.notes.append(f"no decision: {why}")
        return None
    signal = _signal(logs, approved.message)
    if signal is None or not isinstance(signal.message, Signal):
        way.notes.append(f"no signal: no log here holds signal {approved.message.signal_id}")
        _resolve(logs, way, "decision", approved, approved.message.causes)
        return way.add("decision", approved, None)
    of_signal = _resolve(logs, way, "signal", signal, signal.message.causes)
    own = tuple(cause for cause in approved.message.causes if cause not in signal.message.causes)
    _resolve(logs, way, "decision", approved, own)
    number = _way_to_signal(way, signal, of_signal)
    return way.add("decision", approved, way.add("signal", signal, number))


def _way_to_signal(way: _Way, signal: Record, causes: list[Record]) -> int | None:
    """Add the venue frame and its publication: the cause that came with the signal's origin, else the newest."""
    begun = [cause for cause in causes if cause.header.origin_ns]
    trigger = next((cause for cause in begun if cause.header.origin_ns == signal.header.origin_ns), None)
    if trigger is None:
        if not begun:
            way.notes.append("no venue frame: no log here holds what the signal rests on")
            return None
        trigger = max(begun, key=lambda cause: cause.header.origin_ns)
        way.notes.append("the signal came from a timer: the venue frame is the newest one that it rests on")
    return way.add("published", trigger, way.add("venue_frame", trigger, None, trigger.header.origin_ns))


def _resolve(logs: Logs, way: _Way, of: str, record: Record, causes: tuple[Cause, ...]) -> list[Record]:
    """Add a line for each cause of `record`; return the records that were found."""
    found = []
    for cause in causes:
        stream, epoch, seq = cause
        held = logs.at(cause, record.agent)
        if held is None:
            way.notes.append(f"no log here holds {stream_name(stream)} {epoch}/{seq}, a cause of the {of}")
            way.causes.append(CauseLine(of, stream_name(stream), epoch, seq, "", "", None))
            continue
        found.append(held)
        age_ns = record.header.send_ns - (held.header.origin_ns or held.header.send_ns)
        kind = type(held.message).__name__
        way.causes.append(
            CauseLine(of, stream_name(stream), epoch, seq, held.agent, kind, age_ns if age_ns >= 0 else None)
        )
    return found


def _counted(logs: Logs, way: _Way, event: Record, fill: OrderFilled, number: int) -> None:
    """Add the first position that counted a fill, and the first equity published with or after it."""
    stream = stream_id(Kind.POSITION, event.header.venue, fill.instrument_id)
    for agent in logs.agents:
        for record in logs.records(agent, stream):
            position = record.message
            if isinstance(position, Position) and position.order_seq >= event.header.seq:
                after = way.add("position", record, number)
                _valued(logs, way, record, after)
                return
    way.notes.append(f"no position: no log here counts fill {fill.trade_id}")


def _valued(logs: Logs, way: _Way, position: Record, number: int) -> None:
    before = (max(0, position.header.epoch - 1), SEQ_MAX)
    for record in logs.records(position.agent, EQUITY_STREAM, before):
        if isinstance(record.message, Equity) and record.header.send_ns >= position.header.send_ns:
            way.add("equity", record, number)
            return


def _messages(records: list[Record]) -> list[Message]:
    return [record.message for record in records]


def _client_order_id(message: Message) -> str:
    return message.client_order_id if isinstance(message, OrderEvent) else ""


def _step_name(message: Message) -> str:
    if isinstance(message, OrderFilled):
        return "fill"
    return f"order_{_status_name(message).lower()}"


def _status_name(message: Message) -> str:
    assert isinstance(message, OrderEvent), f"{type(message).__name__} is no event of an order"
    return OrderStatus(message.status).name


def _step(step: str, record: Record, at_ns: int, delta_ns: int | None, since_ns: int | None) -> Step:
    header, message = record.header, record.message
    return Step(
        step=step,
        agent=record.agent,
        stream=stream_name(header.stream),
        epoch=header.epoch,
        seq=header.seq,
        type=type(message).__name__,
        at_ns=at_ns,
        origin_ns=header.origin_ns,
        recv_ns=header.recv_ns,
        decided_ns=header.decided_ns,
        send_ns=header.send_ns,
        wall_ns=getattr(message, "ts_recv_ns", 0),
        event_ns=getattr(message, "ts_event_ns", 0),
        delta_ns=delta_ns,
        since_ns=since_ns,
        message=fields_of(message),
    )
