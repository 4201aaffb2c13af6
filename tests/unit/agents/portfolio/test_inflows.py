"""What came in by no trade: valued in order, once, and found again after a restart."""

from agents.instruments import InstrumentTable
from agents.portfolio.inflows import Inflows, parse_amount_e9
from agents.state.account import Account
from core.frame import Header
from schemas.messages import E8, InflowValued
from tests.unit.agents.trading_desk import BTC, ORDERS, config, reconciled, transfer

E9 = 10 * E8


class Prices:
    """Prices in the desk's currency, whatever is priced."""

    def __init__(self, prices):
        self.prices = prices

    def price_of(self, inflow):
        return self.prices.get(inflow.asset)

    def rate_of(self, inflow):
        return E9


class Followed:
    """An account whose inflows are valued at what the test says."""

    def __init__(self, *log):
        self.inflows = Inflows()
        for message in log:
            self.inflows.take(message)
        self.account = Account(InstrumentTable(config()))
        self.inflows.follow(1, self.account.holdings)
        self.seq = 0

    def tell(self, message):
        self.seq += 1
        self.account.apply(Header(stream=ORDERS, type=1, sender=4, epoch=1, seq=self.seq), message, 1)

    def due(self, **prices):
        return list(self.inflows.due(1, self.account.holdings, Prices(prices), 5))


def test_what_came_in_is_valued_in_order_and_waits_for_each_other():
    followed = Followed()
    followed.tell(reconciled(USDT="100", BTC="2"))
    followed.tell(transfer("USDT", "50"))
    assert followed.due(USDT=E9) == []
    opening, paid = followed.due(USDT=E9, BTC=30 * E9)
    amounts, marks = {"USDT": "100", "BTC": "2"}, {"USDT": "1", "BTC": "30"}
    assert opening == InflowValued(5, 1, 1, opening=True, amounts=amounts, marks=marks, value_e8=160 * E8)
    assert paid == InflowValued(5, 1, 2, opening=False, amounts={"USDT": "50"}, marks={"USDT": "1"}, value_e8=50 * E8)
    assert (followed.inflows.opening_e8([1]), followed.inflows.transfers_e8([1])) == (160 * E8, 50 * E8)
    assert (followed.inflows.opening_e8([2]), followed.inflows.transfers_e8([2])) == (0, 0)
    assert followed.due(USDT=E9, BTC=40 * E9) == []
    ledger = followed.account.ledgers[BTC]
    assert (ledger.avg_px_e8, ledger.flow_e16) == (30 * E8, 0)


def test_a_restart_takes_the_prices_of_before():
    first = Followed()
    first.tell(reconciled(USDT="100", BTC="2"))
    log = first.due(USDT=E9, BTC=30 * E9)
    again = Followed(*log)
    again.tell(reconciled(USDT="100", BTC="2"))
    assert again.due(USDT=E9, BTC=99 * E9) == []
    assert again.inflows.opening_e8([1]) == 160 * E8
    assert again.account.ledgers[BTC].cost_e16 == first.account.ledgers[BTC].cost_e16


def test_what_nothing_values_is_worth_nothing_and_not_asked_for_again():
    first = Followed()
    first.tell(reconciled(USDT="100", AIR="7"))
    (opening,) = first.due(USDT=E9, AIR=0)
    assert (opening.amounts["AIR"], opening.marks, opening.value_e8) == ("7", {"USDT": "1"}, 100 * E8)
    again = Followed(opening)
    again.tell(reconciled(USDT="100", AIR="7"))
    assert again.due() == []


def test_prices_are_read_as_they_were_written():
    assert [parse_amount_e9(text) for text in ("", "60000", "0.000012335")] == [0, 60_000 * E9, 12_335]
