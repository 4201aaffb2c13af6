"""Adapters: which kinds of venues there are, and which of them take orders."""

from agents.venues.adapters import ADAPTERS, kinds_with_accounts


def test_a_kind_without_an_account_takes_no_orders():
    assert kinds_with_accounts() == ["binance_spot", "binance_usdm", "bybit", "okx"]
    assert set(ADAPTERS) == {"binance_coinm", "binance_spot", "binance_usdm", "bybit", "ccxt", "okx"}
