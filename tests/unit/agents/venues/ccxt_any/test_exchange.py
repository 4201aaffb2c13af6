"""Which of ccxt's exchanges a venue is, and where it is sent."""

import pytest

from agents.execution.agent import build
from agents.venues.ccxt_any.exchange import class_of, sent_to
from agents.venues.ccxt_any.market import feeds, signer
from schemas.config import Config, ExecutionConfig, VenueConfig
from schemas.errors import ConfigError
from tests.unit.agents.venues.ccxt_any.other_exchange import infos


def venue(exchange="kraken", **more):
    return VenueConfig(id=1, name="other", kind="ccxt", exchange=exchange, **more)


def test_a_venue_has_the_feeds_that_ccxt_says():
    assert class_of(venue()).__name__ == "kraken"
    assert [channel.name for channel in feeds(venue(), infos()).channels] == [
        "trades:BTC/USD",
        "book:BTC/USD",
        "ticker:BTC/USD",
    ]


def test_an_exchange_that_ccxt_does_not_follow_is_named_with_those_near_it():
    with pytest.raises(ConfigError, match=r"venues.other.exchange: 'krakn' is none of .* near it: kraken"):
        class_of(venue("krakn"))


def test_only_a_venue_of_the_kind_has_an_exchange_and_each_of_them_has_one():
    with pytest.raises(ValueError, match="of kind ccxt, and only of that"):
        venue("")
    with pytest.raises(ValueError, match="found: 'kraken'"):
        VenueConfig(id=1, name="b", kind="bybit", exchange="kraken")


def test_addresses_are_sent_elsewhere_by_their_kind():
    urls = {"public": "https://{hostname}/api", "ws": {"public": "wss://ws.x.com/v2"}, "other": None}
    assert sent_to(urls, "", "") == urls
    assert sent_to(urls, "http://127.0.0.1:1/", "ws://127.0.0.1:2") == {
        "public": "http://127.0.0.1:1/api",
        "ws": {"public": "ws://127.0.0.1:2/v2"},
        "other": None,
    }


def test_no_orders_are_sent_there():
    whole = Config(venues=(venue(),), instruments=(), agents={"exec": ExecutionConfig(id=1, venue="other")})
    with pytest.raises(ConfigError, match=r"agents.exec.venue: 'other' is not a venue that takes orders"):
        build("exec", whole)


def test_nothing_is_signed_or_recorded():
    with pytest.raises(ConfigError, match="neither be traded nor recorded"):
        signer(venue(), None)
