"""Whose key it is, in Binance's answers (binance-spot-api-docs rest-api.md, account information; wallet docs)."""

from pathlib import Path

import pytest

from agents.venues.binance.identity import BinanceIdentity, UsdmIdentity
from agents.venues.identity import AccountIdentity
from schemas.errors import VenueError
from tests.unit.agents.venues.binance.usdm_desk import FUTURES


def test_the_account_and_its_rights_are_read() -> None:
    reader = BinanceIdentity()
    assert reader.call().signed
    assert reader.read(b'{"canTrade":true,"canWithdraw":true,"uid":354937868}') == AccountIdentity("354937868", True)
    assert reader.withdraws(b'{"ipRestrict":false,"enableWithdrawals":true,"enableReading":true}')
    assert not reader.withdraws(b'{"enableWithdrawals":false}')


@pytest.mark.parametrize("body", [b"", b"{}", b'{"code":-2015,"msg":"Invalid API-key"}', b'{"uid":"x"}', b"[" * 2000])
def test_anything_else_is_an_error(body: bytes) -> None:
    reader = BinanceIdentity()
    with pytest.raises(VenueError, match="account"):
        reader.read(body)
    with pytest.raises(VenueError, match="rights"):
        reader.withdraws(body)


def test_a_futures_account_is_known_by_the_alias_of_its_sample(data_dir: Path) -> None:
    reader = UsdmIdentity()
    assert reader.read((data_dir / FUTURES / "http_json" / "balance.json").read_bytes()) == AccountIdentity("SgsR")
    call = reader.call()
    assert (call.path, call.signed) == ("/fapi/v3/balance", True)
    body = b'[{"accountAlias":"SgsR","asset":"USDT","balance":"122.1"},{"accountAlias":"SgsR","asset":"BNB","balance":"0"}]'
    assert reader.read(body) == AccountIdentity("SgsR")
    assert reader.withdraws(b'{"enableWithdrawals":true}')


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[]", b'{"code":-2015,"msg":"Invalid API-key"}', b'[{"asset":"USDT","balance":"1"}]'),
        b'[{"accountAlias":"A","asset":"USDT","balance":"1"},{"accountAlias":"B","asset":"BNB","balance":"1"}]',
    ],
)
def test_balances_that_do_not_tell_one_account_are_an_error(body: bytes) -> None:
    with pytest.raises(VenueError, match="balances"):
        UsdmIdentity().read(body)
