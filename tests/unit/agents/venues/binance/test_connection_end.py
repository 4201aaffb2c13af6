"""When Binance ends a connection: the announcement in each of its forms, and what is none."""

import pytest

from agents.venues.binance.connection_end import announces_end
from agents.venues.binance.spot_account import SpotAccount
from schemas.config import VenueConfig
from tests.unit.agents.venues.binance.test_feeds import feeds_of

EVENT = b'{"e":"serverShutdown","E":1770123456789}'


@pytest.mark.parametrize(
    "frame",
    [EVENT, b'{"stream":"!serverShutdown","data":' + EVENT + b"}", b'{"event":' + EVENT + b"}"],
)
def test_the_announcement_is_known_alone_in_a_combined_stream_and_on_the_websocket_api(frame):
    assert announces_end(frame)
    assert feeds_of().ends_soon(frame)
    assert SpotAccount(VenueConfig(id=1, name="b", kind="binance_spot"), []).ends_soon(frame)


@pytest.mark.parametrize(
    "frame",
    [b'{"result":null,"id":1}', b'{"e":"eventStreamTerminated"}', b'{"data":[]}', b"pong", b"\xff", b""],
)
def test_other_frames_announce_no_end(frame):
    assert not announces_end(frame)


def test_a_connection_lives_for_a_day():
    day_ms = 86_400_000
    assert feeds_of().connection_life_ms == day_ms
    assert SpotAccount(VenueConfig(id=1, name="b", kind="binance_spot"), []).connection_life_ms == day_ms
