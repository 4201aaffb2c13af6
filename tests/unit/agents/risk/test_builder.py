"""What of a configuration risk refuses, and with which words."""

import msgspec
import pytest

from agents.risk.builder import build
from schemas.config import DeskLimitsConfig, LimitsConfig
from schemas.errors import ConfigError
from schemas.streams import Kind, stream_id
from tests.unit.agents.risk.several_desk import config
from tests.unit.agents.trading_desk import config as single


def changed(good, agent, **more):
    agents = dict(good.agents)
    agents[agent] = msgspec.structs.replace(agents[agent], **more)
    return msgspec.structs.replace(good, agents=agents)


def test_each_account_has_an_equity_of_its_own_and_the_desk_has_one():
    equities = {each.stream for each in build("risk", config()).subscriptions() if each.publisher == "folio"}
    assert {stream_id(Kind.EQUITY, venue, 0) for venue in (0, 1, 2, 3)} <= equities
    alone = {each.stream for each in build("risk", single()).subscriptions() if each.publisher == "folio"}
    assert stream_id(Kind.EQUITY, 0, 0) in alone
    assert stream_id(Kind.EQUITY, 1, 0) not in alone


def test_margin_is_followed_where_contracts_are_traded():
    found = {(each.publisher, each.stream) for each in build("risk", config()).subscriptions()}
    margins = {(publisher, stream) for publisher, stream in found if stream >> 24 == Kind.ACCOUNT}
    assert margins == {("two", stream_id(Kind.ACCOUNT, 2, 0))}


@pytest.mark.parametrize(
    ("joined", "currency", "refused"),
    [
        ((), "USDT", "USDC can be joined to USDT"),
        ((), "", "USDT can be joined to USDC"),
        (("USDC",), "EUR", "USDT can be joined to EUR"),
        (("USDC",), "", None),
        (("USDC", "USDT"), "USD", None),
    ],
)
def test_quote_currencies_that_are_not_joined_are_refused(joined, currency, refused):
    asked = config(joined=joined, currency=currency)
    if refused is None:
        build("risk", asked)
        return
    with pytest.raises(ConfigError, match=f"in one quote currency only .found: USDC, USDT.; .*{refused}"):
        build("risk", asked)


def test_two_accounts_at_one_venue_are_refused():
    with pytest.raises(ConfigError, match="'one' and 'two' are both at 'a'"):
        build("risk", changed(config(), "two", venue="a"))


def test_limits_of_an_account_that_it_has_not_are_refused():
    with pytest.raises(
        ConfigError, match=r"agents\.risk\.accounts: 'tow' is not in its `execution` \(one, two, three\)"
    ):
        build("risk", config(accounts={"tow": LimitsConfig()}))


def test_a_risk_agent_without_accounts_is_refused():
    with pytest.raises(ConfigError, match=r"agents\.risk\.execution: names no agent"):
        build("risk", changed(config(), "risk", execution=()))


@pytest.mark.parametrize(
    ("more", "key"),
    [
        (
            {"accounts": {"two": LimitsConfig(order_qty_max="0.123456789")}},
            r"agents\.risk\.accounts\.two\.order_qty_max",
        ),
        ({"desk": DeskLimitsConfig(coin_exposure_max="0.123456789")}, r"agents\.risk\.desk\.coin_exposure_max"),
    ],
)
def test_a_limit_that_is_not_exact_is_named(more, key):
    with pytest.raises(ConfigError, match=key):
        build("risk", changed(config(), "risk", **more))


def test_an_account_whose_equity_would_never_come_is_refused():
    with pytest.raises(ConfigError, match=r"'folio' does not follow 'three'.*follows one, two"):
        build("risk", changed(config(), "folio", execution=("one", "two")))


def test_the_only_account_of_a_risk_agent_has_its_own_equity_where_the_portfolio_follows_others_too():
    apart = changed(config(), "risk", execution=("two",))
    equities = {each.stream for each in build("risk", apart).subscriptions() if each.publisher == "folio"}
    assert {stream_id(Kind.EQUITY, 0, 0), stream_id(Kind.EQUITY, 2, 0)} <= equities
