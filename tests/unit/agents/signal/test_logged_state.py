"""What a signal agent begins with from an anchor: what its strategies are told then, and what is too much for one."""

import pytest

from agents.signal import runner
from agents.signal.agent import build
from mesh.anchor import AnchorTooLargeError
from schemas.messages import StrategyState
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.signal.signal_desk import Desk
from tests.unit.agents.signal.test_lifecycle import PROBES
from tests.unit.agents.trading_desk import filled, initialized, strategy

TOLD = f"{PROBES}:Told"


def traded(desk: Desk, fills: int) -> None:
    desk.event(initialized("a", qty=10_000), corr=77)
    for number in range(fills):
        desk.event(filled("a", number + 1, 1_000, cum=1_000 * (number + 1)))


def test_fills_and_state_are_told_by_the_start_as_if_the_account_came_again():
    desk = Desk(strategy("test", TOLD))
    traded(desk, 3)
    desk.agent._lifecycle.restore(StrategyState("test", b"kept"))
    anchor = desk.agent.anchor()
    later = build("signal", desk.config)
    later.bind(FakeContext("signal", sender=2, epoch=2))
    later.resume(anchor)
    assert later.anchor() == anchor
    calls = later._runners["test"].strategy.calls
    assert not calls
    later.start()
    assert [kind for kind, _, _ in calls][:4] == ["restore", "fill", "fill", "fill"]
    assert later._wishes.news.signal_ids == {"a": 77}
    figures = later.figures().strategies["test"]
    assert (figures.fills, figures.open_orders) == (3, desk.agent.figures().strategies["test"].open_orders)
    assert figures.positions == desk.agent.figures().strategies["test"].positions


def test_more_fills_than_are_kept_make_no_anchor(monkeypatch: pytest.MonkeyPatch):
    desk = Desk(strategy("test", TOLD))
    traded(desk, 3)
    desk.agent._runners["test"].resume(4, None)
    with pytest.raises(AnchorTooLargeError, match=r"strategy test .* more of them than 10000"):
        desk.agent.anchor()
    assert runner.HISTORY_MAX == 10_000


def test_what_is_counted_otherwise_is_another_state():
    one, other = build("signal", Desk().config), build("signal", Desk(strategy("other", TOLD)).config)
    assert one.counted_by != other.counted_by
