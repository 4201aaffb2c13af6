"""The desk's exposure: one coin is one exposure at all venues, a hedge is little, and what is not known opens nothing."""

import pytest

from agents.risk.desk_exposure import value_up_e8
from schemas.config import LimitsConfig
from schemas.messages import E8
from schemas.orders import OrderStatus, Reason, Side
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.risk.risk_desk import S
from tests.unit.agents.risk.several_desk import BTC_ONE, BTC_THREE, BTC_TWO, ETH_ONE, ETH_TWO, SeveralDesk
from tests.unit.agents.trading_desk import filled, signal, updated

COIN = {"coin_exposure_max": "30000"}


def buy(number, instrument=BTC_ONE, coins=0.1, **more):
    price, lots = (300_000, 10_000) if instrument in (ETH_ONE, ETH_TWO) else (6_000_000, 100_000)
    return signal(number, price=price, qty=round(coins * lots), instrument=instrument, **more)


def sell(number, instrument=BTC_ONE, coins=0.1):
    return buy(number, instrument, coins, side=Side.SELL)


def test_one_coin_is_one_exposure_at_all_venues():
    desk = SeveralDesk(desk=COIN)
    desk.approve(buy(1, BTC_ONE, 0.2))
    desk.approve(buy(2, BTC_TWO, 0.2))
    assert desk.deny(buy(3, BTC_THREE, 0.2)) == (
        Reason.MAX_EXPOSURE_COIN,
        {"coin": "BTC", "coin_exposure": "36000", "coin_exposure_max": "30000"},
    )
    desk.approve(buy(4, BTC_THREE, 0.1))
    desk.approve(buy(5, ETH_ONE, 1))
    assert desk.agent.figures().coins == {"BTC": "30000", "ETH": "3000"}


def test_what_is_long_here_and_short_there_is_little():
    desk = SeveralDesk(desk=COIN)
    desk.at(1, filled("a", 1, 50_000, instrument=BTC_ONE))
    desk.approve(sell(1, BTC_TWO, 0.5))
    assert desk.agent.figures().coins == {"BTC": "30000"}
    assert desk.deny(buy(2, BTC_THREE, 0.1))[1]["coin_exposure"] == "36000"
    desk.at(2, filled("b", 1, 50_000, side=Side.SELL, instrument=BTC_TWO))
    assert desk.deny(sell(3, BTC_TWO, 0.1))[1]["coin_exposure"] == "36000"  # the approval may still sell 0.5 more


def test_closing_one_leg_of_a_hedge_is_held_against_the_limit_and_flattening_is_not():
    desk = SeveralDesk(desk=COIN)
    desk.at(1, filled("a", 1, 80_000, instrument=BTC_ONE))
    desk.at(2, filled("b", 1, 80_000, side=Side.SELL, instrument=BTC_TWO))
    assert desk.deny(sell(1, BTC_ONE, 0.8)) == (
        Reason.MAX_EXPOSURE_COIN,
        {"coin": "BTC", "coin_exposure": "48000", "coin_exposure_max": "30000"},
    )
    desk.approve(sell(2, BTC_ONE, 0.5))
    desk.approve(buy(3, BTC_TWO, 0.5, name="other"))


def test_a_hedge_passes_though_the_coin_is_over_its_limit():
    desk = SeveralDesk(desk=COIN)
    desk.at(1, filled("a", 1, 80_000, instrument=BTC_ONE))
    assert desk.deny(buy(1, BTC_THREE))[0] is Reason.MAX_EXPOSURE_COIN
    desk.approve(sell(2, BTC_TWO, 0.8))


def test_gross_exposure_adds_up_coins():
    desk = SeveralDesk(desk={"exposure_gross_max": "30000"})
    desk.at(1, filled("a", 1, 40_000, instrument=BTC_ONE))
    desk.at(2, filled("b", 1, 40_000, price=300_000, side=Side.SELL, instrument=ETH_TWO))
    assert desk.deny(sell(1, ETH_TWO)) == (
        Reason.MAX_EXPOSURE_GROSS,
        {"desk_exposure_gross": "36300", "desk_exposure_gross_max": "30000"},
    )
    desk.approve(buy(2, ETH_ONE))


