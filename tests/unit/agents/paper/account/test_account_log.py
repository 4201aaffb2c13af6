"""A venue that starts again knows its account: the fold of what it logged is what it was, and life goes on from there."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.protocol.codec import decode, encode, type_number
from schemas.config import InstrumentConfig
from schemas.errors import ConfigError
from schemas.messages import Message, PaperOpened
from tests.unit.agents.paper.paper_actions import ACTIONS, act, assert_exact
from tests.unit.agents.paper.paper_kit import BTC, ETH, T0, Desk, depth, snapshot, trade, write_capture

FEES = {"maker_fee": "0.00075", "taker_fee": "0.001"}
QUERIES = ("allOrders", "openOrders", "myTrades", "account")


class Lives:
    """One account and the log that its lives share."""

    def __init__(self, instruments: Sequence[InstrumentConfig] = (BTC,), **config: Any) -> None:
        self.log: list[tuple[int, bytes]] = []
        self.instruments = instruments
        self.config = FEES | config
        self.count = 0
        self.desk = self.start()

    @property
    def wall_ns(self) -> int:
        return self.desk.wall_ns if self.count else T0

    def restored(self) -> Desk:
        """Return a venue that has folded the log and has not begun."""
        desk = Desk(self.instruments, **self.config)
        desk.wall_ns = self.wall_ns
        for number, payload in self.log:
            desk.exchange.restore(decode(number, payload))  # type: ignore[arg-type]
        return desk

    def start(self) -> Desk:
        """Begin the next life."""
        desk = self.restored()
        self.count += 1
        desk.exchange.attach_log(self._append, self.count)
        desk.exchange.begin(desk.wall_ns)
        self.desk = desk
        return desk

    def events(self) -> list[Message]:
        return [decode(number, payload) for number, payload in self.log]

    def _append(self, event: Message) -> None:
        self.log.append((type_number(event), encode(event)))


def told(desk: Desk) -> dict[str, Any]:
    """Return all that a client can ask of the account."""
    answers = {name: desk.call("GET", f"/api/v3/{name}", {"symbol": "BTCUSDT", "limit": 1000})[1] for name in QUERIES}
    answers["account"]["balances"] = {row["asset"]: row for row in answers["account"]["balances"]}
    figures = desk.exchange.figures()
    names = ("account", "positions", "commission", "orders", "open_orders", "fills", "creates_by_client_id_max")
    return answers | {name: getattr(figures, name) for name in names}


def trades(desk: Desk) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = desk.call("GET", "/api/v3/myTrades", {"symbol": "BTCUSDT", "limit": 1000})[1]
    return rows


@settings(max_examples=60, deadline=None)
@given(actions=ACTIONS, later=ACTIONS, seed=st.integers(0, 5))
def test_fold_of_the_log_is_the_live_account(actions: list[Any], later: list[Any], seed: int) -> None:
    lives = Lives(seed=seed)
    lives.desk.run(0.5)
    for action in actions:
        act(lives.desk, action)
    assert told(lives.restored()) == told(lives.desk)
    before = trades(lives.desk)
    desk = lives.start()
    for action in later:
        act(desk, action)
    assert_exact(desk)
    after = trades(desk)
    assert after[: len(before)] == before
    assert not {row["id"] for row in before} & {row["id"] for row in after[len(before) :]}
    assert told(lives.restored()) == told(desk)


def test_orders_rest_again_and_can_be_filled_and_canceled() -> None:
    lives = Lives()
    lives.desk.order("BUY", "0.01", "50000", newClientOrderId="kept")
    lives.desk.order("BUY", "0.02", "50000", newClientOrderId="canceled")
    desk = lives.start()
    _, book = desk.call("GET", "/api/v3/depth", {"symbol": "BTCUSDT", "limit": 5000}, signed=False)
    assert dict(book["bids"])["50000.00000000"] == "0.03000000"
    key = {"symbol": "BTCUSDT", "origClientOrderId": "canceled"}
    assert desk.call("DELETE", "/api/v3/order", key)[1]["status"] == "CANCELED"
    assert desk.order("BUY", "0.01", "50000", newClientOrderId="kept")[1]["code"] == -2010
    assert desk.order("SELL", "1")[0] == 200
    assert desk.balances()["USDT"][1] == 500 * 10**8


def test_order_that_the_market_has_passed_trades_and_a_maker_order_expires() -> None:
    """The new market's asks begin at 60,001.20; the earlier one is taken to have stood far above that."""
    lives = Lives(prices={"BTCUSDT": "61000"})
    lives.desk.order("BUY", "0.001", "60900", newClientOrderId="limit")
    lives.desk.order("BUY", "0.001", "60900", type="LIMIT_MAKER", timeInForce="", newClientOrderId="maker")
    lives.config["prices"] = {"BTCUSDT": "60000"}
    desk = lives.start()
    assert [order["status"] for order in told(desk)["allOrders"]] == ["FILLED", "EXPIRED"]
    (fill,) = trades(desk)
    assert (fill["isMaker"], float(fill["price"]) < 60_010) == (False, True)
    assert_exact(desk)


