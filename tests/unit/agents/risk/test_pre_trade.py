"""Pre-trade checks: every reason for a denial, with both sides of its comparison."""

import msgspec

from schemas.messages import (
    E8,
    Equity,
    FeedState,
    Instrument,
)
from schemas.orders import ExecInst, OrderStatus, Reason, Side
from schemas.streams import Kind, StreamState
from tests.unit.agents.risk.risk_desk import Desk, S
from tests.unit.agents.trading_desk import (
    BTC,
    EQUITY,
    ORDERS,
    book,
    filled,
    quote,
    reconciled,
    signal,
    stream,
    trade,
    updated,
)
from tests.unit.agents.trading_desk import config as default_config


def test_what_the_venue_takes_is_a_limit_from_when_it_is_told():
    desk = Desk()
    desk.approve(signal(1, qty=10_000))
    told = Instrument(BTC, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", min_qty_lots=10_001)
    desk.ctx.deliver(desk.agent, "md", stream(Kind.INSTRUMENT), told)
    reason, figures = desk.deny(signal(2, qty=10_000))
    assert reason is Reason.ORDER_QTY_BELOW_MINIMUM
    assert figures == {"order_qty": "0.1", "order_qty_min": "0.10001"}
    desk.approve(signal(3, qty=10_001))


# Market data


def test_no_market_data_is_stale():
    desk = Desk(ready=False)
    desk.event(reconciled())
    desk.equity(1)
    assert desk.deny(signal())[0] is Reason.STALE_MARKET_DATA


def test_market_data_over_its_age_is_stale():
    desk = Desk(market_data_age_max_ms=500)
    desk.ctx.advance(desk.agent, S // 2)
    desk.approve(signal(1))
    desk.ctx.advance(desk.agent, 1_000_000)
    assert desk.deny(signal(2)) == (Reason.STALE_MARKET_DATA, {"age_ms": 501, "age_ms_max": 500})


def test_replayed_quote_is_as_old_as_it_is():
    desk = Desk(ready=False)
    desk.event(reconciled())
    desk.equity(1_000_000)
    old = quote(desk.ctx)
    desk.ctx.advance(desk.agent, 3 * S)
    desk.ctx.deliver(desk.agent, "md", stream(Kind.QUOTE), old)
    assert desk.deny(signal()) == (Reason.STALE_MARKET_DATA, {"age_ms": 3000, "age_ms_max": 2000})


def test_stream_that_is_not_live_is_stale():
    desk = Desk()
    desk.ctx.stream_states["md", stream(Kind.QUOTE)] = StreamState.GAP
    reason, figures = desk.deny(signal())
    assert reason is Reason.STALE_MARKET_DATA
    assert figures == {"stream": "QUOTE/1/1", "stream_state": "GAP", "stream_state_required": "LIVE"}


def test_book_that_the_feed_gave_up_is_invalid_until_its_next_snapshot():
    desk = Desk()
    at = stream(Kind.BOOK)
    desk.ctx.deliver(desk.agent, "md", at, book(desk.ctx))
    desk.approve(signal(1))
    desk.ctx.deliver(desk.agent, "md", at, FeedState(desk.ctx.wall_ns, StreamState.SYNCING, "gap"))
    assert desk.deny(signal(2))[0] is Reason.BOOK_INVALID
    desk.ctx.deliver(desk.agent, "md", at, FeedState(desk.ctx.wall_ns, StreamState.LIVE))
    assert desk.deny(signal(3))[0] is Reason.BOOK_INVALID
    desk.ctx.deliver(desk.agent, "md", at, book(desk.ctx))
    desk.approve(signal(4))


def test_collar_holds_against_the_last_trade_too():
    desk = Desk(price_collar=0.01)
    assert desk.deny(signal(1, price=6_060_001))[1]["mid_ticks"] == 6_000_000
    desk.ctx.deliver(desk.agent, "md", stream(Kind.TRADE), trade(desk.ctx, 5_900_000))
    assert desk.deny(signal(2, price=6_000_000))[1]["last_ticks"] == 5_900_000


# The account


def test_nothing_is_approved_before_the_account_is_known():
    desk = Desk(ready=False)
    desk.market()
    desk.equity(1_000_000)
    assert desk.deny(signal(1))[0] is Reason.RECONCILING
    desk.ctx.stream_states["exec", ORDERS] = StreamState.SYNCING
    assert desk.deny(signal(2)) == (
        Reason.EXECUTION_UNAVAILABLE,
        {"stream_state": "SYNCING", "stream_state_required": "LIVE"},
    )
    desk.ctx.stream_states["exec", ORDERS] = StreamState.LIVE
    desk.event(reconciled())
    desk.approve(signal(3))


def test_orders_in_state_unknown_block_new_ones():
    desk = Desk()
    desk.work("a")
    desk.event(updated("a", OrderStatus.UNKNOWN))
    assert desk.deny(signal(1)) == (
        Reason.UNKNOWN_ORDERS_OUTSTANDING,
        {"unknown_orders": 1, "unknown_orders_max": 0},
    )
    desk.event(updated("a", OrderStatus.CANCELED))
    desk.approve(signal(2))


def test_open_orders_are_limited_and_reservations_count():
    desk = Desk(open_orders_max=2)
    desk.work("a", external=True)
    desk.approve(signal(1))
    assert desk.deny(signal(2)) == (Reason.MAX_OPEN_ORDERS, {"open_orders": 2, "open_orders_max": 2})
    desk.event(updated("a", OrderStatus.CANCELED))
    desk.approve(signal(3))


def test_an_order_that_takes_the_place_of_an_open_one_is_not_one_more():
    desk = Desk(open_orders_max=1)
    desk.work("a", price=5_900_000)
    assert desk.deny(msgspec.structs.replace(signal(1, price=5_950_000), replaces="gone"))[0] is Reason.MAX_OPEN_ORDERS
    assert desk.deny(signal(2, price=5_950_000))[0] is Reason.MAX_OPEN_ORDERS
    assert desk.ask(msgspec.structs.replace(signal(3, price=5_950_000), replaces="a")).replaces == "a"


def test_order_that_would_meet_an_own_one_is_a_self_trade():
    desk = Desk()
    desk.event(filled("old", 1, 50_000))
    order_id = desk.approve(signal(1, side=Side.BUY, price=5_999_000))
    reason, figures = desk.deny(signal(2, side=Side.SELL, price=5_999_000, qty=100))
    assert reason is Reason.SELF_TRADE
    assert figures == {"price_ticks": 5_999_000, "own_price_ticks": 5_999_000, "own_client_order_id": order_id}
    desk.approve(signal(3, side=Side.SELL, price=5_999_001, qty=100))


def test_position_limit_counts_fills_open_orders_and_reservations():
    desk = Desk(position_max="1", order_qty_max="1")
    desk.event(filled("old", 1, 30_000))
    desk.work("a", qty=30_000)
    desk.approve(signal(1, qty=30_000))
    reason, figures = desk.deny(signal(2, qty=10_001))
    assert reason is Reason.MAX_POSITION
    assert figures["position"] == "0.3"
    assert figures["open_orders"] == "0.6"
    assert figures["position_reached"] == "1.00001"
    desk.approve(signal(3, qty=10_000))


def test_fills_counted_by_the_venue_ahead_of_us_stay_reserved():
    desk = Desk(position_max="1", order_qty_max="1")
    desk.work("a", qty=80_000)
    desk.event(updated("a", OrderStatus.CANCELED, cum=60_000))
    assert desk.deny(signal(1, qty=40_001))[0] is Reason.MAX_POSITION
    desk.event(filled("a", 1, 60_000, status=OrderStatus.CANCELED, cum=60_000))
    assert desk.deny(signal(2, qty=40_001))[1]["position"] == "0.6"
    desk.approve(signal(3, qty=40_000))


def test_order_that_shows_up_after_its_rejection_holds_its_quantity_again():
    desk = Desk(position_max="1", order_qty_max="1")
    desk.work("a", qty=80_000)
    desk.event(updated("a", OrderStatus.REJECTED))
    assert desk.open()["orders"] == 0
    desk.event(updated("a", OrderStatus.NEW))
    assert desk.deny(signal(1, qty=20_001))[0] is Reason.MAX_POSITION


def test_repeated_fill_counts_once():
    desk = Desk()
    for _ in range(2):
        desk.event(filled("a", 77, 10_000))
    assert desk.agent.figures().positions == {"BTCUSDT": "0.1"}


def test_short_selling_needs_leave():
    assert Desk().deny(signal(side=Side.SELL))[0] is Reason.SHORT_NOT_ALLOWED
    Desk(short_allowed=True).approve(signal(side=Side.SELL))


# What only reduces


def holding(**limits):
    """A desk that is long 1 BTC."""
    desk = Desk(**limits)
    desk.event(filled("old", 1, 100_000))
    return desk


def test_getting_out_passes_the_limits_on_exposure_and_loss():
    desk = Desk(exposure_gross_max="1", daily_loss_max="1")
    desk.event(filled("a", 1, 50_000))
    desk.equity(1)
    assert desk.deny(signal(1, qty=100))[0] is Reason.MAX_EXPOSURE_GROSS
    desk.approve(signal(2, side=Side.SELL, qty=50_000))


def test_an_unknown_order_holds_nobody_in_a_position():
    desk = holding()
    desk.work("u", qty=1_000)
    desk.event(updated("u", OrderStatus.UNKNOWN))
    assert desk.deny(signal(1, qty=100))[0] is Reason.UNKNOWN_ORDERS_OUTSTANDING
    desk.approve(signal(2, Side.SELL, qty=100_000))


def test_an_unknown_sell_counts_as_traded_so_that_a_close_never_opens():
    desk = holding(short_allowed=True)
    desk.work("u", side=Side.SELL, qty=1_000, price=6_000_100)
    desk.event(updated("u", OrderStatus.UNKNOWN))
    assert desk.deny(signal(1, Side.SELL, qty=99_001))[0] is Reason.UNKNOWN_ORDERS_OUTSTANDING
    desk.approve(signal(2, Side.SELL, qty=99_000))


def test_resting_orders_at_their_maximum_hold_nobody_in_a_position():
    desk = holding(open_orders_max=1)
    desk.work("a", price=5_900_000)
    assert desk.deny(signal(1))[0] is Reason.MAX_OPEN_ORDERS
    desk.approve(signal(2, Side.SELL, qty=100_000))


def test_what_closes_needs_no_token_and_takes_none():
    desk = holding(orders_per_second_max=0.001, orders_burst_max=1)
    desk.approve(signal(1, Side.SELL, qty=10_000))
    desk.approve(signal(2, qty=100, price=5_900_000))
    assert desk.deny(signal(3, qty=100, price=5_900_000))[0] is Reason.ORDER_RATE
    desk.approve(signal(4, Side.SELL, qty=10_000))


def test_an_old_market_holds_nobody_in_a_position():
    desk = holding()
    desk.ctx.advance(desk.agent, 60 * S)
    assert desk.deny(signal(1))[0] is Reason.STALE_MARKET_DATA
    desk.approve(signal(2, Side.SELL, qty=50_000))
    desk.ctx.stream_states["md", stream(Kind.QUOTE)] = StreamState.DOWN
    desk.approve(signal(3, Side.SELL, qty=50_000))


def test_a_close_without_a_market_is_bound_by_its_last_known_price():
    desk = holding(price_collar=0.01)
    desk.ctx.advance(desk.agent, 60 * S)
    reason, figures = desk.deny(signal(1, Side.SELL, price=5_939_900))
    assert reason is Reason.PRICE_COLLAR
    assert figures["bid_ticks"] == 5_999_900
    desk.approve(signal(2, Side.SELL, price=5_939_901))


def test_a_close_before_any_market_is_bound_by_the_accounts_last_fill():
    desk = Desk(ready=False, price_collar=0.01)
    desk.event(reconciled())
    desk.event(filled("old", 1, 100_000))
    assert desk.deny(signal(1, Side.SELL, price=5_939_999))[1]["bid_ticks"] == 6_000_000
    desk.approve(signal(2, Side.SELL, price=5_940_000))


def test_a_take_profit_far_from_the_market_is_no_fat_finger():
    desk = holding(price_collar=0.01)
    desk.approve(signal(1, Side.SELL, price=6_180_000))


def test_a_close_of_a_broken_book_passes():
    desk = holding()
    at = stream(Kind.BOOK)
    desk.ctx.deliver(desk.agent, "md", at, book(desk.ctx))
    desk.ctx.deliver(desk.agent, "md", at, FeedState(desk.ctx.wall_ns, StreamState.SYNCING, "gap"))
    assert desk.deny(signal(1))[0] is Reason.BOOK_INVALID
    desk.approve(signal(2, Side.SELL, qty=50_000))


def test_a_close_is_refused_while_the_position_is_not_known():
    desk = holding()
    desk.ctx.stream_states["exec", ORDERS] = StreamState.GAP
    assert desk.deny(signal(1, Side.SELL))[0] is Reason.EXECUTION_UNAVAILABLE


def test_a_close_that_meets_an_own_order_or_is_too_large_is_refused():
    desk = holding(order_qty_max="0.5")
    desk.work("a", price=5_999_000)
    assert desk.deny(signal(1, Side.SELL, price=5_999_000))[0] is Reason.SELF_TRADE
    assert desk.deny(signal(2, Side.SELL, qty=50_001))[0] is Reason.ORDER_QTY_ABOVE_MAXIMUM
    desk.approve(signal(3, Side.SELL, qty=50_000))
    desk.approve(signal(4, Side.SELL, qty=50_000))


def test_an_order_that_was_to_reduce_only_and_would_not_is_denied():
    desk = holding(short_allowed=True)
    desk.work("s", side=Side.SELL, qty=40_000, price=6_000_100)
    only = msgspec.structs.replace(signal(1, Side.SELL, qty=60_001), exec_inst=int(ExecInst.REDUCE_ONLY))
    figures = {"position": "1", "open_orders": "0.4", "order_qty": "0.60001", "order_qty_max": "0.6"}
    assert desk.deny(only) == (Reason.DOES_NOT_REDUCE, figures)
    order = desk.ask(msgspec.structs.replace(only, signal_id=2, qty_lots=60_000))
    assert (order.exec_inst, order.qty_lots) == (ExecInst.REDUCE_ONLY, 60_000)


def test_an_order_may_take_the_place_of_an_own_one_only():
    desk = holding()
    desk.work("mine", price=6_000_100)
    desk.work("its", price=5_000_000, name="other")
    swap = msgspec.structs.replace(signal(1, Side.SELL, price=6_000_100), replaces="its")
    assert desk.deny(swap)[0] is Reason.NOT_OWN_ORDER
    assert desk.deny(msgspec.structs.replace(swap, signal_id=2, replaces=""))[0] is Reason.SELF_TRADE
    assert desk.ask(msgspec.structs.replace(swap, signal_id=3, replaces="mine")).replaces == "mine"


# Equity


# Equity


def test_no_equity_means_no_new_risk():
    desk = Desk(ready=False)
    desk.event(reconciled())
    desk.market()
    assert desk.deny(signal(1)) == (
        Reason.PORTFOLIO_UNAVAILABLE,
        {"stream_state": "LIVE", "stream_state_required": "LIVE", "equity_seen": 0},
    )
    desk.equity(1_000_000)
    desk.approve(signal(2))
    desk.ctx.stream_states["folio", EQUITY] = StreamState.DOWN
    assert desk.deny(signal(3))[0] is Reason.PORTFOLIO_UNAVAILABLE


def test_old_equity_is_no_equity():
    desk = Desk()
    desk.ctx.advance(desk.agent, 3 * S)
    desk.market()
    desk.approve(signal(1))
    desk.ctx.advance(desk.agent, S // 1000)
    assert desk.deny(signal(2)) == (Reason.PORTFOLIO_UNAVAILABLE, {"age_ms": 3001, "age_ms_max": 3000})
    late = Equity(desk.ctx.wall_ns - 10 * S, 1_000_000 * E8, 0, 0, 0, 1_000_000 * E8, 1_000_000 * E8)
    desk.ctx.deliver(desk.agent, "folio", EQUITY, late)
    assert desk.deny(signal(3))[1]["age_ms"] == 10_000
    desk.equity(1_000_000)
    desk.approve(signal(4))


def test_equity_that_comes_seldom_may_be_older():
    good = default_config()
    agents = dict(good.agents)
    agents["folio"] = msgspec.structs.replace(agents["folio"], equity_interval_ms=5_000)
    desk = Desk(config=msgspec.structs.replace(good, agents=agents))
    for _ in range(15):
        desk.ctx.advance(desk.agent, S)
        desk.market()
    desk.approve(signal(1))


def test_portfolio_is_not_needed_without_a_limit_on_it():
    desk = Desk(ready=False, daily_loss_max="0", drawdown_max=1.0)
    desk.event(reconciled())
    desk.market()
    desk.approve(signal())


def test_daily_loss_and_drawdown_deny():
    desk = Desk(daily_loss_max="1000", drawdown_max=0.1)
    desk.equity(999_000)
    assert desk.deny(signal(1)) == (Reason.DAILY_LOSS, {"daily_loss": "1000", "daily_loss_max": "1000"})
    desk.equity(900_000, day_start=900_000)
    assert desk.deny(signal(2))[0] is Reason.DRAWDOWN