def test_net_exposure_is_that_of_the_side_of_the_order():
    desk = SeveralDesk(desk={"exposure_net_max": "20000"})
    desk.at(1, filled("a", 1, 40_000, instrument=BTC_ONE))
    desk.at(2, filled("b", 1, 20_000, price=300_000, side=Side.SELL, instrument=ETH_TWO))
    desk.approve(buy(1, ETH_ONE))
    assert desk.deny(buy(2, ETH_ONE, 1)) == (
        Reason.MAX_EXPOSURE_NET,
        {"desk_exposure_net": "21300", "desk_exposure_net_max": "20000"},
    )
    desk.approve(sell(3, BTC_TWO))


def test_an_account_that_is_away_counts_at_its_worst_and_the_others_trade_on():
    desk = SeveralDesk(desk=COIN)
    order_id = desk.approve(buy(1, BTC_TWO, 0.3))
    desk.ctx.stream_states["two", stream_id(Kind.ORDER, 2, 0)] = StreamState.DOWN
    assert desk.deny(buy(2, BTC_TWO, 0.1))[0] is Reason.EXECUTION_UNAVAILABLE
    desk.approve(buy(3, BTC_ONE, 0.2))
    assert desk.deny(buy(4, BTC_THREE, 0.1))[0] is Reason.MAX_EXPOSURE_COIN
    desk.ctx.stream_states["two", stream_id(Kind.ORDER, 2, 0)] = StreamState.LIVE
    desk.work_at(order_id, BTC_TWO, qty=30_000)
    desk.at(2, updated(order_id, OrderStatus.UNKNOWN, instrument=BTC_TWO))
    assert desk.deny(buy(5, BTC_TWO, 0.01))[0] is Reason.UNKNOWN_ORDERS_OUTSTANDING
    assert desk.deny(buy(6, BTC_THREE, 0.1))[0] is Reason.MAX_EXPOSURE_COIN
    desk.at(2, updated(order_id, OrderStatus.CANCELED, instrument=BTC_TWO))
    desk.approve(buy(7, BTC_THREE, 0.1))


@pytest.mark.parametrize(
    ("limit", "reason", "told"),
    [
        ({"coin_exposure_max": "30000"}, Reason.MAX_EXPOSURE_COIN, "coin_exposure"),
        ({"exposure_gross_max": "30000"}, Reason.MAX_EXPOSURE_GROSS, "desk_exposure_gross"),
        ({"exposure_net_max": "30000"}, Reason.MAX_EXPOSURE_NET, "desk_exposure_net"),
        ({"correlation_max": 0.9}, Reason.CORRELATION, "desk_correlation"),
    ],
)
def test_an_account_that_was_never_known_may_hold_anything(limit, reason, told):
    desk = SeveralDesk(ready=False, desk=limit)
    desk.begin(venues=(1, 3))
    assert desk.deny(buy(1)) == (
        reason,
        {told: "unknown", "account": "two", "reconciled_epoch": 0, "execution_epoch": 0},
    )
    desk.begin(venues=(2,))
    desk.approve(buy(2))


def test_what_reduces_passes_after_a_restart_while_another_account_is_away():
    desk = SeveralDesk(desk={"coin_exposure_max": "90000"})
    desk.approve(sell(1, BTC_TWO, 1))
    again = SeveralDesk(ready=False, epoch=2, log=desk.ctx.published, desk={"coin_exposure_max": "30000"})
    again.begin(venues=(1, 3))
    again.at(1, filled("a", 1, 50_000, instrument=BTC_ONE))
    again.approve(sell(2, BTC_ONE, 0.5))
    assert again.deny(buy(3, BTC_THREE))[1]["coin_exposure"] == "unknown"


def test_without_a_limit_of_the_desk_each_account_is_on_its_own():
    desk = SeveralDesk(ready=False)
    desk.begin(venues=(1,))
    desk.approve(buy(1))


def test_a_coin_has_its_price_at_another_venue_where_its_own_market_is_dead():
    desk = SeveralDesk(desk=COIN)
    desk.at(2, filled("b", 1, 20_000, instrument=BTC_TWO))
    desk.let_pass(3, but=(2,))
    desk.approve(buy(1, BTC_ONE, 0.3))
    assert desk.deny(buy(2, BTC_THREE, 0.1))[1]["coin_exposure"] == "36000"


