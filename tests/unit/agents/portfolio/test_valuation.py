"""What accounts are worth: opening holdings, fees in other assets, dust, and what does not fit."""

from schemas.figures import PnlFigures
from schemas.messages import E8, FeedState, InflowValued, Position
from schemas.orders import Side
from schemas.streams import Kind, StreamState
from tests.unit.agents.portfolio.portfolio_desk import POSITION, Desk
from tests.unit.agents.trading_desk import ETH, filled, reconciled, stream, transfer

MILLION = 1_000_000 * E8


def marked(**options):
    """A desk with BTC at 60,000 and ETH at 3,000."""
    desk = Desk(**options)
    desk.market(5_999_999, 6_000_001)
    desk.market(299_999, 300_001, ETH)
    return desk


def test_equity_begins_with_what_the_venue_says_that_the_account_holds():
    desk = marked(balances={"USDT": "10000", "BTC": "0.5"})
    equity = desk.wait()
    assert (equity.equity_e8, equity.opening_e8) == (40_000 * E8, 40_000 * E8)
    assert (equity.day_start_equity_e8, equity.peak_equity_e8) == (40_000 * E8, 40_000 * E8)
    assert (equity.realised_e8, equity.unrealised_e8, equity.fees_e8) == (0, 0, 0)
    position = desk.ctx.messages(POSITION)[-1]
    assert (position.net_qty, position.avg_px, position.mark_px) == ("0.5", "60000", "60000")
    desk.event(filled("a", 1, 20_000, price=6_100_000, side=Side.SELL))
    desk.market(5_999_999, 6_000_001)
    equity = desk.wait()
    assert (equity.equity_e8, equity.realised_e8, equity.unrealised_e8) == (40_200 * E8, 200 * E8, 0)


def test_no_equity_is_told_before_the_venue_has_told_its_balances():
    desk = marked(balances={})
    desk.event(reconciled())
    assert desk.wait(3) is None
    assert desk.agent.figures().not_known == "the venue has not told its balances yet"
    assert desk.ctx.counters["equity_not_known"] == 4
    desk.event(reconciled(USDT="7"))
    assert desk.equity()[-1].equity_e8 == 7 * E8


def test_what_came_in_is_valued_when_its_mark_is_known_and_no_equity_told_before():
    desk = Desk(balances={"USDT": "10000", "BTC": "0.5"})
    assert desk.wait(2) is None
    assert desk.agent.figures().not_known == "no mark yet for what came in: BTC, USDT"
    desk.market(5_999_999, 6_000_001)
    assert desk.wait().opening_e8 == 40_000 * E8
    valued = next(m for m in desk.ctx.messages() if isinstance(m, InflowValued))
    assert (valued.amounts, valued.marks) == ({"USDT": "10000", "BTC": "0.5"}, {"USDT": "1", "BTC": "60000"})
    assert (valued.opening, valued.order_seq, valued.value_e8) == (True, 1, 40_000 * E8)


