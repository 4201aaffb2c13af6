"""Risk: every reason for a denial, reservations until evidence, repeats, halts, restarts; cancels always pass."""

import msgspec
import pytest

from agents.risk.agent import build
from agents.risk.order_ids import base62, client_order_id
from mesh.agent import Outcome, Start
from schemas.config import LimitsConfig
from schemas.errors import ConfigError
from schemas.messages import (
    E8,
    Ack,
    Approved,
    CancelAll,
    CancelOrder,
    Denied,
    Equity,
    FeedState,
    HaltRequest,
    Instrument,
    Released,
    SubmitOrder,
    TradingState,
)
from schemas.orders import OrderStatus, Reason, Side, TimeInForce
from schemas.streams import Kind, StreamState
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import (
    BTC,
    EQUITY,
    ETH,
    ORDERS,
    book,
    filled,
    initialized,
    quote,
    reconciled,
    signal,
    stream,
    trade,
    updated,
)
from tests.unit.agents.trading_desk import config as default_config

S = 1_000_000_000


class Desk:
    """Risk with a live market at 60000.00, a reconciled account and equity of a million."""

    def __init__(self, *, epoch=1, log=(), ready=True, now_ns=S, config=None, **limits):
        self.agent = build("risk", config or default_config(LimitsConfig(**limits)))
        self.ctx = FakeContext("risk", sender=3, epoch=epoch, now_ns=now_ns)
        self.agent.bind(self.ctx)
        for item in log:
            self.agent.restore(item.header, item.message)
        self.agent.start()
        if ready:
            self.event(reconciled())
            self.equity(1_000_000)
            self.market()

    def market(self, bid=5_999_900, ask=6_000_100, instrument=BTC):
        self.ctx.deliver(self.agent, "md", stream(Kind.QUOTE, instrument), quote(self.ctx, bid, ask))

    def equity(self, now, day_start=1_000_000, peak=1_000_000):
        message = Equity(self.ctx.wall_ns, now * E8, 0, 0, 0, day_start * E8, peak * E8)
        self.ctx.deliver(self.agent, "folio", EQUITY, message)

    def event(self, message):
        self.ctx.deliver(self.agent, "exec", ORDERS, message)

    def ask(self, message, sender=2):
        return self.ctx.ask(self.agent, message, client="signal", sender=sender)

    def deny(self, message):
        answer = self.ask(message)
        assert isinstance(answer, Denied), answer
        return Reason(answer.reason), answer.figures

    def approve(self, message):
        answer = self.ask(message)
        assert isinstance(answer, Approved), answer
        return answer.client_order_id

    def asked(self, cls):
        return [asked for asked in self.ctx.requests if isinstance(asked.message, cls)]

    def work(self, order_id, **more):
        """Show an order as initialised and new."""
        self.event(initialized(order_id, **more))
        self.event(updated(order_id, OrderStatus.NEW))

    def open(self):
        return self.agent.figures()["open"]


def test_approved_signal_is_logged_then_answered_then_submitted():
    desk = Desk()
    answer = desk.ask(signal(7, qty=10_000))
    assert answer.client_order_id == "T30001000001wq"
    assert (answer.signal_id, answer.side, answer.qty_lots, answer.price_ticks) == (7, 1, 10_000, 6_000_000)
    assert (answer.signal_sender, answer.signal_epoch) == (2, 1)
    published = desk.ctx.published[-1]
    assert published.stream == stream(Kind.DECISION)
    assert published.message == answer
    assert published.header.corr == 7
    submit = desk.asked(SubmitOrder)[0]
    assert (submit.peer, submit.ttl_ms, submit.corr) == ("exec", 1000, 7)
    assert submit.message.client_order_id == answer.client_order_id
    assert submit.message.qty_lots == 10_000
    assert submit.message.causes == answer.causes


def test_decision_names_the_signals_causes_and_risks_own():
    desk = Desk()
    causes = desk.ask(signal()).causes
    assert causes[0] == (stream(Kind.BOOK), 1, 7)
    assert {cause[0] for cause in causes} == {stream(Kind.BOOK), stream(Kind.QUOTE), ORDERS, EQUITY}


