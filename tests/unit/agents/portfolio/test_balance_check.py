"""The venue's balances against what is booked: what is trouble, what is not yet, and how it ends."""

from schemas.messages import Ack, TradingState, Transfer
from schemas.orders import Reason, Side, TradingMode
from schemas.streams import AGENT_STREAM, StreamState
from tests.unit.agents.portfolio.portfolio_desk import Desk
from tests.unit.agents.trading_desk import ORDERS, filled, reconciled, transfer

EQUAL = {"USDT": "940000", "BTC": "1"}


class Traded(Desk):
    """Has bought 1 BTC at 60,000 some time ago."""

    def __init__(self, **options):
        super().__init__(**options)
        self.market(5_999_999, 6_000_001)
        self.event(filled("a", 1, 100_000))

        self.agent.on_stream_state("exec", ORDERS, StreamState.LIVE)
        self.wait(11)

    def told(self):
        return [TradingMode(m.mode) for m in self.ctx.messages(AGENT_STREAM) if isinstance(m, TradingState)]


def test_equal_balances_are_no_trouble():
    desk = Traded()
    desk.event(reconciled(**EQUAL))
    desk.wait(10)
    assert desk.told() == []
    assert desk.agent.figures().differences == {}


def test_a_difference_that_stands_is_trouble_told_with_both_figures():
    desk = Traded()
    desk.event(reconciled(USDT="940000", BTC="0.9"))
    assert desk.told() == []
    assert desk.agent.figures().differences == {"BTC": "-0.1"}
    assert desk.ctx.counters["balances_different"] == 1
    desk.wait(5)
    assert desk.ctx.messages(AGENT_STREAM) == [
        TradingState(
            int(TradingMode.REDUCING),
            "BTC: venue 0.9, booked 1",
            int(Reason.RECONCILIATION_TROUBLE),
            venue_id=1,
            ts_ns=desk.ctx.wall_ns,
        )
    ]
    desk.event(reconciled(**EQUAL))
    assert desk.told() == [TradingMode.REDUCING, TradingMode.ACTIVE]
    assert desk.agent.figures().differences == {}


def test_less_than_a_lot_or_than_dust_is_no_difference():
    desk = Traded()
    desk.event(reconciled(USDT="940009.9", BTC="1.00001"))
    desk.wait(10)
    assert desk.told() == []
    desk.event(reconciled(USDT="940010.1", BTC="1.00002"))
    assert desk.agent.figures().differences == {"USDT": "10.1", "BTC": "0.00002"}


def test_an_asset_that_nothing_values_is_not_compared():
    desk = Traded()
    desk.event(reconciled(**EQUAL, AIR="1000000"))
    desk.wait(10)
    assert desk.told() == []


def test_a_balance_that_was_booked_a_moment_ago_is_right():
    desk = Traded()
    desk.event(filled("a", 2, 10_000))
    desk.event(filled("a", 3, 20_000, side=Side.SELL))
    for balances in (EQUAL, {"USDT": "934000", "BTC": "1.1"}, {"USDT": "946000", "BTC": "0.9"}):
        desk.event(reconciled(**balances))
        desk.wait(2)
    assert desk.told() == []
    assert desk.agent.figures().differences == {}
    desk.wait(10)
    desk.event(reconciled(**EQUAL))
    assert desk.agent.figures().differences == {"USDT": "-6000", "BTC": "0.1"}


def test_a_balance_that_is_booked_a_moment_later_is_right():
    desk = Traded()
    desk.event(reconciled(USDT="934000", BTC="1.1"))
    desk.wait(4)
    desk.event(filled("a", 2, 10_000))
    desk.wait(10)
    assert desk.told() == []
    assert desk.agent.figures().differences == {}


def test_a_fill_long_after_explains_nothing():
    desk = Traded()
    desk.event(reconciled(USDT="934000", BTC="1.1"))
    desk.wait(6)
    desk.event(filled("a", 2, 10_000))
    assert desk.told() == [TradingMode.REDUCING]
    desk.wait(1)
    assert desk.told() == [TradingMode.REDUCING]


def test_a_difference_is_found_while_orders_fill_all_the_time():
    desk = Traded()
    for number in range(40):
        desk.event(filled("a", 10 + number, 10_000, side=Side.SELL if number % 2 else Side.BUY))
        if number == 20:
            desk.event(reconciled(USDT="940000", BTC="0.7"))
        desk.wait(0.5)
    assert desk.told() == [TradingMode.REDUCING]


def test_trouble_outlives_a_restart_until_the_next_agreement():
    desk = Traded()
    desk.event(reconciled(USDT="940000", BTC="0.9"))
    desk.wait(5)
    again = desk.again(market=(5_999_999, 6_000_001))
    again.wait(5)
    assert list(again.ctx.messages(AGENT_STREAM)) == []
    again.event(reconciled(**EQUAL))
    assert [m.mode for m in again.ctx.messages(AGENT_STREAM)] == [TradingMode.ACTIVE]


def test_a_deposit_told_late_is_a_difference_until_then():
    desk = Traded()
    desk.event(reconciled(USDT="945000", BTC="1"))
    assert desk.agent.figures().differences == {"USDT": "5000"}
    desk.event(transfer("USDT", "5000"))
    assert desk.agent.figures().differences == {}
    desk.wait(10)
    assert desk.told() == []


def test_an_operator_has_execution_book_the_difference_as_a_transfer():
    desk = Traded()
    desk.event(reconciled(USDT="945000", BTC="0.9"))
    desk.wait(5)
    assert desk.reset(balances=True) is None
    asked = {each.message.asset: each for each in desk.ctx.requests}
    assert [(each.peer, type(each.message), each.message.amount) for each in asked.values()] == [
        ("exec", Transfer, "5000"),
        ("exec", Transfer, "-0.1"),
    ]
    for each in list(desk.ctx.requests):
        desk.event(each.message)
        desk.ctx.finish(desk.agent, each, Ack(True))
    assert [answer for _, answer in desk.ctx.replies] == [Ack(True, text="booked USDT 5000, BTC -0.1")]
    assert desk.told() == [TradingMode.REDUCING, TradingMode.ACTIVE]
    equity = desk.equity()[-1]
    assert (equity.equity_e8, equity.transfers_e8) == (999_000 * 10**8, -1_000 * 10**8)
    assert equity.peak_equity_e8 == 999_000 * 10**8
    assert desk.reset(balances=True) == Ack(False, text="the venue's balances are what fills and transfers add up to")


def test_what_execution_refuses_to_book_is_told():
    desk = Traded()
    desk.event(reconciled(USDT="940000", BTC="0.9"))
    desk.reset(balances=True)
    desk.ctx.finish(desk.agent, desk.ctx.requests[0], Ack(False, text="no"))
    assert desk.ctx.replies[-1][1] == Ack(False, text="booked nothing; not booked BTC -0.1: no")
