"""Trace: orders whose way is broken, moved in time or not unique, in logs written for the purpose."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.frame import pack
from core.log import LogWriter
from mesh.protocol.codec import encode, type_number
from mesh.trace.logs import Logs, OrderNotFoundError
from mesh.trace.text import BREAK, duration, text
from mesh.trace.way import Trace, trace
from mesh.trace.way import encode as encode_trace
from schemas.messages import (
    Approved,
    Equity,
    Message,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
    Position,
    Quote,
    Signal,
)
from schemas.orders import OrderStatus, Side, TimeInForce
from schemas.streams import Kind, stream_id

QUOTES = stream_id(Kind.QUOTE, 1, 7)
SIGNALS = stream_id(Kind.SIGNAL, 0, 7)
DECISIONS = stream_id(Kind.DECISION, 0, 7)
ORDERS = stream_id(Kind.ORDER, 1, 0)
POSITIONS = stream_id(Kind.POSITION, 1, 7)
EQUITY = stream_id(Kind.EQUITY)
SENDERS = {"md": 1, "sg": 2, "rk": 3, "ex": 4, "pf": 5}
ID = "T30001000001"
MS = 1_000_000


class Desk:
    """Logs of a small desk, written record by record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._logs: dict[str, LogWriter] = {}
        self._seq: dict[tuple[str, int], int] = {}
        self.decision = DECISIONS, 1, 1

    def say(
        self,
        agent: str,
        stream: int,
        message: Message,
        at_ns: int,
        origin_ns: int = 0,
        epoch: int = 1,
        recv_ns: int = 0,
        decided_ns: int = 0,
    ) -> int:
        """Append one publication and return its sequence."""
        if agent not in self._logs:
            self._logs[agent] = LogWriter(str(self.folder / agent / "log"), segment_bytes=1 << 16)
        seq = self._seq[agent, stream] = self._seq.get((agent, stream), 0) + 1
        head = {"stream": stream, "type": type_number(message), "sender": SENDERS[agent], "epoch": epoch, "seq": seq}
        times = {"origin_ns": origin_ns, "recv_ns": recv_ns, "decided_ns": decided_ns, "send_ns": at_ns}
        self._logs[agent].append(pack(**head, **times, payload=encode(message)))
        return seq

    def close(self) -> None:
        for log in self._logs.values():
            log.close()

    def quote(self, origin_ns: int, at_ns: int = 0, **more: int) -> int:
        quote = Quote(1, origin_ns + 5, 1, 100, 1, 101, 1)
        return self.say("md", QUOTES, quote, at_ns or origin_ns, origin_ns, **more)

    def signal(self, at_ns: int, origin_ns: int, quote_seq: int, **more: int) -> None:
        signal = Signal(9, "s", 7, Side.BUY, 3, 101, TimeInForce.IOC, 1.0, "", ((QUOTES, 1, quote_seq),))
        self.say("sg", SIGNALS, signal, at_ns, origin_ns, **more)

    def approved(self, at_ns: int, origin_ns: int, quote_seq: int, **more: int) -> None:
        causes = ((QUOTES, 1, quote_seq), (EQUITY, 1, 4))
        approved = Approved(9, ID, "s", 7, Side.BUY, 3, 101, TimeInForce.IOC, causes, SENDERS["sg"], 1)
        self.decision = DECISIONS, more.get("epoch", 1), self.say("rk", DECISIONS, approved, at_ns, origin_ns, **more)

    def order(self, at_ns: int, order_id: str = ID, venue_order_id: str = "55", **more: int) -> None:
        external = order_id != ID
        causes, approver = ((), 0) if external else ((self.decision,), SENDERS["rk"])
        terms = OrderInitialized(order_id, "s", 7, Side.BUY, 3, 101, TimeInForce.IOC, causes, external, approver)
        self.say("ex", ORDERS, terms, at_ns, **more)
        self.say("ex", ORDERS, OrderUpdated(order_id, 7, OrderStatus.NEW, venue_order_id, 0, 0, 0), at_ns, **more)

    def fill(self, at_ns: int, **more: int) -> int:
        fill = OrderFilled(ID, "s", 7, Side.BUY, OrderStatus.FILLED, "55", "77", 3, 101, 3, 0, 0, "USDT", 2, 0, 0)
        return self.say("ex", ORDERS, fill, at_ns, **more)

    def position(self, at_ns: int, order_seq: int, **more: int) -> None:
        self.say("pf", POSITIONS, Position(7, 3, 0, 0, 0, 0, 0, 0, order_seq), at_ns, **more)
        self.say("pf", EQUITY, Equity(at_ns, 0, 0, 0, 0, 0, 0), at_ns, **more)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def way(desk: Desk, order_id: str = ID) -> Trace:
    logs = Logs(desk.folder)
    try:
        return trace(logs, order_id)
    finally:
        logs.close()


def names(found: Trace) -> list[str]:
    return [step.step for step in found.steps]


def test_steps_follow_each_other_with_their_times(desk: Desk) -> None:
    quote = desk.quote(1000)
    desk.signal(1010, 1000, quote)
    desk.approved(1030, 1000, quote)
    desk.order(1060, origin_ns=1000)
    desk.position(2000, desk.fill(1500))
    found = way(desk)
    told = [(step.step, step.agent, step.at_ns, step.delta_ns, step.since_ns) for step in found.steps]
    assert told == [
        ("venue_frame", "md", 1000, 0, 0),
        ("published", "md", 1000, 0, 0),
        ("signal", "sg", 1010, 10, 10),
        ("decision", "rk", 1030, 20, 30),
        ("order_submitted", "ex", 1060, 30, 60),
        ("order_new", "ex", 1060, 0, 60),
        ("fill", "ex", 1500, 440, 500),
        ("position", "pf", 2000, 500, 1000),
        ("equity", "pf", 2000, 0, 1000),
    ]
    assert [(cause.of, cause.stream, cause.agent, cause.age_ns) for cause in found.causes] == [
        ("signal", "QUOTE/1/7", "md", 10),
        ("decision", "EQUITY/0/0", "", None),
    ]
    assert found.notes == ["no log here holds EQUITY/0/0 1/4, a cause of the decision"]
    assert b'"since_ns":1000' in encode_trace(found)


