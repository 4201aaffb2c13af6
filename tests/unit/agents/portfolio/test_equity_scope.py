"""Equity of several accounts: the desk's and each one's own, what each waits for, and restarts."""

import msgspec

from schemas.config import DeskConfig
from schemas.messages import E8, Equity, EquityReset, InflowValued, Position, ResetRequest
from schemas.orders import Side
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.portfolio.desk_of_accounts import (
    BTC_ONE,
    BTC_TWO,
    COIN_THREE,
    ONE,
    PERP_THREE,
    THREE,
    TWO,
    USDC_ONE,
    DeskOfAccounts,
    desk_config,
    funding,
)
from tests.unit.agents.trading_desk import filled, reconciled, transfer

MILLION = 1_000_000 * E8


def last(desk, venue=0):
    return [m for m in desk.equity(venue) if isinstance(m, Equity)][-1]


def count(desk, venue=0):
    return len([m for m in desk.equity(venue) if isinstance(m, Equity)])


def test_the_desk_is_worth_its_accounts_in_its_currency_and_each_is_told_apart():
    desk = DeskOfAccounts().marked(usdc=9_990).opened().wait()
    assert [last(desk, venue).equity_e8 for venue in (ONE, TWO, THREE)] == [MILLION, 999_000 * E8, MILLION]
    assert last(desk).equity_e8 == 2_999_000 * E8
    desk.event(TWO, filled("a", 1, 100_000, price=6_100_000, instrument=BTC_TWO, commission=100 * E8, asset="USDC"))
    desk.market(USDC_ONE, 9_979, 9_981)
    desk.wait()
    own = last(desk, TWO)
    # 938,900 USDC and a bitcoin at 60,000 USDC, and USDC at 0.998.
    assert own.equity_e8 == 998_900 * E8 * 998 // 1000
    assert (own.fees_e8, own.realised_e8, own.opening_e8) == (998 * E8 // 10, 0, 999_000 * E8)
    assert own.unrealised_e8 == own.equity_e8 - own.opening_e8 + own.fees_e8
    assert last(desk).equity_e8 == 2 * MILLION + own.equity_e8
    figures = desk.agent.figures()
    assert list(figures.accounts) == ["one", "two", "three"]
    assert figures.accounts["two"].pnl.equity == "996902.2"
    assert figures.pnl.equity == "2996902.2"
    assert figures.positions["BTCUSDC"] == "1"


def test_each_account_has_a_peak_and_a_day_of_its_own():
    desk = DeskOfAccounts().marked().opened()
    desk.event(ONE, filled("a", 1, 100_000, price=6_000_000, instrument=BTC_ONE))
    desk.event(THREE, filled("b", 2, 100_000, price=6_000_000, side=Side.SELL, instrument=PERP_THREE))
    desk.marked(btc=6_060_000).wait().marked(btc=5_940_000).wait()
    assert (last(desk, ONE).peak_equity_e8, last(desk, ONE).equity_e8) == (MILLION + 600 * E8, MILLION - 600 * E8)
    assert (last(desk, THREE).peak_equity_e8, last(desk, THREE).equity_e8) == (MILLION + 600 * E8, MILLION + 600 * E8)
    # One and three are each other's hedge: the desk has lost nothing.
    assert (last(desk).peak_equity_e8, last(desk).equity_e8) == (3 * MILLION, 3 * MILLION)
    again = desk.again(btc=5_940_000)
    for venue in (0, ONE, TWO, THREE):
        assert again.equity(venue)[-1] == last(desk, venue)


def test_an_account_that_is_not_complete_stops_its_own_and_the_desks_equity_only():
    desk = DeskOfAccounts().marked().opened().wait()
    before = [count(desk, venue) for venue in (0, ONE, TWO, THREE)]
    desk.ctx.stream_states["two", stream_id(Kind.ORDER, TWO, 0)] = StreamState.GAP
    desk.event(ONE, filled("a", 1, 100_000, instrument=BTC_ONE))
    desk.wait(2)
    assert [count(desk, venue) for venue in (0, ONE, TWO, THREE)] == [
        before[0],
        before[1] + 3,
        before[2],
        before[3] + 2,
    ]
    assert desk.ctx.messages(stream_id(Kind.POSITION, ONE, BTC_ONE))
    figures = desk.agent.figures()
    assert figures.not_known == "two: an account's order events are not complete"
    assert figures.accounts["two"].not_known == "an account's order events are not complete"
    assert figures.accounts["one"].not_known == ""
    desk.orders_state(TWO, StreamState.LIVE)
    assert count(desk) == before[0] + 1


def test_one_that_has_not_opened_leaves_the_others_their_own():
    desk = DeskOfAccounts().marked()
    desk.event(ONE, reconciled(USDT="5"))
    desk.wait()
    assert last(desk, ONE).equity_e8 == 5 * E8
    assert (count(desk), count(desk, TWO)) == (0, 0)
    assert desk.agent.figures().not_known == "two: the venue has not told its balances yet"


def test_without_a_rate_only_what_is_held_in_that_currency_is_not_known():
    desk = DeskOfAccounts().marked().opened().wait()
    before = [count(desk, venue) for venue in (0, ONE, TWO, THREE)]
    desk.market_state(USDC_ONE, StreamState.DOWN)
    desk.wait()
    assert [count(desk, venue) - n for venue, n in zip((0, ONE, TWO, THREE), before, strict=True)] == [0, 1, 0, 1]
    assert desk.agent.figures().not_known == "two: no live mark of USDCUSDT, by which USDC counts"
    # Dust does not stop it.
    poor = DeskOfAccounts().marked().opened(two={"USDC": "9"}).wait()
    before = count(poor)
    poor.market_state(USDC_ONE, StreamState.DOWN)
    assert count(poor.wait()) == before + 1


def test_what_came_in_is_valued_by_the_rate_of_its_time_and_found_again():
    desk = DeskOfAccounts().opened().wait()
    assert count(desk) == 0
    desk.marked(usdc=9_990).wait()
    desk.event(TWO, transfer("USDC", "1000"))
    desk.event(TWO, transfer("BTC", "1"))
    desk.market(USDC_ONE, 9_999, 10_001)
    desk.wait()
    own = last(desk, TWO)
    assert (own.opening_e8, own.transfers_e8) == (999_000 * E8, 999 * E8 + 59_940 * E8)
    assert (last(desk, ONE).transfers_e8, last(desk).transfers_e8) == (0, own.transfers_e8)
    again = desk.again().equity(TWO)[-1]
    assert (again.opening_e8, again.transfers_e8, again.equity_e8) == (own.opening_e8, own.transfers_e8, own.equity_e8)


def test_openings_that_fills_settle_early_are_told_apart_by_account():
    # Both accounts open with bitcoins by their first event, and both are valued by fills before there is any market.
    desk = DeskOfAccounts().opened(one={"USDT": "0", "BTC": "1"}, three={"USDT": "0", "BTC": "1"})
    desk.event(ONE, filled("a", 1, 10_000, price=6_000_000, side=Side.SELL, instrument=BTC_ONE))
    desk.event(THREE, filled("b", 2, 10_000, price=5_000_000, side=Side.SELL, instrument=COIN_THREE))
    desk.marked().wait()
    assert (last(desk, ONE).opening_e8, last(desk, THREE).opening_e8) == (60_000 * E8, 50_000 * E8)


def test_a_reset_begins_all_series_anew_and_a_restart_knows():
    desk = DeskOfAccounts().marked().opened()
    desk.event(ONE, filled("a", 1, 100_000, price=6_000_000, instrument=BTC_ONE))
    desk.marked(btc=6_060_000).wait().marked(btc=6_000_000).wait()
    assert last(desk, ONE).peak_equity_e8 == MILLION + 600 * E8
    answer = desk.ctx.ask(desk.agent, ResetRequest("looked into", peak=True), sender=0, client="")
    assert answer.text.startswith("peak 3000600 -> 3000000")
    assert [last(desk, venue).peak_equity_e8 for venue in (0, ONE)] == [3 * MILLION, MILLION]
    for venue in (0, ONE, TWO, THREE):
        assert [type(m) for m in desk.equity(venue)[-2:]] == [EquityReset, Equity]
    again = desk.again()
    assert [last(again, venue).peak_equity_e8 for venue in (0, ONE)] == [3 * MILLION, MILLION]


def test_funding_is_realised_profit_of_its_contract_told_apart_and_once():
    desk = DeskOfAccounts().marked().opened()
    desk.event(THREE, filled("b", 2, 100_000, price=6_000_000, instrument=PERP_THREE))
    header = desk.event(THREE, funding("-12.5"))
    position = [m for m in desk.ctx.messages(stream_id(Kind.POSITION, THREE, PERP_THREE)) if isinstance(m, Position)][
        -1
    ]
    assert (position.realised_pnl_e8, position.funding_e8) == (-1250 * E8 // 100, -1250 * E8 // 100)
    assert (position.order_seq, position.ts_event_ns) == (header.seq, 7)
    assert (last(desk, THREE).equity_e8, last(desk, THREE).realised_e8) == (
        MILLION - 1250 * E8 // 100,
        -1250 * E8 // 100,
    )
    desk.event(THREE, funding("-12.5"))
    desk.event(THREE, funding("0.5", "f2"))
    desk.wait()
    assert (last(desk).equity_e8, last(desk).realised_e8) == (3 * MILLION - 12 * E8, -12 * E8)
    figures = desk.agent.figures()
    assert (figures.pnl.funding, figures.accounts["three"].pnl.funding, figures.accounts["one"].pnl.funding) == (
        *("-12", "-12"),
        "0",
    )


def test_wallets_of_contracts_are_compared_with_fills_fees_and_funding():
    desk = DeskOfAccounts().marked().opened(three={"USDT": "1000000", "BTC": "1"})
    desk.orders_state(THREE, StreamState.LIVE)
    desk.event(THREE, filled("b", 1, 200_000, instrument=PERP_THREE, commission=30 * E8))
    desk.event(THREE, filled("c", 2, 100_000, price=6_100_000, side=Side.SELL, instrument=PERP_THREE))
    desk.event(THREE, filled("d", 3, 50_000, price=6_000_000, side=Side.SELL, instrument=COIN_THREE))
    desk.event(THREE, funding("-12.5"))
    desk.wait(11)
    # A contract sold 1,000 higher, half a bitcoin sold at 60,000, less 42.5: what the contract left gains is in no balance.
    desk.event(THREE, reconciled(USDT="1030957.5", BTC="0.5"))
    assert desk.agent.figures().differences == {}
    desk.event(THREE, reconciled(USDT="1030940", BTC="0.5"))
    assert desk.agent.figures().differences == {"three:USDT": "-17.5"}


def test_contracts_that_pay_out_each_session_are_not_compared():
    config = desk_config(kinds=("binance_spot", "bybit", "bybit"))
    instruments = list(config.instruments)
    instruments[BTC_TWO - 1] = type(instruments[0])(
        id=BTC_TWO,
        venue="two",
        symbol="BTCPERP",
        base="BTC",
        quote="USDC",
        category="linear",
        tick_size="0.01",
        lot_size="0.00001",
        feeds=("bookTicker",),
    )
    agents = config.agents | {
        "md-two": type(config.agents["md-two"])(id=TWO, venue="two", instruments=("BTCPERP",)),
    }
    fields = {"venues": config.venues, "desk": config.desk, "instruments": tuple(instruments), "agents": agents}
    desk = DeskOfAccounts(config=type(config)(**fields)).marked().opened()
    desk.orders_state(TWO, StreamState.LIVE)
    desk.event(TWO, filled("a", 1, 100_000, instrument=BTC_TWO))
    desk.wait(11)
    desk.event(TWO, reconciled(USDC="1004000"))
    assert desk.agent.figures().differences == {}


def test_an_account_that_is_followed_no_more_counts_in_nothing():
    both = desk_config(desk=DeskConfig(), executions=("one", "three"))
    desk = DeskOfAccounts(config=both).marked()
    desk.event(ONE, reconciled(USDT="1000000"))
    desk.event(THREE, reconciled(USDT="500000"))
    desk.wait()
    assert last(desk).peak_equity_e8 == 1_500_000 * E8
    alone = desk.again(config=desk_config(desk=DeskConfig(), executions=("one",)))
    now = last(alone)
    assert (now.equity_e8, now.opening_e8, now.unrealised_e8) == (MILLION, MILLION, 0)
    assert (now.peak_equity_e8, now.day_start_equity_e8) == (MILLION, MILLION)
    assert alone.equity(ONE) == []


def joined(desk, btc=5_700_000):
    """Have the third account join with a contract that was entered at 60,000, while the market is somewhere else."""
    desk.marked(btc)
    desk.event(THREE, filled("opening-1-1", 1, 100_000, price=6_000_000, instrument=PERP_THREE))
    desk.event(THREE, reconciled(USDT="1000000"))
    return desk.wait()


def two_of_three():
    """A desk of two accounts that has made 500 today."""
    desk = DeskOfAccounts(config=desk_config(executions=("one", "two")))
    desk.marked(5_700_000)
    desk.event(ONE, reconciled(USDT="1000000"))
    desk.event(TWO, reconciled(USDC="1000000"))
    desk.event(ONE, filled("a", 1, 100_000, price=5_650_000, instrument=BTC_ONE))
    return desk.wait()


def test_an_account_that_joins_with_a_losing_contract_has_lost_nothing_today():
    before = two_of_three()
    assert (last(before).equity_e8, last(before).day_start_equity_e8) == (2 * MILLION + 500 * E8, 2 * MILLION)
    desk = joined(before.again(btc=5_700_000))
    own, of_desk = last(desk, THREE), last(desk)
    assert (own.equity_e8, own.opening_e8, own.unrealised_e8) == (MILLION - 3_000 * E8, MILLION - 3_000 * E8, 0)
    assert own.day_start_equity_e8 == own.peak_equity_e8 == own.equity_e8
    # The 500 of today are there as before; the 3,000 were lost by somebody else.
    assert of_desk.equity_e8 - of_desk.day_start_equity_e8 == 500 * E8
    assert of_desk.peak_equity_e8 == of_desk.equity_e8 == 3 * MILLION - 2_500 * E8
    desk.marked(5_600_000).wait()
    assert last(desk).equity_e8 - last(desk).day_start_equity_e8 == (500 - 2_000) * E8
    assert (last(desk, THREE).unrealised_e8, last(desk, THREE).peak_equity_e8) == (-1_000 * E8, MILLION - 3_000 * E8)


def test_an_account_that_joins_with_a_contract_that_gained_hides_no_loss_of_today():
    before = two_of_three()
    before.marked(5_500_000).wait()
    assert last(before).equity_e8 - last(before).day_start_equity_e8 == -1_500 * E8
    desk = before.again(btc=5_500_000)
    desk.event(THREE, filled("opening-1-1", 1, 100_000, price=5_000_000, instrument=PERP_THREE))
    desk.event(THREE, reconciled(USDT="1000000"))
    desk.wait()
    assert last(desk).equity_e8 - last(desk).day_start_equity_e8 == -1_500 * E8
    assert last(desk).peak_equity_e8 - last(desk).equity_e8 == 2_000 * E8


def test_what_a_contract_had_gained_before_is_no_profit_however_it_is_closed_and_a_restart_knows():
    desk = joined(DeskOfAccounts(), btc=6_300_000)
    assert (last(desk, THREE).equity_e8, last(desk, THREE).unrealised_e8) == (MILLION + 3_000 * E8, 0)
    assert desk.agent.figures().positions["BTC-PERP"] == "1"
    told = [m for m in desk.ctx.messages(stream_id(Kind.POSITION, THREE, PERP_THREE)) if isinstance(m, Position)][-1]
    assert (told.avg_px_e8, told.unrealised_pnl_e8) == (60_000 * E8, 3_000 * E8)  # as its venue counts it
    desk.event(THREE, filled("b", 2, 40_000, price=6_400_000, side=Side.SELL, instrument=PERP_THREE))
    assert (last(desk, THREE).realised_e8, last(desk, THREE).unrealised_e8) == (400 * E8, 0)
    again = desk.again(btc=6_300_000)
    assert (last(again, THREE).realised_e8, last(again, THREE).unrealised_e8) == (400 * E8, 0)
    # Through zero and on: 600 of what was held, and the new short begins at its own price.
    again.event(THREE, filled("c", 3, 100_000, price=6_200_000, side=Side.SELL, instrument=PERP_THREE))
    again.marked(6_100_000).wait()
    own = last(again, THREE)
    assert (own.realised_e8, own.unrealised_e8) == ((400 - 600) * E8, 400 * E8)
    assert own.equity_e8 == own.opening_e8 + 200 * E8 == MILLION + 3_200 * E8


def test_a_contract_is_taken_over_at_the_first_price_that_is_known_be_it_a_fills():
    desk = DeskOfAccounts()
    desk.event(THREE, filled("opening-1-1", 1, 100_000, price=6_000_000, instrument=PERP_THREE))
    desk.event(THREE, reconciled(USDT="1000000"))
    desk.wait()
    assert count(desk, THREE) == 0
    assert desk.agent.figures().accounts["three"].not_known == "no mark yet for what came in: BTC-PERP, USDT"
    desk.event(THREE, filled("b", 2, 50_000, price=5_800_000, side=Side.SELL, instrument=PERP_THREE))
    desk.marked(5_900_000).wait()
    own = last(desk, THREE)
    assert (own.opening_e8, own.realised_e8, own.unrealised_e8) == (MILLION - 2_000 * E8, 0, 500 * E8)
    again = desk.again(btc=5_900_000)
    assert last(again, THREE) == own


def test_an_opening_that_was_valued_without_its_contracts_stays_as_it_was():
    desk = joined(DeskOfAccounts(), btc=6_300_000)
    log = list(desk.ctx.published)
    for place, item in enumerate(log):
        if isinstance(item.message, InflowValued):
            amounts = {asset: text for asset, text in item.message.amounts.items() if asset == "USDT"}
            old = msgspec.structs.replace(item.message, amounts=amounts, value_e8=MILLION)
            log[place] = type(item)(*(old if each is item.message else each for each in item))
    desk.ctx.published[:] = log
    again = desk.again(btc=6_400_000)
    assert (last(again, THREE).opening_e8, last(again, THREE).unrealised_e8) == (MILLION, 4_000 * E8)
