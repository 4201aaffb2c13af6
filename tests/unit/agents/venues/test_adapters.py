"""Adapters: which kinds of venues there are, and which of them take orders."""

from agents.venues.adapters import ADAPTERS, kind_of_orders, kinds_with_accounts
from schemas.config import VenueConfig


def test_a_kind_without_an_account_takes_no_orders():
    assert kinds_with_accounts() == ["binance_spot", "binance_usdm", "bybit", "okx"]
    assert set(ADAPTERS) == {"binance_coinm", "binance_spot", "binance_usdm", "bybit", "ccxt", "okx"}


def test_orders_may_be_of_another_kind_than_the_market():
    assert kind_of_orders(VenueConfig(id=1, name="b", kind="binance_spot")) == "binance_spot"
    paper = VenueConfig(id=1, name="b", kind="binance_usdm", orders="binance_spot")
    assert kind_of_orders(paper) == "binance_spot"