def lines_of(found: Trace) -> list[tuple[str, ...]]:
    """Return of each step's line its name and when it was received, decided and sent; of other lines what they say."""
    told = []
    for line in text(found).splitlines()[2:]:
        times = re.match(r"(?:-|[\d:.]+) +" + r"(-|[\d.]+ us) +" * 3 + r"(\w+) ", line)
        told.append((times[4], *times.groups()[:3]) if times else (line,))
    return told


def test_each_line_tells_when_its_step_was_received_decided_and_sent_since_the_frame(desk: Desk) -> None:
    quote = desk.quote(10_000, 16_000, recv_ns=10_000, decided_ns=14_000)
    desk.signal(90_000, 10_000, quote, recv_ns=60_000, decided_ns=85_000)
    desk.approved(150_000, 10_000, quote, recv_ns=120_000, decided_ns=145_500)
    desk.order(190_000, origin_ns=10_000)
    found = way(desk)
    assert lines_of(found)[:6] == [
        ("venue_frame", "0.0 us", "-", "-"),
        ("published", "0.0 us", "4.0 us", "6.0 us"),
        ("signal", "50.0 us", "75.0 us", "80.0 us"),
        ("decision", "110.0 us", "135.5 us", "140.0 us"),
        ("order_submitted", "-", "-", "180.0 us"),
        ("order_new", "-", "-", "180.0 us"),
    ]
    decision = found.steps[3]
    assert (decision.recv_ns, decision.decided_ns, decision.send_ns) == (120_000, 145_500, 150_000)


def test_times_behind_a_boot_are_told_since_the_first_step_there(desk: Desk) -> None:
    quote = desk.quote(90_000)
    desk.signal(91_000, 90_000, quote)
    desk.approved(92_000, 90_000, quote)
    desk.order(93_000, origin_ns=90_000)
    seq = desk.fill(40_000, epoch=2, recv_ns=30_000, decided_ns=35_000)
    desk.position(50_000, seq, epoch=2)
    assert lines_of(way(desk))[6:10] == [
        (BREAK,),
        ("fill", "0.0 us", "5.0 us", "10.0 us"),
        ("position", "-", "-", "20.0 us"),
        ("equity", "-", "-", "20.0 us"),
    ]


def test_signal_of_a_timer_is_traced_to_the_newest_frame_it_rests_on(desk: Desk) -> None:
    quote = desk.quote(1000)
    desk.signal(5000, 0, quote)
    desk.approved(5010, 0, quote)
    desk.order(5020)
    found = way(desk)
    assert names(found)[:3] == ["venue_frame", "published", "signal"]
    assert found.tick_to_order_ns is None
    assert any("came from a timer" in note for note in found.notes)


def test_fill_after_a_reboot_comes_after_the_order_and_no_time_is_told_across(desk: Desk) -> None:
    quote = desk.quote(9000)
    desk.signal(9010, 9000, quote)
    desk.approved(9030, 9000, quote)
    desk.order(9060, origin_ns=9000)
    seq = desk.fill(40, epoch=2)
    desk.position(50, seq, epoch=2)
    found = way(desk)
    assert names(found)[-3:] == ["fill", "position", "equity"]
    assert [(step.delta_ns, step.since_ns) for step in found.steps[-3:]] == [(None, None), (10, None), (0, None)]


def test_order_placed_elsewhere_has_no_decision(desk: Desk) -> None:
    desk.order(100, order_id="by-hand", venue_order_id="56")
    found = way(desk, "by-hand")
    assert names(found) == ["order_initialized", "order_new"]
    assert found.notes == ["no decision: it was not placed by this mesh"]
    assert found.status == "NEW"


def test_logs_that_are_gone_are_told_and_the_rest_is_shown(desk: Desk) -> None:
    desk.approved(5010, 5000, 1)
    desk.order(5020, origin_ns=5000)
    desk.fill(5030)
    found = way(desk)
    assert names(found) == ["decision", "order_submitted", "order_new", "fill"]
    assert any("signal 9" in note for note in found.notes)
    assert any("fill 77" in note for note in found.notes)
    assert "note: no signal" in text(found)


def test_part_of_an_id_is_no_id(desk: Desk) -> None:
    desk.order(100)
    with pytest.raises(OrderNotFoundError, match="no order 'T3000100000'"):
        way(desk, "T3000100000")


def test_venue_order_id_of_two_orders_asks_which(desk: Desk) -> None:
    desk.order(100)
    desk.order(200, order_id="other")
    with pytest.raises(
        OrderNotFoundError, match=r"55 is the venue order id of 2 orders; name one of them: T3.*, other"
    ):
        way(desk, "55")


def test_folder_without_logs_is_told(tmp_path: Path) -> None:
    with pytest.raises(OrderNotFoundError, match="no agent's log"):
        Logs(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("time_ns", "shown"),
    [(None, "-"), (999, "1.0 us"), (1_500_000, "1.500 ms"), (61_000 * MS, "61.000 s")],
)
def test_durations_are_for_people(time_ns: int | None, shown: str) -> None:
    assert duration(time_ns) == shown
