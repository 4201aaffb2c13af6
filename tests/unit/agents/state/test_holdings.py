"""Holdings: what an account opens with, what changes it, and what the venue holds beyond."""

import msgspec

from agents.instruments import InstrumentTable
from agents.state.account import Account
from core.frame import Header
from schemas.messages import E8, FundingSettled, Reconciled
from schemas.orders import Side
from tests.unit.agents.trading_desk import BTC, ETH, ORDERS, config, filled, reconciled, transfer


class Book:
    """An account that is told events in order."""

    def __init__(self, good=None):
        self.account = Account(InstrumentTable(good or config()))
        self.holdings = self.account.holdings
        self.seq = 0

    def tell(self, *messages):
        for message in messages:
            self.seq += 1
            self.account.apply(Header(stream=ORDERS, type=1, sender=4, epoch=1, seq=self.seq), message, 1)

    def position(self, instrument=BTC):
        return self.account.reach(instrument).net_qty_e8

    def held(self, asset):
        return self.holdings.held_e16(asset) // E8


def test_what_the_venue_holds_at_the_first_agreement_is_held_from_then_on():
    book = Book()
    book.tell(reconciled(USDT="1000", BTC="2.5", BNB="3"))
    assert (book.position(), book.position(ETH)) == (250_000_000, 0)
    assert {asset: book.held(asset) for asset in book.holdings.assets()} == {
        "USDT": 1_000 * E8,
        "BTC": 250_000_000,
        "BNB": 3 * E8,
    }
    book.tell(reconciled(USDT="7", BTC="9"))
    assert (book.position(), book.held("USDT")) == (250_000_000, 1_000 * E8)
    assert book.holdings.difference_e8("BTC") == 650_000_000


def test_an_agreement_that_tells_no_balances_opens_nothing():
    book = Book()
    book.tell(filled("a", 1, 100_000), reconciled())
    assert (book.holdings.opened, book.position()) == (False, E8)


def test_fills_before_the_opening_are_part_of_what_the_venue_tells():
    book = Book()
    book.tell(filled("a", 1, 100_000, side=Side.SELL), reconciled(USDT="70000", BTC="0.5"))
    assert (book.position(), book.held("USDT")) == (E8 // 2, 70_000 * E8)
    book.tell(transfer("USDT", "5"))
    assert book.held("USDT") == 70_005 * E8


def test_integers_of_an_older_log_open_an_account_too():
    book = Book()
    book.tell(Reconciled(0, 0, 0, {"BTC": E8, "USDT": 5 * E8}))
    assert (book.position(), book.held("USDT")) == (E8, 5 * E8)


def test_fills_and_their_commissions_change_every_balance_exactly():
    book = Book()
    book.tell(reconciled(USDT="1000000", BTC="1", ETH="2", BNB="3"))
    book.tell(
        filled("a", 1, 50_000, price=6_000_000, commission=E8 // 1000, asset="BTC"),
        filled("b", 2, 50_000, price=6_100_000, side=Side.SELL, commission=30 * E8, asset="USDT"),
        filled("c", 3, 10_000, price=6_000_000, commission=E8 // 100, asset="ETH"),
        filled("d", 4, 10_000, price=6_000_000, side=Side.SELL, commission=E8 // 10, asset="BNB"),
    )
    assert book.held("BTC") == E8 - E8 // 1000
    assert book.held("ETH") == 2 * E8 - E8 // 100 == book.position(ETH)
    assert book.held("BNB") == 3 * E8 - E8 // 10
    assert book.held("USDT") == (1_000_000 + 500 - 30) * E8
    assert book.holdings.fees_e8 == {"BNB": E8 // 10}


def test_transfers_change_positions_and_balances():
    book = Book()
    book.tell(reconciled(USDT="10"), transfer("BTC", "0.5"), transfer("BNB", "2"), transfer("USDT", "-4"))
    assert book.position() == E8 // 2
    assert [book.held(asset) for asset in ("BTC", "BNB", "USDT")] == [E8 // 2, 2 * E8, 6 * E8]


def test_a_transfer_before_the_opening_is_counted_once():
    book = Book()
    book.tell(transfer("BTC", "0.5"), reconciled(USDT="10", BTC="0.5"))
    assert book.position() == E8 // 2


def test_an_instrument_that_is_not_traded_is_no_position():
    good = config()
    agents = dict(good.agents)
    agents["exec"] = msgspec.structs.replace(agents["exec"], instruments=("BTCUSDT",))
    book = Book(msgspec.structs.replace(good, agents=agents))
    book.tell(reconciled(USDT="1", ETH="2"))
    assert (book.position(ETH), book.held("ETH")) == (0, 2 * E8)


def test_on_margin_a_position_is_no_balance_and_costs_nothing_but_its_loss():
    good = config()
    venues = (msgspec.structs.replace(good.venues[0], kind="binance_usdm"),)
    book = Book(msgspec.structs.replace(good, venues=venues))
    book.tell(reconciled(USDT="1000"))
    book.tell(filled("a", 1, 100_000), filled("b", 2, 50_000, price=5_900_000, side=Side.SELL))
    assert book.held("USDT") == 500 * E8
    assert book.held("BTC") == 0


def test_amounts_have_no_bound():
    book = Book()
    book.tell(reconciled(USDT="1", BTC="1000000000000000000"), transfer("BTC", "1000000000000000000"))
    assert book.account.ledgers[BTC].net_qty_e8 == 2 * 10**26


def settled(amount, funding_id="f1", instrument=BTC, asset="USDT"):
    return FundingSettled(instrument, asset, amount, funding_id, 1, 1)


def test_funding_is_realised_by_its_position_once_and_held_in_the_wallet():
    good = config()
    contracts = tuple(msgspec.structs.replace(each, category="linear") for each in good.instruments)
    venues = (msgspec.structs.replace(good.venues[0], kind="binance_usdm"),)
    book = Book(msgspec.structs.replace(good, instruments=contracts, venues=venues))
    book.tell(reconciled(USDT="1000"), filled("a", 1, 100_000, price=6_000_000), settled("-3.00000001"))
    ledger = book.account.ledgers[BTC]
    assert (ledger.realised_e16, ledger.funding_e16) == (-300_000_001 * E8, -300_000_001 * E8)
    assert book.holdings.held_e16("USDT") == (1_000 * E8 - 300_000_001) * E8
    changed = book.account.balances_changed
    book.tell(settled("-3.00000001"), settled("1", "f1", ETH), settled("0.5", "f2"))
    assert book.account.balances_changed > changed
    assert book.holdings.held_e16("USDT") == (1_000 * E8 - 300_000_001 + E8 + E8 // 2) * E8
    assert (ledger.funding_e16, book.account.ledgers[ETH].funding_e16) == ((-250_000_001) * E8, E8 * E8)
    assert (ledger.fills, ledger.net_qty_e8, ledger.cost_e16) == (1, E8, 60_000 * E8 * E8)


def test_funding_in_another_asset_is_a_balance_as_a_commission_is():
    book = Book()
    book.tell(reconciled(USDT="1000", BNB="1"), settled("-0.25", asset="BNB"), settled("7", "f2", instrument=99))
    assert (book.held("BNB"), book.held("USDT")) == (75_000_000, 1_007 * E8)
    assert book.holdings.fees_e8 == {"BNB": E8 // 4, "USDT": -7 * E8}
