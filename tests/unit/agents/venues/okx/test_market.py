"""Where OKX is, and that its adapter is known by its kind."""

from agents.venues.adapters import ADAPTERS
from agents.venues.okx import market
from agents.venues.okx.feeds import OkxFeeds
from agents.venues.okx.signer import OkxSigner
from schemas.config import VenueConfig
from tests.unit.agents.venues.okx.okx_market import VENUE, info_of, instrument


def test_the_public_websocket_is_the_only_one_of_market_data():
    infos = [info_of(instrument("BTC-USDT"))]
    assert market.feeds(VENUE, infos).urls() == {"public": "wss://ws.okx.com:8443/ws/v5/public"}
    here = VenueConfig(id=1, name="o", kind="okx", ws_url="ws://127.0.0.1:1/")
    assert market.feeds(here, infos).urls() == {"public": "ws://127.0.0.1:1/ws/v5/public"}
    assert market.feeds(VENUE, []).urls() == {}


def test_the_kind_has_feeds_and_a_signer():
    adapter = ADAPTERS["okx"]
    assert isinstance(adapter.feeds(VENUE, []), OkxFeeds)
    assert isinstance(adapter.signer(VENUE, None), OkxSigner)
