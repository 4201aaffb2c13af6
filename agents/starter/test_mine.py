"""The strategy's test: its parameters, and a minute of the whole configuration in virtual time."""

from pathlib import Path

import msgspec
import pytest

from agents.paper.rehearsal import Rehearsal
from agents.signal.strategy import Market
from agents.starter.mine import Mine
from mesh.config import load
from schemas.config import RiskConfig
from schemas.errors import ConfigError
from schemas.messages import Denied, OrderFilled
from schemas.orders import Reason, Side

CONFIG = Path(__file__).with_name("tickmesh.toml")


def test_unknown_parameter_is_refused() -> None:
    with pytest.raises(ConfigError, match="barss"):
        Mine({"barss": 5}, Market(instruments=(), bar_ms=1000))


def test_buys_and_sells_within_a_minute(tmp_path: Path) -> None:
    with Rehearsal(load(CONFIG), tmp_path) as rehearsal:
        rehearsal.run(60)
        fills = [message for message in rehearsal.published("execution") if isinstance(message, OrderFilled)]
    assert {fill.strategy for fill in fills} == {"mine"}
    assert fills[0].side == Side.BUY
    assert {fill.side for fill in fills} == {Side.BUY, Side.SELL}


def test_waits_after_a_denial(tmp_path: Path) -> None:
    config = load(CONFIG)
    risk = config.agents["risk"]
    assert isinstance(risk, RiskConfig)
    strict = msgspec.structs.replace(risk, limits=msgspec.structs.replace(risk.limits, order_notional_max="1"))
    with Rehearsal(msgspec.structs.replace(config, agents=config.agents | {"risk": strict}), tmp_path) as rehearsal:
        rehearsal.run(30)
        denied = [message for message in rehearsal.published("risk") if isinstance(message, Denied)]
    assert {each.reason for each in denied} == {Reason.NOTIONAL_ABOVE_MAXIMUM}
    assert 1 <= len(denied) <= 3


def test_same_market_gives_the_same_orders(tmp_path: Path) -> None:
    runs = []
    for name in ("first", "second"):
        with Rehearsal(load(CONFIG), tmp_path / name) as rehearsal:
            rehearsal.run(20)
            runs.append(list(rehearsal.published("execution")))
    assert runs[0] == runs[1] != []
