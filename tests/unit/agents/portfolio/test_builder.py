"""What a portfolio's configuration must be."""

import msgspec
import pytest

from agents.portfolio.builder import build
from schemas.errors import ConfigError
from tests.unit.agents.portfolio.portfolio_desk import with_feeds
from tests.unit.agents.trading_desk import config


def with_folio(good, **changes):
    agents = dict(good.agents)
    agents["folio"] = msgspec.structs.replace(agents["folio"], **changes)
    return msgspec.structs.replace(good, agents=agents)


def test_configuration_is_checked():
    good = config()
    mixed = (good.instruments[0], msgspec.structs.replace(good.instruments[1], quote="EUR"))
    with pytest.raises(ConfigError, match=r"EUR, USDT: name one of them in desk\.currency, .* in desk\.joined"):
        build("folio", msgspec.structs.replace(good, instruments=mixed))
    agents = dict(good.agents)
    agents["exec"] = msgspec.structs.replace(agents["exec"], instruments=("BTCUSDT",))
    build("folio", msgspec.structs.replace(good, instruments=mixed, agents=agents))
    with pytest.raises(ConfigError, match=r"agents\.folio\.market_data: \['BTCUSDT', 'ETHUSDT'\]"):
        build("folio", with_feeds(["depth@100ms"]))
    with pytest.raises(ConfigError, match=r"agents\.folio\.market_data: \['ETHUSDT'\]"):
        build("folio", config(instruments=("BTCUSDT",)))
    agents = dict(good.agents)
    agents["folio"] = msgspec.structs.replace(agents["folio"], execution=("md",))
    with pytest.raises(ConfigError, match=r"agents\.folio\.execution"):
        build("folio", msgspec.structs.replace(good, agents=agents))


def test_cash_in_the_file_is_refused_as_the_account_says_what_it_holds():
    with pytest.raises(ConfigError, match=r"agents\.folio\.cash: remove it \(found: '1000000'\)"):
        build("folio", with_folio(config(), cash="1000000"))


def test_an_asset_is_valued_by_a_price_or_by_an_instrument_that_is_followed():
    build("folio", with_folio(config(), asset_marks={"BNB": "600.5", "LDO": "ETHUSDT"}))
    with pytest.raises(ConfigError, match=r"agents\.folio\.asset_marks\.BNB: 'BNBUSDT' is neither .*BTCUSDT, ETHUSDT"):
        build("folio", with_folio(config(), asset_marks={"BNB": "BNBUSDT"}))
    with pytest.raises(ConfigError, match=r"agents\.folio\.asset_marks\.BNB"):
        build("folio", with_folio(config(), asset_marks={"BNB": "600.000000001"}))


def test_an_instrument_that_only_values_an_asset_is_followed_too():
    good = config()
    agents = dict(good.agents)
    agents["exec"] = msgspec.structs.replace(agents["exec"], instruments=("BTCUSDT",))
    only_btc = msgspec.structs.replace(good, agents=agents)
    assert len(build("folio", only_btc).subscriptions()) == 3
    assert len(build("folio", with_folio(only_btc, asset_marks={"LDO": "ETHUSDT"})).subscriptions()) == 5
