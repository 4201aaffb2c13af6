"""Where two runs part: the first difference in time, causes first, names left out."""

from pathlib import Path

import msgspec
import pytest

from agents.backtest.fork.difference import first_difference
from agents.backtest.fork.rest import RestOfRun
from core.log import LogWriter
from mesh.protocol.codec import Packer
from schemas.messages import Approved, Denied, Message, OrderUpdated, Signal
from schemas.orders import OrderStatus, Reason
from schemas.streams import Kind, stream_id

SIGNALS, DECISIONS, ORDERS = (stream_id(kind, 0, 2) for kind in (Kind.SIGNAL, Kind.DECISION, Kind.ORDER))
SIGNAL = Signal(1, "ema", 2, 1, 10, 300, 2, 0.5)
APPROVED = Approved(1, "T1", "ema", 2, 1, 10, 300, 2)
DENIED = Denied(1, "ema", 2, Reason.MAX_POSITION, {"position": "1"})
ENDED = OrderUpdated("T1", 2, OrderStatus.CANCELED, "9", 0, 5, 6)
AGENTS = {SIGNALS: "signal", DECISIONS: "risk", ORDERS: "execution"}
Told = list[tuple[int, int, Message]]


def rest(folder: Path, told: Told, epoch: int = 1) -> RestOfRun:
    """Return a run in which each message of (stream, ms, message) was published."""
    logs = {agent: LogWriter(str(folder / agent / "log")) for agent in AGENTS.values()}
    packers = {agent: Packer(1) for agent in logs}
    counts = dict.fromkeys(AGENTS, 0)
    for stream, ms, message in told:
        counts[stream] += 1
        agent, now_ns = AGENTS[stream], ms * 1_000_000
        logs[agent].append(packers[agent].pack(message, stream, epoch, counts[stream], 0, 0, now_ns, 0))
    for log in logs.values():
        log.close()
    return RestOfRun(folder, {agent: {} for agent in logs}, 1_000)


ALL: Told = [(SIGNALS, 1, SIGNAL), (DECISIONS, 2, APPROVED), (ORDERS, 3, ENDED)]


def test_what_is_equal_but_for_its_names_does_not_part(tmp_path):
    named = [
        (SIGNALS, 1, msgspec.structs.replace(SIGNAL, signal_id=7, causes=((1, 2, 3),))),
        (DECISIONS, 2, msgspec.structs.replace(APPROVED, client_order_id="T9", signal_epoch=4)),
        (ORDERS, 3, msgspec.structs.replace(ENDED, client_order_id="T9", venue_order_id="10", text="gone")),
    ]
    assert first_difference(rest(tmp_path / "a", ALL), rest(tmp_path / "b", named, epoch=2), timed=True) is None


def test_a_decision_of_another_kind_is_told_with_both_sides(tmp_path):
    other = [ALL[0], (DECISIONS, 2, DENIED)]
    found = first_difference(rest(tmp_path / "a", ALL), rest(tmp_path / "b", other), timed=True)
    assert (found.agent, found.stream, found.wall_ns, found.fields) == ("risk", "DECISION/0/2", 2_001_000, ())
    assert (found.one.type, found.other.type) == ("Approved", "Denied")
    assert (found.one.fields["side"], found.other.fields["reason"]) == ("BUY", "MAX_POSITION")


def test_a_field_that_differs_is_named(tmp_path):
    other = [ALL[0], (DECISIONS, 2, msgspec.structs.replace(APPROVED, qty_lots=9)), ALL[2]]
    found = first_difference(rest(tmp_path / "a", ALL), rest(tmp_path / "b", other), timed=True)
    assert found.fields == ("qty_lots",)


@pytest.mark.parametrize("timed", [True, False])
def test_time_makes_a_difference_where_it_is_to(tmp_path, timed):
    later = [ALL[0], ALL[1], (ORDERS, 4, msgspec.structs.replace(ENDED, ts_recv_ns=7))]
    found = first_difference(rest(tmp_path / "a", ALL), rest(tmp_path / "b", later), timed=timed)
    assert (found and found.fields) == (("ts_recv_ns", "time") if timed else None)


def test_the_earliest_counts_and_at_one_time_the_cause(tmp_path):
    one = [*ALL, (SIGNALS, 5, SIGNAL), (DECISIONS, 5, APPROVED)]
    found = first_difference(rest(tmp_path / "a", one), rest(tmp_path / "b", ALL), timed=True)
    assert (found.agent, found.wall_ns, found.other) == ("signal", 5_001_000, None)
    early = [*ALL, (ORDERS, 4, ENDED)]
    found = first_difference(rest(tmp_path / "c", one), rest(tmp_path / "d", early), timed=True)
    assert (found.agent, found.wall_ns, found.one) == ("execution", 4_001_000, None)
