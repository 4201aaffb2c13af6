"""Flattening by execution while risk is dead, in virtual time: the venue's account ends flat."""

from decimal import Decimal
from pathlib import Path

import pytest

from schemas.messages import Ack, Flatten, OpenOrdersAnswer, OpenOrdersRequest
from tests.sim.desk import Desk

MARKET_DATA = {"market_data": ("md",)}


def holding(folder: Path, seed: int) -> Desk:
    """Return a desk that holds something, and whose risk has been dead for long enough that nobody hears of it."""
    desk = Desk(folder, seed, execution=MARKET_DATA)
    desk.start()
    for _ in range(600):
        desk.run(0.1)
        if desk.venue.exchange.trading.positions(desk.venue.exchange.listings).get("BTCUSDT", 0) > 0:
            break
    desk.simulator.crash("risk")
    desk.run(1.5)
    return desk


def held(desk: Desk) -> dict[str, str]:
    """Return what execution says the venue's account holds."""
    answers = desk.simulator.ask("execution", OpenOrdersRequest())
    desk.run(0.1)
    (answer,) = answers
    assert isinstance(answer, OpenOrdersAnswer)
    return answer.positions


@pytest.mark.parametrize("seed", range(1, 5))
def test_the_venues_account_ends_flat_without_risk(tmp_path: Path, seed: int) -> None:
    desk = holding(tmp_path, seed)
    answers = desk.simulator.ask("execution", Flatten("risk is dead"))
    desk.run(10)
    assert answers == [Ack(True)]
    assert held(desk) == {}
    assert desk.venue.exchange.trading.ledger.open == {}
    assert desk.figures("execution").trading == ["HALTED all: operator: risk is dead"]
    desk.simulator.start("risk")
    desk.run(5)
    assert desk.figures("risk").positions == desk.figures("portfolio").positions
    assert all(abs(Decimal(qty)) < Decimal("0.001") for qty in desk.figures("risk").positions.values())
    assert desk.violations == []


def test_a_venue_that_goes_and_comes_back_only_delays_it(tmp_path: Path) -> None:
    desk = holding(tmp_path, 1)
    desk.crash_venue()
    desk.simulator.ask("execution", Flatten("risk is dead"))
    desk.run(3)
    desk.restart_venue()
    desk.run(40)
    assert held(desk) == {}
    assert desk.violations == []


def test_with_risk_there_execution_closes_nothing(tmp_path: Path) -> None:
    desk = holding(tmp_path, 1)
    desk.simulator.start("risk")
    desk.run(5)
    answers = desk.simulator.ask("execution", Flatten("x"))
    desk.run(5)
    assert answers == [Ack(False, text="risk is there, and flattens")]
    assert desk.figures("execution").trading == []
    assert desk.violations == []