def test_denial_is_logged_and_answered_with_figures():
    desk = Desk(order_qty_max="0.1")
    answer = desk.ask(signal(5, qty=10_001))
    assert answer.reason == Reason.ORDER_QTY_ABOVE_MAXIMUM
    assert answer.figures == {"order_qty": "0.10001", "order_qty_max": "0.1"}
    assert desk.ctx.published[-1].message == answer
    assert not desk.ctx.requests
    assert desk.agent.figures()["decisions"] == {"approved": 0, "denied": {"ORDER_QTY_ABOVE_MAXIMUM": 1}}


def test_order_ids_are_alphanumeric_ordered_and_short():
    assert base62(0) == "0"
    assert base62(61) == "z"
    assert base62(62, 4) == "0010"
    longest = client_order_id(65535, 2**23, 2**24, 2**50)
    assert len(longest) == 16
    assert longest.isalnum()
    assert client_order_id(1, 1, 5, 9) < client_order_id(1, 1, 6, 9) < client_order_id(1, 2, 1, 0)


def test_order_ids_of_an_epoch_that_is_counted_anew_are_not_those_of_the_first():
    first = Desk().approve(signal(1))
    wiped = Desk(now_ns=100 * S).approve(signal(1))
    assert first[:-2] == wiped[:-2]
    assert first != wiped


@pytest.mark.parametrize("n", [0, 1, 61, 62, 62**6 - 1, 62**6, 2**64 - 1])
def test_order_ids_are_numbers_in_base_62(n):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    found, epoch_start = base62(n, 6), base62(n % 62**2, 2)
    assert sum(digits.index(digit) * 62**place for place, digit in enumerate(reversed(found))) == n
    assert client_order_id(7, 62, n, n) == f"T70010{found}{epoch_start}"
    with pytest.raises(ValueError, match="width"):
        base62(n, 12)