def test_a_restart_finds_what_was_valued_and_does_not_value_it_again():
    desk = marked(balances={"USDT": "10000", "BTC": "0.5"})
    desk.wait()
    desk.event(filled("a", 1, 20_000, price=6_100_000, side=Side.SELL, commission=E8 // 100, asset="ETH"))
    desk.event(transfer("BTC", "0.1"))
    desk.market(6_199_999, 6_200_001)
    desk.wait()
    figures, last = desk.agent.figures(), desk.equity()[-1]
    again = desk.again(market=(6_199_999, 6_200_001))
    again.market(299_999, 300_001, ETH)
    again.wait()
    assert again.agent.figures() == figures
    assert not [m for m in again.ctx.messages() if isinstance(m, InflowValued)]
    now = again.equity()[-1]
    assert (now.opening_e8, now.transfers_e8) == (40_000 * E8, 6_000 * E8)
    assert (now.equity_e8, now.peak_equity_e8) == (last.equity_e8, last.peak_equity_e8)


def test_a_fill_before_any_mark_values_what_the_account_held():
    desk = Desk(balances={"USDT": "10000", "BTC": "0.5"})
    desk.event(filled("a", 1, 20_000, price=6_100_000, side=Side.SELL))
    desk.market(6_099_999, 6_100_001)
    equity = desk.wait()
    assert (equity.opening_e8, equity.equity_e8, equity.realised_e8) == (40_500 * E8, 40_500 * E8, 0)
    again = desk.again(market=(6_099_999, 6_100_001))
    assert again.equity()[-1].opening_e8 == 40_500 * E8
    assert again.ctx.messages(POSITION)[-1] == desk.ctx.messages(POSITION)[-1]


def test_a_fee_in_the_base_of_a_traded_instrument_changes_that_position_and_the_equity():
    desk = marked()
    desk.event(filled("e", 1, 10_000, price=300_000, instrument=ETH))
    desk.ctx.take()
    header = desk.event(filled("a", 2, 100_000, commission=75 * E8 // 1000, asset="ETH"))
    assert desk.agent.figures().positions == {"BTCUSDT": "1", "ETHUSDT": "0.925"}
    assert desk.equity()[-1].equity_e8 == MILLION - 225 * E8
    assert desk.equity()[-1].fees_e8 == 225 * E8
    paid = desk.ctx.messages(stream(Kind.POSITION, ETH))[-1]
    assert (paid.net_qty, paid.order_seq) == ("0.925", header.seq)


def test_fees_in_an_asset_that_is_not_traded_are_valued_as_the_configuration_says():
    desk = marked(asset_marks={"BNB": "600"}, balances={"USDT": "1000000", "BNB": "20"})
    for number in range(200):
        desk.event(filled("a", number, 1_000, commission=9 * E8 // 100, asset="BNB"))
    equity = desk.wait()
    assert equity.opening_e8 == MILLION + 12_000 * E8
    assert (equity.equity_e8, equity.fees_e8) == (MILLION + 1_200 * E8, 10_800 * E8)
    assert (equity.realised_e8, equity.unrealised_e8) == (0, 0)
    assert desk.agent.figures().fees_by_asset == {"BNB": "18"}
    assert desk.agent.figures().not_valued == {}


def test_fees_that_nothing_values_are_counted_and_told():
    desk = marked()
    desk.event(filled("a", 1, 100_000, commission=E8 // 50, asset="BNB"))
    assert desk.ctx.counters["fees_not_valued"] == 1
    assert desk.agent.figures().fees_by_asset == {"BNB": "0.02"}
    assert desk.agent.figures().not_valued == {"BNB": "-0.02"}
    assert desk.equity()[-1].equity_e8 == MILLION


def test_deposits_and_withdrawals_are_equity_and_no_profit():
    desk = marked()
    desk.event(filled("a", 1, 100_000))
    desk.event(transfer("USDT", "5000"))
    equity = desk.equity()[-1]
    assert (equity.equity_e8, equity.transfers_e8) == (MILLION + 5_000 * E8, 5_000 * E8)
    assert (equity.peak_equity_e8, equity.day_start_equity_e8) == (equity.equity_e8, equity.equity_e8)
    desk.event(transfer("BTC", "-0.25"))
    equity = desk.equity()[-1]
    assert (equity.equity_e8, equity.transfers_e8) == (MILLION - 10_000 * E8, -10_000 * E8)
    assert (equity.peak_equity_e8, equity.day_start_equity_e8) == (equity.equity_e8, equity.equity_e8)
    assert (equity.realised_e8, equity.unrealised_e8) == (0, 0)
    assert desk.agent.figures().pnl == PnlFigures(realised="0", unrealised="0", fees="0", equity="990000")
    assert desk.agent.figures().positions == {"BTCUSDT": "0.75"}


def test_dust_in_a_dead_market_does_not_stop_the_equity():
    desk = marked()
    desk.event(filled("a", 1, 100_000))
    desk.event(filled("e", 2, 1, price=300_000, instrument=ETH, commission=E8 // 100_000, asset="ETH"))
    desk.ctx.deliver(desk.agent, "md", stream(Kind.QUOTE, ETH), FeedState(1, StreamState.DOWN, "gone"))
    assert desk.wait() is not None
    assert desk.agent.figures().dead_marks == {"ETHUSDT": "3000"}
    desk.event(filled("f", 3, 100, price=300_000, instrument=ETH))
    assert desk.wait(3) is None
    assert desk.agent.figures().not_known == "no live mark of ETHUSDT"


def test_dust_that_never_had_a_mark_counts_at_its_last_fill_and_less_than_a_lot_at_nothing():
    desk = Desk(balances={"USDT": "1000000", "ETH": "0.00009"})
    desk.market(5_999_999, 6_000_001)
    desk.event(filled("a", 1, 100_000))
    equity = desk.wait()
    assert (equity.equity_e8, equity.opening_e8) == (MILLION, MILLION)
    assert desk.agent.figures().dead_marks == {"ETHUSDT": "0"}


def test_positions_of_a_million_million_million_units_are_published_whole():
    desk = Desk(balances={"USDT": "1000000", "BTC": "1000000000000000000.5"})
    desk.market(1_000, 1_001)
    desk.wait()
    position = desk.ctx.messages(POSITION)[-1]
    assert position.net_qty == "1000000000000000000.5"
    assert position.net_qty_e8 == 2**63 - 1
    assert desk.agent.figures().positions == {"BTCUSDT": "1000000000000000000.5"}


def test_an_equity_that_no_message_holds_is_not_told_and_said_why():
    desk = Desk(balances={"USDT": "100000000000"})
    assert desk.wait(2) is None
    assert desk.agent.figures().not_known == "the equity or a part of it is beyond 2**63 times 10**-8"


def test_the_mark_of_the_cheapest_coins_is_the_middle_and_not_the_bid():
    desk = Desk(balances={"USDT": "0", "BTC": "1000000"})
    desk.market(1_233, 1_234)
    equity = desk.wait()
    assert equity.equity_e8 == 12_335_000 * E8
    assert desk.ctx.messages(POSITION)[-1].mark_px == "12.335"


def test_average_prices_are_told_to_sixteen_decimals():
    desk = marked()
    desk.event(filled("a", 1, 1, price=1_233))
    desk.event(filled("a", 2, 2, price=1_234))
    assert [m for m in desk.ctx.messages(POSITION) if isinstance(m, Position)][-1].avg_px == "12.3366666666666666"
