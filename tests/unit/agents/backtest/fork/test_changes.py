"""What is set in the middle of a run: which agents it concerns, and what cannot be."""

from pathlib import Path

import pytest

from agents.backtest.fork.changes import changed
from mesh.config import parse
from mesh.run.default_config import default_tree
from schemas.errors import ConfigError

CONFIG = parse(default_tree(Path(), 1))
ALLOWED = "agents.portfolio, agents.execution, agents.risk, agents.signal"


def test_only_agents_whose_tables_change_are_concerned():
    found = changed(CONFIG, ["agents.risk.limits.position_max=2", "agents.signal.strategies.ema_cross.params.fast=3"])
    assert found.agents == ("risk", "signal")
    assert found.config.agents["risk"].limits.position_max == "2"
    assert found.config.agents["signal"].strategies[0].params["fast"] == 3
    assert found.config.agents["execution"] == CONFIG.agents["execution"]
    assert found.config.mesh == CONFIG.mesh


def test_what_is_set_to_what_it_was_changes_nothing():
    found = changed(CONFIG, [f"agents.risk.limits.position_max={CONFIG.agents['risk'].limits.position_max}"])
    assert found.agents == ()
    assert changed(CONFIG, []).config == CONFIG


def test_the_desk_concerns_all():
    assert changed(CONFIG, ["desk.peg_grace_ms=6000"]).agents == ("portfolio", "execution", "risk", "signal")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("agents.risk.limits.position_max", "found no KEY=VALUE"),
        ("agents.risk.limits.posmax=2", "no 'posmax' in agents.risk.limits (found: order_qty_max, "),
        ("agents.risk.limits.position_max=much", "agents.risk.limits.position_max: found 'much' (allowed: "),
        ("agents.risk.limits.price_collar=-1", "agents.risk.limits.price_collar"),
        ("agents.signal.strategies.ema_cross.params.fast=99", "fast"),
        ("agents.risk.id=77", "says who the agent is"),
        ("agents.md.bar_ms=5", "bar_ms"),
        ("agents.md.snapshot_depth=5", f"cannot change in the middle of a run (allowed: {ALLOWED}, desk)"),
        ("mesh.beat_interval_ms=5", f"cannot change in the middle of a run (allowed: {ALLOWED}, desk)"),
        ("backtest.taker_fee=0", f"holds for a whole backtest (allowed: {ALLOWED}, desk)"),
    ],
)
def test_what_cannot_be_set_is_told_what_can(text, told):
    with pytest.raises(ConfigError) as caught:
        changed(CONFIG, [text])
    assert told in str(caught.value)
