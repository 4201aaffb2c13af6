"""Balances of any size are known exactly, and told when a pass finds others than those told last."""

from agents.execution.account_balances import AccountBalances, transfer
from agents.venues.reports import BalanceReport, TransferReport
from schemas.messages import Reconciled, Transfer

HUGE_E8 = 10**26 + 1
HUGE = "1000000000000000000.00000001"


def test_balances_of_any_size_are_told_exactly_and_restored() -> None:
    balances = AccountBalances()
    assert balances.replace({"BTC": 150_000_000, "PEPE": HUGE_E8})
    told = balances.reconciled(2, 1, 7, {1: "28458"}, 7)
    assert told == Reconciled(2, 1, 7, {"BTC": 150_000_000}, {1: "28458"}, {"BTC": "1.5", "PEPE": HUGE}, 7)
    again = AccountBalances()
    again.restore(told)
    assert again.held_e8 == {"BTC": 150_000_000, "PEPE": HUGE_E8}
    assert (again.texts, again.fitting_e8) == ({"BTC": "1.5", "PEPE": HUGE}, {"BTC": 150_000_000})
    assert not again.replace(dict(again.held_e8))


def test_balances_of_an_older_log_are_restored() -> None:
    balances = AccountBalances()
    balances.restore(Reconciled(0, 0, 1, {"BTC": 5}))
    assert balances.texts == {"BTC": "0.00000005"}


def test_what_the_stream_told_of_is_told_with_the_next_pass_that_shows_it() -> None:
    balances = AccountBalances()
    balances.replace({"BTC": 1})
    balances.reconciled(0, 0, 1, {}, 7)
    balances.change(BalanceReport({"BTC": 3}))
    assert balances.held_e8 == {"BTC": 3}
    assert not balances.replace(None)
    assert balances.replace({"BTC": 3})


def test_only_another_balance_on_the_stream_is_a_move_until_a_pass_has_asked() -> None:
    balances = AccountBalances()
    balances.replace({"BTC": 1})
    balances.change(BalanceReport({"BTC": 1, "ETH": 0}))
    assert not balances.has_moved
    balances.change(BalanceReport({"BTC": 3}))
    balances.change(BalanceReport({"BTC": 3}))
    balances.replace(None)
    assert balances.has_moved
    balances.replace({"BTC": 3})
    assert not balances.has_moved


def test_transfer_is_told_as_a_decimal() -> None:
    assert transfer(TransferReport("BTC", -50_000_000, 5), 9) == Transfer("BTC", "-0.5", 5, 9)