def test_what_the_venue_takes_is_a_limit_from_when_it_is_told():
    desk = Desk()
    desk.approve(signal(1, qty=10_000))
    told = Instrument(BTC, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", min_qty_lots=10_001)
    desk.ctx.deliver(desk.agent, "md", stream(Kind.INSTRUMENT), told)
    reason, figures = desk.deny(signal(2, qty=10_000))
    assert reason is Reason.ORDER_QTY_BELOW_MINIMUM
    assert figures == {"order_qty": "0.1", "order_qty_min": "0.10001"}
    desk.approve(signal(3, qty=10_001))


def test_unknown_instrument_is_denied_on_the_common_stream():
    desk = Desk()
    assert desk.deny(signal(instrument=9))[0] is Reason.INSTRUMENT_NOT_FOUND
    assert desk.ctx.published[-1].stream == stream(Kind.DECISION, 0)


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


def test_account_is_followed_from_its_first_event():
    agent = build("risk", default_config())
    orders = next(s for s in agent.subscriptions() if s.stream == ORDERS)
    assert (orders.publisher, orders.start) == ("exec", Start.FIRST)


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
    assert desk.agent.figures()["positions"] == {"BTCUSDT": "0.1"}


def test_short_selling_needs_leave():
    assert Desk().deny(signal(side=Side.SELL))[0] is Reason.SHORT_NOT_ALLOWED
    Desk(short_allowed=True).approve(signal(side=Side.SELL))


def test_gross_exposure_adds_instruments_at_their_worst():
    desk = Desk(exposure_gross_max="20000", correlation_max=1.0)
    desk.market(299_900, 300_100, ETH)
    desk.event(filled("e", 1, 40_000, price=300_000, instrument=ETH))  # 4 ETH = 12000
    desk.approve(signal(1, qty=10_000))  # 6000
    reason, figures = desk.deny(signal(2, qty=5_000))  # 3000 more
    assert reason is Reason.MAX_EXPOSURE_GROSS
    assert figures == {"exposure_gross": "21000", "exposure_gross_max": "20000"}


def test_net_exposure_sets_short_against_long():
    desk = Desk(exposure_net_max="10000", short_allowed=True, correlation_max=1.0)
    desk.market(299_900, 300_100, ETH)
    desk.event(filled("e", 1, 20_000, price=300_000, side=Side.SELL, instrument=ETH))  # -6000
    desk.approve(signal(1, qty=20_000))  # 12000 - 6000
    reason, figures = desk.deny(signal(2, qty=10_000))
    assert reason is Reason.MAX_EXPOSURE_NET
    assert figures == {"exposure_net": "12000", "exposure_net_max": "10000"}


@pytest.mark.parametrize("limit", ["exposure_gross_max", "exposure_net_max"])
def test_nothing_is_added_to_an_exposure_that_is_too_large_to_be_known(limit):
    most = 2**61
    limits = {"exposure_gross_max": "0", "exposure_net_max": "0", limit: "46000000000", "position_max": "40000000000"}
    desk = Desk(
        **limits, order_qty_max="5", order_notional_max="0", price_collar=1.0, drawdown_max=1.0, correlation_max=1.0
    )
    desk.event(filled("e", 1, 20_000_000_000, price=most))
    desk.market(most - 100, most + 100)
    reason, _ = desk.deny(signal(1, qty=1_000, price=2**53))
    assert reason.name == limit.upper().replace("EXPOSURE_", "MAX_EXPOSURE_").removesuffix("_MAX")


def test_getting_out_passes_the_limits_on_exposure_and_loss():
    desk = Desk(exposure_gross_max="1", daily_loss_max="1")
    desk.event(filled("a", 1, 50_000))
    desk.equity(1)
    assert desk.deny(signal(1, qty=100))[0] is Reason.MAX_EXPOSURE_GROSS
    desk.approve(signal(2, side=Side.SELL, qty=50_000))


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
    desk.ctx.advance(desk.agent, 15 * S)
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


# Correlation and rate


def moving(desk, samples):
    """Let both instruments move together for so many samples; return the middle of BTCUSDT."""
    mid = 6_000_000
    for step in ((9, -4, 7, -8, 3, 5, -6, 2, -7, 4) * 10)[:samples]:
        mid += 100 * step
        desk.market(mid - 100, mid + 100)
        desk.market(mid // 20 - 5, mid // 20 + 5, ETH)
        desk.ctx.advance(desk.agent, S)
    desk.market(mid - 100, mid + 100)
    desk.market(mid // 20 - 5, mid // 20 + 5, ETH)
    desk.equity(1_000_000)
    return mid


def test_correlated_instrument_on_the_same_side_is_denied():
    desk = Desk(correlation_max=0.9, correlation_half_life_ms=20_000)
    desk.event(filled("e", 1, 10_000, price=300_000, instrument=ETH))
    mid = moving(desk, 30)
    reason, figures = desk.deny(signal(1, price=mid))
    assert reason is Reason.CORRELATION
    assert figures["with"] == "ETHUSDT"
    assert figures["with_position"] == "1"
    assert figures["correlation"] > 0.99
    assert figures["correlation_max"] == 0.9
    desk.event(filled("f", 2, 10_000, price=300_000, side=Side.SELL, instrument=ETH))
    desk.approve(signal(2, price=mid))


def test_open_orders_in_a_correlated_instrument_count_as_what_they_may_become():
    desk = Desk(correlation_max=0.9, correlation_half_life_ms=20_000, short_allowed=True)
    mid = moving(desk, 30)
    desk.approve(signal(1, price=mid))
    reason, figures = desk.deny(signal(2, price=mid // 20, instrument=ETH))
    assert reason is Reason.CORRELATION
    assert (figures["with"], figures["with_position"], figures["with_open_buys"]) == ("BTCUSDT", "0", "0.1")
    desk.approve(signal(3, side=Side.SELL, price=mid // 20, instrument=ETH))


def test_a_correlation_that_is_not_known_yet_counts_as_too_high_while_there_is_exposure_in_the_other():
    desk = Desk()
    mid = moving(desk, 14)
    desk.approve(signal(1, price=mid))
    reason, figures = desk.deny(signal(2, price=mid // 20, instrument=ETH))
    assert reason is Reason.CORRELATION
    assert figures == {
        "correlation": "unknown",
        "samples": 14,
        "samples_needed": 15,
        "with": "BTCUSDT",
        "with_position": "0",
        "with_open_buys": "0.1",
        "with_open_sells": "0",
    }
    desk.ctx.advance(desk.agent, S)
    assert desk.deny(signal(3, price=mid // 20, instrument=ETH))[1]["correlation"] != "unknown"


def test_without_a_limit_on_correlation_it_need_not_be_known():
    desk = Desk(correlation_max=1.0)
    desk.market(299_990, 300_010, ETH)
    desk.approve(signal(1))
    desk.approve(signal(2, price=300_000, instrument=ETH))


def test_order_rate_is_a_token_bucket():
    desk = Desk(orders_per_second_max=1.0, orders_burst_max=2)
    desk.approve(signal(1, qty=10))
    desk.approve(signal(2, qty=10))
    reason, figures = desk.deny(signal(3, qty=10))
    assert reason is Reason.ORDER_RATE
    assert figures["orders_available"] == 0.0
    assert figures["orders_per_second_max"] == 1.0
    desk.ctx.advance(desk.agent, S)
    desk.approve(signal(4, qty=10))


def test_denied_signal_takes_no_token():
    desk = Desk(orders_per_second_max=0.001, orders_burst_max=1, order_qty_max="0.1")
    assert desk.deny(signal(1, qty=10_001))[0] is Reason.ORDER_QTY_ABOVE_MAXIMUM
    desk.approve(signal(2))


# Repeats


def test_repeated_signal_gets_the_same_answer_and_no_second_order():
    desk = Desk()
    first = desk.ask(signal(1))
    assert desk.ask(signal(1)) == first
    assert len(desk.asked(SubmitOrder)) == 1
    assert desk.agent.figures()["decisions"]["approved"] == 1


def test_id_used_for_something_else_is_a_duplicate():
    desk = Desk()
    first = desk.ask(signal(1, qty=10))
    assert desk.deny(signal(1, qty=20))[0] is Reason.DUPLICATE_ID
    assert desk.ask(signal(1, qty=10)) == first
    other = desk.ask(signal(1, qty=20), sender=8)
    assert isinstance(other, Approved)


# Reservations


def test_refused_submission_is_released():
    desk = Desk()
    order_id = desk.approve(signal(4))
    assert desk.open() == {"orders": 1, "reserved": 1, "unknown": 0}
    refusal = Ack(accepted=False, reason=Reason.RECONCILING)
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[0], refusal)
    assert desk.ctx.published[-1].message == Released(order_id, Reason.RECONCILING)
    assert desk.ctx.published[-1].header.corr == 4
    assert desk.open() == {"orders": 0, "reserved": 0, "unknown": 0}


def test_submission_that_was_not_sent_is_released():
    desk = Desk()
    order_id = desk.approve(signal())
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[0], None, Outcome.NOT_SENT)
    assert desk.ctx.published[-1].message == Released(order_id, Reason.EXECUTION_UNAVAILABLE)


def test_accepted_submission_is_held_until_its_order_ends():
    desk = Desk()
    order_id = desk.approve(signal())
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[0], Ack(accepted=True))
    desk.event(initialized(order_id))
    assert desk.open() == {"orders": 1, "reserved": 0, "unknown": 0}
    desk.event(filled(order_id, 1, 10_000, status=OrderStatus.FILLED))
    assert desk.open() == {"orders": 0, "reserved": 0, "unknown": 0}
    assert not [m for m in desk.ctx.messages() if isinstance(m, Released)]


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [(Outcome.UNKNOWN, None), (Outcome.ANSWERED, Ack(accepted=False, reason=Reason.DEADLINE_EXPIRED))],
)
def test_unanswered_submission_is_held_until_execution_proves_that_it_has_no_such_order(outcome, answer):
    desk = Desk()
    order_id = desk.approve(signal(1))
    desk.ctx.advance(desk.agent, S)
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[0], answer, outcome)
    desk.market()
    assert desk.open() == {"orders": 1, "reserved": 1, "unknown": 1}
    assert desk.deny(signal(2))[0] is Reason.UNKNOWN_ORDERS_OUTSTANDING
    desk.ctx.advance(desk.agent, 2 * S)
    probe = desk.asked(CancelOrder)[0]
    assert (probe.peer, probe.message.client_order_id) == ("exec", order_id)
    desk.ctx.finish(desk.agent, probe, None, Outcome.UNKNOWN)
    assert desk.open()["unknown"] == 1
    desk.ctx.advance(desk.agent, S)
    probe = desk.asked(CancelOrder)[0]
    desk.ctx.finish(desk.agent, probe, Ack(accepted=False, reason=Reason.ORDER_NOT_FOUND))
    assert desk.ctx.published[-1].message == Released(order_id, Reason.NEVER_REACHED_VENUE)
    desk.market()
    desk.equity(1_000_000)
    desk.approve(signal(3))
    assert len(desk.asked(SubmitOrder)) == 1


def test_unanswered_submission_is_settled_by_the_order_stream():
    desk = Desk()
    order_id = desk.approve(signal(1))
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[0], None, Outcome.UNKNOWN)
    desk.event(initialized(order_id))
    assert desk.open() == {"orders": 1, "reserved": 0, "unknown": 0}
    desk.ctx.advance(desk.agent, 5 * S)
    assert not desk.asked(CancelOrder)


def test_strategys_cancel_is_no_proof_while_the_submission_may_still_be_acted_on():
    desk = Desk()
    order_id = desk.approve(signal(1))
    desk.ask(CancelOrder(order_id, Reason.CANCELED_BY_STRATEGY))
    desk.ctx.finish(desk.agent, desk.asked(CancelOrder)[0], Ack(accepted=False, reason=Reason.ORDER_NOT_FOUND))
    assert desk.open()["reserved"] == 1


# Cancels


def test_cancels_pass_in_every_state_and_bring_back_executions_answer():
    desk = Desk(ready=False)
    desk.ctx.stream_states["exec", ORDERS] = StreamState.DOWN
    desk.ask(HaltRequest(True, "test"))
    desk.ctx.requests.clear()
    assert desk.ask(CancelOrder("x", Reason.CANCELED_BY_STRATEGY)) is None
    asked = desk.asked(CancelOrder)[0]
    assert (asked.peer, asked.message.client_order_id, asked.ttl_ms) == ("exec", "x", 1000)
    answer = Ack(accepted=False, reason=Reason.ALREADY_TERMINAL, text="filled")
    desk.ctx.finish(desk.agent, asked, answer)
    assert desk.ctx.replies[-1][1] == answer


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(Outcome.NOT_SENT, Reason.EXECUTION_UNAVAILABLE), (Outcome.UNKNOWN, Reason.OUTCOME_UNKNOWN)],
)
def test_cancel_that_was_not_answered_says_so(outcome, reason):
    desk = Desk()
    desk.ask(CancelAll())
    desk.ctx.finish(desk.agent, desk.asked(CancelAll)[0], None, outcome)
    assert desk.ctx.replies[-1][1].accepted is False
    assert desk.ctx.replies[-1][1].reason == reason


# Halt and restart


def test_halt_denies_cancels_all_and_lasts_until_resumed():
    desk = Desk()
    desk.work("a")
    assert desk.ask(HaltRequest(True, "fat finger")).accepted
    assert desk.ctx.published[-1].message == TradingState(True, "fat finger")
    assert desk.ctx.published[-1].stream == stream(Kind.DECISION, 0)
    assert desk.deny(signal(1)) == (Reason.HALTED, {"halted": 1, "reason": "fat finger"})
    desk.ctx.finish(desk.agent, desk.asked(CancelAll)[0], Ack(accepted=True))
    desk.ctx.advance(desk.agent, S)
    desk.ctx.finish(desk.agent, desk.asked(CancelAll)[0], Ack(accepted=True))
    desk.event(updated("a", OrderStatus.CANCELED))
    desk.ctx.advance(desk.agent, 3 * S)
    assert not desk.asked(CancelAll)
    assert desk.ask(HaltRequest(False, "fixed")).accepted
    desk.market()
    desk.equity(1_000_000)
    desk.approve(signal(2))


def test_halt_survives_a_restart_and_cancels_again():
    desk = Desk()
    desk.ask(HaltRequest(True, "stop"))
    again = Desk(epoch=2, log=desk.ctx.published)
    assert again.agent.figures()["halted"] is True
    assert again.deny(signal())[0] is Reason.HALTED
    assert again.asked(CancelAll)


def test_restart_keeps_answers_reservations_and_counts():
    desk = Desk(order_qty_max="0.5")
    approved = desk.ask(signal(1))
    denied = desk.ask(signal(2, qty=99_000))
    gone = desk.approve(signal(3))
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[1], None, Outcome.NOT_SENT)
    again = Desk(epoch=2, log=desk.ctx.published, order_qty_max="0.5")
    assert again.ask(signal(1)) == approved
    assert again.ask(signal(2, qty=99_000)) == denied
    assert again.open() == {"orders": 1, "reserved": 1, "unknown": 0}
    assert again.agent.figures()["decisions"] == {"approved": 2, "denied": {"ORDER_QTY_ABOVE_MAXIMUM": 1}}
    again.event(initialized(gone))
    assert again.open() == {"orders": 2, "reserved": 1, "unknown": 0}
    assert not again.ctx.published
    assert not again.asked(SubmitOrder)


def test_order_ids_of_a_new_epoch_are_new():
    desk = Desk()
    first = desk.approve(signal(1))
    again = Desk(epoch=2, log=desk.ctx.published)
    again.ctx.advance(again.agent, S)
    assert again.approve(signal(2)) == "T30002000001wq" != first


def test_reservation_of_a_crashed_risk_is_probed_and_released():
    desk = Desk()
    order_id = desk.approve(signal(1))
    again = Desk(epoch=2, log=desk.ctx.published)
    again.ctx.advance(again.agent, 2 * S)
    probe = again.asked(CancelOrder)[0]
    assert probe.message.client_order_id == order_id
    again.ctx.finish(again.agent, probe, Ack(accepted=False, reason=Reason.ORDER_NOT_FOUND))
    assert again.open() == {"orders": 0, "reserved": 0, "unknown": 0}


def test_order_of_a_crashed_risk_is_known_from_executions_stream():
    desk = Desk()
    order_id = desk.approve(signal(1))
    again = Desk(epoch=2, log=desk.ctx.published, ready=False)
    again.event(initialized(order_id))
    again.event(filled(order_id, 1, 10_000, status=OrderStatus.FILLED))
    again.event(reconciled())
    assert again.open() == {"orders": 0, "reserved": 0, "unknown": 0}
    assert again.agent.figures()["positions"] == {"BTCUSDT": "0.1"}
    again.ctx.advance(again.agent, 5 * S)
    assert not again.asked(CancelOrder)


def test_restart_begins_without_tokens():
    desk = Desk(orders_burst_max=5, orders_per_second_max=1.0)
    desk.approve(signal(1))
    again = Desk(epoch=2, log=desk.ctx.published, orders_burst_max=5, orders_per_second_max=1.0)
    assert again.deny(signal(2))[0] is Reason.ORDER_RATE


# Configuration


def test_configuration_is_checked():
    good = default_config()
    agents = dict(good.agents)
    agents["risk"] = msgspec.structs.replace(agents["risk"], execution="md")
    with pytest.raises(ConfigError, match=r"agents\.risk\.execution"):
        build("risk", msgspec.structs.replace(good, agents=agents))
    agents = dict(good.agents)
    agents["risk"] = msgspec.structs.replace(agents["risk"], log_retention_bytes=1 << 27)
    with pytest.raises(ConfigError, match=r"agents\.risk\.log_retention_bytes"):
        build("risk", msgspec.structs.replace(good, agents=agents))
    mixed = (good.instruments[0], msgspec.structs.replace(good.instruments[1], quote="EUR"))
    with pytest.raises(ConfigError, match="one quote currency"):
        build("risk", msgspec.structs.replace(good, instruments=mixed))


def test_other_requests_are_refused_with_a_word():
    answer = Desk().ask(SubmitOrder("x", "s", 1, 1, 1, 1, TimeInForce.IOC))
    assert answer.accepted is False
    assert "SubmitOrder" in answer.text
