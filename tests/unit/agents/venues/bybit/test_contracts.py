"""How contracts of a Bybit account are set, and their funding."""

import pytest

from agents.venues.reports import ContractTerms, FundingReport
from schemas.errors import VenueError
from tests.unit.agents.venues.bybit.account_desk import MS, account_of, answer, both, execution, frame
from tests.unit.agents.venues.bybit.bybit_market import instrument
from tests.unit.agents.venues.bybit.trading_desk import position

E8 = 10**8
WEEK_MS = 7 * 86_400_000


def told(account, margin_mode="REGULAR_MARGIN", unified=5):
    """Have the account learn how it is set."""
    for call in account.setup_calls():
        account.learn(answer(call, {"marginMode": margin_mode, "unifiedMarginStatus": unified}))


def test_nothing_is_created_before_the_account_is_known_to_be_a_unified_one():
    account, _, _ = both()
    assert "/v5/account/info" in account.unfit()
    told(account, unified=1)
    assert "classic account" in account.unfit()
    assert len(account.setup_calls()) == 1, "it is asked again: people may change it"
    told(account)
    assert (account.unfit(), list(account.setup_calls()), account.mode()) == ("", [], "unified, cross")
    with pytest.raises(VenueError, match="account/info"):
        account.learn(answer(account.balances(), []))


def test_an_account_of_spot_alone_asks_for_nothing_of_it():
    account, _ = account_of(instrument(1, "BTCUSDT", "spot", "0.01", "0.000001"))
    assert (account.unfit(), account.mode()) == ("", "")
    asked = [*account.setup_calls(), *account.terms_calls(), *account.funding_calls(0, 1), *account.position_calls()]
    assert asked == []


@pytest.mark.parametrize(
    ("row", "margin_mode", "isolated", "refused"),
    [
        (position("0"), "REGULAR_MARGIN", False, False),
        (position("0", tradeMode=1), "REGULAR_MARGIN", True, False),
        (position("0"), "ISOLATED_MARGIN", True, False),
        (position("0", positionIdx=2), "REGULAR_MARGIN", False, True),
    ],
)
def test_leverage_and_modes_are_told_where_nothing_is_held(row, margin_mode, isolated, refused):
    account, _, linear = both()
    told(account, margin_mode)
    (call,) = account.terms_calls()
    assert dict(call.params) == {"category": "linear", "symbol": "BTCUSDT"}
    (terms,) = account.terms(answer(call, {"list": [row]}))
    assert (terms.instrument_id, terms.leverage_e8, terms.isolated) == (linear.id, 10 * E8, isolated)
    assert ("hedge mode" in terms.refusal) == refused
    with pytest.raises(VenueError, match="terms"):
        account.terms(answer(call, {"list": [{"symbol": 1}]}))


def test_a_position_of_one_side_of_two_is_no_position_here():
    account, _, linear = both()
    (event,) = account.private_events(frame("position", position(positionIdx=1)))
    assert isinstance(event, ContractTerms)
    assert event.instrument_id == linear.id
    assert event.refusal.startswith("hedge mode")


def test_funding_is_asked_for_week_by_week_and_page_by_page():
    account, _, linear = both()
    first, second = account.funding_calls(5_000 * MS, (5_000 + WEEK_MS) * MS)
    kind = {"category": "linear", "execType": "Funding", "limit": "100"}
    assert dict(first.params) == kind | {"startTime": "5000", "endTime": str(5_000 + WEEK_MS)}
    assert second.params["startTime"] == str(5_000 + WEEK_MS)
    rows = [execution(execType="Funding", execFee="-0.5", execId=str(n), execTime="7") for n in range(99)]
    found, more = account.funding_page(answer(first, {"list": [*rows, execution()], "nextPageCursor": "p"}))
    assert len(found) == 99, "what is no funding is left out"
    assert found[0] == FundingReport(linear.id, "USDT", 50_000_000, "0", 7 * MS)
    assert more.params == {**first.params, "cursor": "p"}
    assert account.funding_page(answer(first, {"list": rows[:3], "nextPageCursor": "p"}))[1] is None
    with pytest.raises(VenueError, match="funding"):
        account.funding_page(answer(first, {"list": [{}]}))
