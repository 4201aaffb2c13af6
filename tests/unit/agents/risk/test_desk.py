"""The desk: accounts are found by venue, instrument and order."""

from tests.unit.agents.risk.several_desk import BTC_ONE, BTC_THREE, BTC_TWO, SeveralDesk


def names(accounts):
    return [own.execution for own in accounts]


def test_an_instrument_is_traded_on_the_account_of_its_venue():
    desk = SeveralDesk().agent._desk
    assert [desk.of_instrument(number).execution for number in (BTC_ONE, BTC_TWO, BTC_THREE)] == ["one", "two", "three"]
    assert desk.of_instrument(77) is None
    assert names(desk.trading(BTC_TWO)) == ["two"]
    assert names(desk.trading(77)) == []
    assert names(desk.trading(0)) == ["one", "two", "three"]


def test_accounts_are_named_by_their_venue():
    desk = SeveralDesk().agent._desk
    assert names(desk.at(2)) == ["two"]
    assert names(desk.at(0)) == ["one", "two", "three"]
    assert desk.at(9) == []
    assert desk.name_of(3) == "three"
    assert desk.venues == {"one": 1, "two": 2, "three": 3}


def test_an_order_is_found_on_the_account_that_has_it():
    desk = SeveralDesk()
    desk.work_at("x", BTC_TWO)
    assert desk.agent._desk.with_order("x").execution == "two"
    assert desk.agent._desk.with_order("y") is None
