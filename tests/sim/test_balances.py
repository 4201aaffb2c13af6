"""Balances of the whole desk: what is paid in is no profit, and what differs is trouble until it is booked."""

import json
from collections.abc import Callable
from pathlib import Path

from core.frame import HEADER_SIZE, pack, unpack
from mesh.protocol.codec import decode, encode, type_number
from schemas.messages import E8, Ack, Equity, Message, ResetRequest
from schemas.orders import Reason
from schemas.streams import REQUEST_STREAM
from tests.sim.account_oracles import equity_difference_e8, log_of
from tests.sim.desk import Desk

TOKEN = b"operator"


class Operator:
    """Asks an agent of the desk as sender 0, and keeps what it answers."""

    name = "operator"
    alive = True

    def __init__(self, desk: Desk) -> None:
        self.engine = self
        self.answers: list[Message] = []
        self._desk = desk
        desk.simulator._clients[TOKEN] = self  # type: ignore[assignment]

    def ask(self, agent: str, message: Message) -> None:
        kind, payload = type_number(message), encode(message)
        frame = pack(
            stream=REQUEST_STREAM,
            type=kind,
            sender=0,
            epoch=1,
            seq=len(self.answers) + 1,
            ttl_ms=5_000,
            send_ns=self._desk.simulator.now_ns,
            payload=payload,
        )
        node = self._desk.simulator.nodes[agent]
        node.input(lambda now, wall: node.engine.on_request(TOKEN, frame, now, wall))

    def input(self, handler: Callable[[int, int], None]) -> None:
        handler(0, 0)

    def on_reply(self, server: str, frame: bytes, now_ns: int, wall_ns: int) -> None:
        self.answers.append(decode(unpack(frame).type, frame[HEADER_SIZE:]))


def last_equity(desk: Desk) -> Equity:
    return [message for _, message in log_of(desk, "portfolio") if isinstance(message, Equity)][-1]


def running(folder: Path, seed: int) -> Desk:
    desk = Desk(folder, seed)
    desk.start()
    desk.run(6)
    return desk


def test_a_deposit_and_a_withdrawal_are_equity_and_no_profit(tmp_path: Path) -> None:
    desk = running(tmp_path, 1)
    before = last_equity(desk)
    for asset, amount in (("USDT", "5000"), ("BTC", "0.25"), ("USDT", "-1000")):
        body = json.dumps({"asset": asset, "amount": amount}).encode()
        answer = desk.venue.exchange.http("POST", "/paper/transfer", "", {}, body, desk.simulator.wall_ns)
        assert answer.status == 200
        desk.venue.advance()
        desk.run(1)
    desk.run(3)
    after = last_equity(desk)
    assert after.transfers_e8 > 14_000 * E8
    paid_e8 = after.transfers_e8
    assert abs(after.equity_e8 - before.equity_e8 - paid_e8) < 100 * E8
    assert abs(after.day_start_equity_e8 - before.day_start_equity_e8 - paid_e8) == 0
    assert after.peak_equity_e8 - before.peak_equity_e8 - paid_e8 < 100 * E8
    assert desk.figures("risk").positions == desk.figures("portfolio").positions
    assert desk.figures("portfolio").differences == {}


def test_what_the_venue_takes_without_a_word_is_trouble_until_an_operator_books_it(tmp_path: Path) -> None:
    desk = running(tmp_path, 2)
    operator = Operator(desk)
    desk.venue.exchange.trading.account.balance("USDT").free_e8 -= 500 * E8
    desk.run(75)
    assert desk.figures("portfolio").differences == {"USDT": "-500"}
    trouble = [line for line in desk.figures("risk").trading if Reason.RECONCILIATION_TROUBLE.name in line]
    assert len(trouble) == 1
    assert "REDUCING account=1" in trouble[0]
    operator.ask("portfolio", ResetRequest("the exchange's fee", balances=True))
    desk.run(3)
    assert operator.answers == [Ack(True, text="booked USDT -500")]
    assert desk.figures("portfolio").differences == {}
    assert not [line for line in desk.figures("risk").trading if Reason.RECONCILIATION_TROUBLE.name in line]
    assert last_equity(desk).transfers_e8 == -500 * E8
    difference_e8 = equity_difference_e8(desk)
    assert difference_e8 is None or abs(difference_e8) < 100
