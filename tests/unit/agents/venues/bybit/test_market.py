"""Where Bybit is, and what its adapter is made of."""

from agents.venues.adapters import ADAPTERS
from agents.venues.bybit.feeds import BybitFeeds
from agents.venues.bybit.signer import BybitSigner
from tests.unit.agents.venues.bybit.bybit_market import config_of, infos_of, instrument


def test_the_adapter_has_feeds_and_a_signer():
    config = config_of(instrument(1, "BTCUSDT", "spot", "0.1", "0.000001"))
    adapter = ADAPTERS["bybit"]
    assert isinstance(adapter.feeds(config.venues[0], infos_of(config)), BybitFeeds)
    assert isinstance(adapter.signer(config.venues[0], None), BybitSigner)