def test_a_coin_that_no_market_prices_is_not_known_and_what_reduces_passes():
    desk = SeveralDesk(desk=COIN)
    desk.at(2, filled("b", 1, 10_000, price=300_000, instrument=ETH_TWO))
    desk.at(1, filled("a", 1, 10_000, instrument=BTC_ONE))
    desk.ctx.advance(desk.agent, 3 * S)
    for number in (BTC_ONE, BTC_THREE):
        desk.market_of(number, 6_000_000)
    for venue in (0, 1, 2, 3):
        desk.equity_of(venue, 1_000_000)
    reason, figures = desk.deny(buy(1, BTC_THREE))
    assert reason is Reason.MAX_EXPOSURE_COIN
    assert (figures["coin_exposure"], figures["with"]) == ("unknown", "b:ETHUSDT")
    assert (figures["with_market"], figures["age_ms"]) == ("STALE_MARKET_DATA", 3000)
    desk.approve(sell(2, BTC_ONE))
    desk.approve(sell(3, ETH_TWO, 1))
    desk.market_of(ETH_ONE, 300_000)
    desk.approve(buy(4, BTC_THREE))


def correlated(**more):
    """A desk on which both coins are known to move together."""
    desk = SeveralDesk(desk={"correlation_max": 0.9}, **more)
    factor = 1.0
    for step in range(20):
        factor *= 1.001 if step % 3 else 0.999
        for number in (BTC_ONE, BTC_TWO, BTC_THREE):
            desk.market_of(number, round(6_000_000 * factor))
        for number in (ETH_ONE, ETH_TWO):
            desk.market_of(number, round(300_000 * factor))
        for venue in (0, 1, 2, 3):
            desk.equity_of(venue, 1_000_000)
        desk.ctx.advance(desk.agent, S)
    desk.refresh()
    return desk


def test_what_moves_with_another_coin_is_denied_and_a_coin_is_not_correlated_with_itself():
    desk = correlated()
    desk.at(1, filled("a", 1, 10_000, instrument=BTC_ONE))
    desk.approve(buy(1, BTC_THREE))
    reason, figures = desk.deny(buy(2, ETH_TWO, 1))
    assert reason is Reason.CORRELATION
    assert figures.pop("desk_correlation") > 0.99
    assert figures == {"desk_correlation_max": 0.9, "with": "BTC", "with_long": "12000", "with_short": "6000"}
    desk.approve(sell(3, ETH_TWO, 1))


def test_a_hedged_coin_moves_nothing():
    desk = correlated()
    desk.at(1, filled("a", 1, 10_000, instrument=BTC_ONE))
    desk.at(2, filled("b", 1, 10_000, side=Side.SELL, instrument=BTC_TWO))
    desk.approve(buy(1, ETH_ONE, 1))


def test_a_correlation_that_is_not_known_counts_as_too_high():
    desk = SeveralDesk(desk={"correlation_max": 0.9})
    desk.at(1, filled("a", 1, 10_000, instrument=BTC_ONE))
    assert desk.deny(buy(1, ETH_TWO, 1)) == (
        Reason.CORRELATION,
        {"desk_correlation": "unknown", "with": "BTC", "samples": 0, "samples_needed": 15},
    )


def test_what_is_too_large_to_be_known_has_nothing_added():
    wide = LimitsConfig(exposure_gross_max="0", exposure_net_max="0", correlation_max=1.0)
    desk = SeveralDesk(desk=COIN, limits=wide)
    desk.at(1, filled("a", 1, 2**62, price=2**62, instrument=ETH_ONE))
    desk.at(2, filled("b", 1, 2**62, price=2**62, side=Side.SELL, instrument=ETH_TWO))
    desk.market_of(ETH_ONE, 2**61)
    desk.market_of(ETH_TWO, 2**61)
    assert desk.deny(buy(1, BTC_ONE))[0] is Reason.MAX_EXPOSURE_COIN


@pytest.mark.parametrize(("qty", "value"), [(1, 1), (-1, 0), (3, 2), (-3, -1), (0, 0)])
def test_a_value_is_rounded_up(qty, value):
    assert value_up_e8(qty, E8 // 2) == value
