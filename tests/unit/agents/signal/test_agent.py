"""Signal agent: which streams are followed, whose the fills are, configuration."""

import msgspec
import pytest

from agents.signal.agent import build
from mesh.agent import Start
from schemas.errors import ConfigError
from schemas.streams import AGENT_STREAM, Kind, stream_id
from tests.unit.agents.signal.signal_desk import RECORDER, Desk
from tests.unit.agents.trading_desk import (
    ORDERS,
    config,
    filled,
    initialized,
    reconciled,
    strategy,
    stream,
)


def test_only_the_shards_streams_are_followed():
    followed = {(s.publisher, s.stream, s.start) for s in Desk().agent.subscriptions()}
    assert followed == {
        ("md", stream(Kind.TRADE), Start.NEXT),
        ("md", stream(Kind.BOOK), Start.NEXT),
        ("md", stream(Kind.QUOTE), Start.NEXT),
        ("md", stream(Kind.INSTRUMENT), Start.NEXT),
        ("md", stream_id(Kind.CLOCK, 1, 0), Start.NEXT),
        ("exec", ORDERS, Start.FIRST),
        ("risk", AGENT_STREAM, Start.NEXT),
    }


def test_position_is_the_strategys_own():
    desk = Desk(strategy("test", RECORDER), strategy("other", RECORDER))
    desk.event(initialized("a"))
    desk.event(filled("a", 1, 10_000))
    desk.event(filled("b", 2, 500, name="other"))
    desk.event(filled("c", 3, 70_000, name=""))
    desk.event(filled("a", 1, 10_000))
    desk.event(reconciled())
    figures = desk.agent.figures().strategies
    assert figures["test"].positions == {"BTCUSDT": "0.1"}
    assert figures["other"].positions == {"BTCUSDT": "0.005"}
    assert desk.strategy().of("fill") == ["1"]
    assert figures["test"].fills == 1


def test_commission_in_base_leaves_whole_lots_only():
    desk = Desk()
    desk.event(filled("a", 1, 1_000, commission=1_000, asset="BTC"))
    btc = desk.strategy().market.instruments[0]
    assert desk.strategy().ctx.position(btc) == 999


def test_two_strategies_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="same name"):
        Desk(strategy("x", RECORDER), strategy("x", RECORDER))


def test_agent_number_must_fit_into_signal_ids():
    good = config(strategies=(strategy("x", RECORDER),))
    agents = dict(good.agents)
    agents["signal"] = msgspec.structs.replace(agents["signal"], id=40_000)
    with pytest.raises(ConfigError, match=r"agents\.signal\.id"):
        build("signal", msgspec.structs.replace(good, agents=agents))