@pytest.mark.parametrize("terms", [{"timeInForce": "IOC", "type": "LIMIT", "price": "70000"}, {"type": "MARKET"}])
def test_order_that_was_being_carried_out_expires(terms: dict[str, str]) -> None:
    lives = Lives()
    lives.desk.order("BUY", "0.001", **terms)
    del lives.log[2:]
    (order,) = told(lives.start())["allOrders"]
    assert (order["status"], order["executedQty"]) == ("EXPIRED", "0.00000000")
    assert lives.desk.balances() == {"USDT": (100_000 * 10**8, 0), "BTC": (10**8, 0)}


def test_ids_of_a_later_life_are_above_all_earlier_ones() -> None:
    lives = Lives()
    highest: dict[str, int] = {}
    for _ in range(3):
        desk = lives.start()
        desk.exchange.ws_open(1, "/stream?streams=btcusdt@trade/btcusdt@depth@100ms/btcusdt@bookTicker", desk.wall_ns)
        desk.listen()
        desk.run(3)
        desk.order("BUY", "0.001")
        desk.order("BUY", "0.001", "50000")
        frames = [json.loads(frame)["data"] for frame in desk.sent[1]]
        reports = [event for event in desk.events() if event["e"] == "executionReport"]
        found = {
            "trade": [data["t"] for data in frames if data.get("e") == "trade"],
            "update": [data["u"] for data in frames if "u" in data],
            "order": [report["i"] for report in reports],
            "report": [report["I"] for report in reports],
        }
        for name, ids in found.items():
            assert min(ids) > highest.get(name, 0), name
            highest[name] = max(ids)


def test_recorded_market_begins_anew_and_orders_queue_anew(tmp_path: Path) -> None:
    lines = [
        (0, snapshot(10, [["100.00", "2"]], [["101.00", "3"]])),
        (1, depth(11, 11, [], [])),
        (10**9, trade(1, "100.00", "2.4", buyer_maker=True)),
    ]
    lives = Lives(captures=(write_capture(tmp_path / "capture", lines),), lead_in_ms=0)
    for share in ("0.40000000", "0.80000000"):
        desk = lives.desk
        desk.exchange.ws_open(1, "/stream", desk.wall_ns)
        desk.run(0.5)
        if lives.count == 1:
            desk.order("BUY", "1", "100.00")
        desk.run(1)
        (order,) = told(desk)["allOrders"]
        assert order["executedQty"] == share
        lives.start()
    assert len({fill["id"] for fill in trades(lives.desk)}) == 2
    assert_exact(lives.desk)


def test_account_keeps_what_it_began_with_and_new_assets_come_in() -> None:
    lives = Lives((BTC, ETH), balances={"USDT": "100"})
    lives.config["balances"] = {"USDT": "500", "ETH": "2"}
    desk = lives.start()
    assert desk.balances() == {"USDT": (100 * 10**8, 0), "ETH": (2 * 10**8, 0)}
    assert [event for event in lives.events() if isinstance(event, PaperOpened)] == [
        PaperOpened({"USDT": 100 * 10**8}),
        PaperOpened({"ETH": 2 * 10**8}),
    ]
    lives.config["balances"] = {"ETH": "9"}
    assert lives.start().balances() == desk.balances()
    assert desk.exchange.figures().positions == {"BTCUSDT": "0.00000000", "ETHUSDT": "0.00000000"}


def test_instrument_that_is_not_configured_any_more_is_named() -> None:
    lives = Lives()
    lives.desk.order("BUY", "0.01", "50000")
    lives.instruments = (ETH,)
    with pytest.raises(ConfigError, match="BTCUSDT: not configured"):
        lives.start()


def test_event_that_cannot_be_logged_changes_nothing() -> None:
    lives = Lives()
    before = told(lives.desk)

    def full(event: object) -> None:
        raise OSError(28, "no space")

    lives.desk.exchange.attach_log(full, 1)
    with pytest.raises(OSError, match="no space"):
        lives.desk.order("BUY", "0.01", "50000")
    assert told(lives.desk) == before


def test_transfers_of_an_earlier_life_stand() -> None:
    lives = Lives()
    for asset, amount in (("BTC", "0.5"), ("SHIB", "1000000000000000000")):
        body = json.dumps({"asset": asset, "amount": amount}).encode()
        assert lives.desk.exchange.http("POST", "/paper/transfer", "", {}, body, T0).status == 200
    assert told(lives.start()) == told(lives.restored())
    assert lives.desk.balances()["BTC"] == (150_000_000, 0)
    assert lives.desk.balances()["SHIB"] == (10**26, 0)
