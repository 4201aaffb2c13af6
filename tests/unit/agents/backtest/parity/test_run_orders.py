"""Orders of a run out of a log of execution: what was sent and when, and what the venue did with it."""

from contextlib import closing
from pathlib import Path

import pytest

from agents.backtest.parity.run_orders import RunOrder, read_orders
from agents.backtest.result.run_logs import RunLogs
from core.log import LogWriter
from mesh.config import parse
from mesh.protocol.codec import Packer
from mesh.run.default_config import default_tree
from schemas.config import Config
from schemas.messages import Message, OrderFilled, OrderInitialized, OrderUpdated
from schemas.orders import Liquidity, OrderStatus, Reason, TimeInForce
from schemas.streams import Kind, stream_id

MS = 1_000_000
WALL_NS = 1_700_000_000_000_000_000
"""When the host's monotonic clock was 0."""
VENUE_AHEAD_NS = 3 * MS


@pytest.fixture
def config(tmp_path) -> Config:
    return parse(default_tree(tmp_path, 1))


class Written:
    """A log of execution that is being written; times are milliseconds, of the host's monotonic clock."""

    def __init__(self, config: Config, folder: Path) -> None:
        self.config = config
        self.folder = folder
        (folder / "execution").mkdir()
        self._log = LogWriter(str(folder / "execution" / "log"))
        self._packer = Packer(config.agents["execution"].id)
        self._stream = stream_id(Kind.ORDER, 1, 0)
        self._seq = 0
        self.epoch = 1

    def say(self, message: Message, at_ms: float, *, heard: bool = True) -> None:
        at_ns = int(at_ms * MS)
        self._seq += 1
        recv_ns = at_ns if heard else 0
        self._log.append(self._packer.pack(message, self._stream, self.epoch, self._seq, 0, recv_ns, at_ns, 0))

    def send(self, name: str, at_ms: float, **terms: object) -> None:
        given = {"side": 1, "qty_lots": 10, "price_ticks": 100, "time_in_force": int(TimeInForce.GTX), **terms}
        self.say(OrderInitialized(client_order_id=name, strategy="s", instrument_id=1, **given), at_ms, heard=False)

    def update(self, name: str, status: OrderStatus, at_ms: float, venue_ms: float = 0, reason: int = 0) -> None:
        event_ns = WALL_NS + int(venue_ms * MS) + VENUE_AHEAD_NS if venue_ms else 0
        wall_ns = WALL_NS + int(at_ms * MS)
        self.say(OrderUpdated(name, 1, int(status), "V", 0, event_ns, wall_ns, reason), at_ms)

    def fill(self, name: str, lots: int, cum: int, at_ms: float, venue_ms: float, *, taken: bool = False) -> None:
        status = OrderStatus.FILLED if cum == 10 else OrderStatus.PARTIALLY_FILLED
        liquidity = Liquidity.TAKER if taken else Liquidity.MAKER
        times = (WALL_NS + int(venue_ms * MS) + VENUE_AHEAD_NS, WALL_NS + int(at_ms * MS))
        terms = (lots, 101, cum, 10 - cum, 5, "USDT", int(liquidity))
        self.say(OrderFilled(name, "s", 1, 1, int(status), "V", f"{name}{cum}", *terms, *times), at_ms)

    def orders(self) -> dict[str, RunOrder]:
        self._log.sync()
        self._log.close()
        with closing(RunLogs(self.folder)) as logs:
            found = read_orders(self.config, logs, {"paper": VENUE_AHEAD_NS})
        self.step_ns = found.step_ns
        return {each.client_order_id: each for each in found.orders}


@pytest.fixture
def log(config, tmp_path) -> Written:
    folder = tmp_path / "logs"
    folder.mkdir()
    return Written(config, folder)


def ms(wall_ns: int) -> float:
    return (wall_ns - WALL_NS) / MS


def test_an_order_that_rests_trades_and_is_canceled(log):
    log.send("T1", 1000.25)
    log.update("T1", OrderStatus.NEW, 1010, 1005)
    log.fill("T1", 4, 4, 1030, 1025)
    log.update("T1", OrderStatus.PENDING_CANCEL, 1040.5, reason=int(Reason.LIFETIME_EXPIRED))
    log.update("T1", OrderStatus.CANCELED, 1050, 1046, int(Reason.LIFETIME_EXPIRED))
    order = log.orders()["T1"]
    assert order.left_out == ""
    assert (ms(order.sent_ns), ms(order.cancel_ns)) == (1000.25, 1040.5)
    life = order.life
    assert (ms(life.accepted_ns), ms(life.first_fill_ns), ms(life.ended_ns)) == (1005, 1025, 1046)
    assert (life.status, life.filled_lots, life.average_ticks) == ("CANCELED", 4, 101)
    assert life.parts[0].maker
    assert log.step_ns == {"paper": MS}


def test_an_order_that_takes_was_there_when_it_traded(log):
    log.send("T1", 1000, time_in_force=int(TimeInForce.IOC))
    log.fill("T1", 10, 10, 1010, 1005.5, taken=True)
    order = log.orders()["T1"]
    assert ms(order.life.accepted_ns) == ms(order.life.ended_ns) == 1005.5
    assert order.life.status == "FILLED"
    assert not order.life.parts[0].maker
    assert log.step_ns == {"paper": 1_000}


@pytest.mark.parametrize(
    ("status", "reason", "terms", "why"),
    [
        (OrderStatus.REJECTED, Reason.VENUE_REJECTED, {}, ""),
        (OrderStatus.REJECTED, Reason.INSUFFICIENT_BALANCE, {}, "refused by the venue"),
        (OrderStatus.REJECTED, Reason.VENUE_REJECTED, {"time_in_force": 1}, "refused by the venue"),
        (OrderStatus.UNKNOWN, Reason.OUTCOME_UNKNOWN, {}, "its outcome is not known"),
        (OrderStatus.NEW, 0, {"external": True}, "not sent by this run"),
        (OrderStatus.NEW, 0, {}, ""),
    ],
)
def test_what_cannot_be_compared_says_why(log, status, reason, terms, why):
    log.send("T1", 1000, **terms)
    log.update("T1", status, 1010, 1005, int(reason))
    assert log.orders()["T1"].left_out == why


def test_an_order_of_a_life_that_never_heard_of_the_venue_has_no_time(log):
    log.send("T1", 1000)
    log.epoch = 2
    log.update("T1", OrderStatus.CANCELED, 1010, 1005)
    assert log.orders()["T1"].left_out == "no clock tells when it was sent"


def test_a_name_in_place_of_an_open_one_is_an_amend_and_of_a_canceled_one_an_order(log):
    log.send("T1", 1000)
    log.update("T1", OrderStatus.NEW, 1010, 1005)
    log.fill("T1", 3, 3, 1020, 1015)
    log.send("T2", 1030, replaces="T1", qty_lots=5)
    log.update("T2", OrderStatus.NEW, 1040, 1035)
    log.update("T1", OrderStatus.CANCELED, 1040, 1035, int(Reason.REPLACED))
    log.fill("T2", 1, 1, 1050, 1045)
    log.send("T3", 1060, replaces="T2", qty_lots=2)
    log.update("T3", OrderStatus.NEW, 1070, 1065)
    log.update("T3", OrderStatus.PENDING_CANCEL, 1080, reason=int(Reason.REPLACED))
    log.update("T3", OrderStatus.CANCELED, 1090, 1085, int(Reason.REPLACED))
    log.send("T4", 1091, replaces="T3")
    found = log.orders()
    assert [found[name].amends for name in ("T1", "T2", "T3", "T4")] == ["", "T1", "T2", ""]
    # What the venue is asked for in all: what the older ones had traded, and what the new one is for.
    assert [found[name].total_lots for name in ("T2", "T3")] == [3 + 5, 3 + 1 + 2]
    assert found["T1"].cancel_ns == 0
