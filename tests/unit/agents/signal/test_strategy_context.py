"""The words of a strategy, what it may touch, and what it knows."""

from decimal import Decimal
from math import isnan

import msgspec
import pytest

from agents.signal.strategy import OwnPnl, parse_state
from schemas.errors import ConfigError, TermsError
from schemas.messages import CancelOrder, FeedState, Instrument, Reconciled, StrategyState
from schemas.orders import ExecInst, OrderStatus, Reason, Side, TimeInForce
from schemas.streams import STATES_STREAM, Kind, StreamState
from tests.unit.agents.signal.signal_desk import RECORDER, Desk
from tests.unit.agents.trading_desk import BTC, ORDERS, filled, initialized, quote, strategy, trade, updated


class WordsDesk(Desk):
    """A desk with a market, and the context of its strategy."""

    def __init__(self, *strategies, **more):
        super().__init__(*strategies, **more)
        self.book()
        self.words = self.strategy().ctx
        self.btc = self.strategy().market.instruments[0]

    def asked(self):
        """Return the last signal."""
        return self.signals()[-1]

    def steps(self, qty=100, price=10):
        stated = Instrument(
            BTC, 1, "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", qty_step_lots=qty, price_step_ticks=price
        )
        self.market(stated, Kind.INSTRUMENT)


# Words


def test_a_signal_without_words_has_none():
    desk = WordsDesk()
    assert desk.words.buy(desk.btc, 1_000, 6_000_000)
    s = desk.asked()
    assert s.time_in_force == TimeInForce.IOC
    assert (s.exec_inst, s.lifetime_ms, s.take_profit_ticks, s.stop_ticks, s.replaces) == (0, 0, 0, 0, "")


def test_a_lifetime_lets_an_order_rest():
    desk = WordsDesk()
    desk.words.sell(desk.btc, 1_000, 6_000_000, lifetime_ms=2_500)
    assert (desk.asked().side, desk.asked().time_in_force, desk.asked().lifetime_ms) == (-1, TimeInForce.GTC, 2_500)


def test_post_only_never_takes():
    desk = WordsDesk()
    desk.words.buy(desk.btc, 1_000, 5_999_900, post_only=True)
    assert (desk.asked().time_in_force, desk.asked().lifetime_ms) == (TimeInForce.GTX, 0)
    desk.words.buy(desk.btc, 1_000, 5_999_900, post_only=True, lifetime_ms=10)
    assert (desk.asked().time_in_force, desk.asked().lifetime_ms) == (TimeInForce.GTX, 10)


def test_reduce_only_is_said_to_risk():
    desk = WordsDesk()
    desk.words.sell(desk.btc, 1_000, 5_999_900, reduce_only=True)
    assert desk.asked().exec_inst == ExecInst.REDUCE_ONLY


def test_exits_go_with_the_signal():
    desk = WordsDesk()
    desk.words.buy(desk.btc, 1_000, 6_000_100, take_profit="61000", stop=5_900_000)
    assert (desk.asked().take_profit_ticks, desk.asked().stop_ticks) == (6_100_000, 5_900_000)
    desk.words.sell(desk.btc, 1_000, 6_000_100, stop=Decimal("61000"))
    assert (desk.asked().take_profit_ticks, desk.asked().stop_ticks) == (0, 6_100_000)


def test_exits_in_ticks_are_rounded_as_orders_that_close_are():
    desk = WordsDesk()
    desk.steps()
    desk.words.buy(desk.btc, 1_000, 6_000_100, take_profit=6_100_001, stop=5_899_999)
    assert (desk.asked().take_profit_ticks, desk.asked().stop_ticks) == (6_100_010, 5_900_000)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"take_profit": "59000"}, "take_profit 59000.00 of a buy at 60001.00"),
        ({"stop": "60500"}, "stop 60500.00 of a buy at 60001.00"),
        ({"stop": "59000.001"}, "stop 59000.001: not a whole number of steps of 0.01"),
        ({"stop": "59000", "reduce_only": True}, "an order that only reduces"),
    ],
)
def test_words_that_do_not_go_together_are_refused(words, message):
    desk = WordsDesk()
    with pytest.raises(TermsError, match=message):
        desk.words.buy(desk.btc, 1_000, 6_000_100, **words)
    assert not desk.signals()


def test_prices_and_quantities_may_be_text_or_decimal():
    desk = WordsDesk()
    desk.words.buy(desk.btc, "0.015", Decimal("60000.5"))
    assert (desk.asked().qty_lots, desk.asked().price_ticks) == (1_500, 6_000_050)


def test_text_is_never_rounded_to_the_venues_step_and_whole_numbers_are():
    desk = WordsDesk()
    desk.steps()
    with pytest.raises(TermsError, match=r"quantity 0\.00150: not a whole number of steps of 0\.00100"):
        desk.words.buy(desk.btc, "0.00150", "60000")
    with pytest.raises(TermsError, match=r"price 60000\.05: not a whole number of steps of 0\.10"):
        desk.words.buy(desk.btc, "0.001", "60000.05")
    assert desk.words.buy(desk.btc, 150, 6_000_005)
    assert (desk.asked().qty_lots, desk.asked().price_ticks) == (100, 6_000_000)


def test_a_size_may_be_in_the_quote_currency():
    desk = WordsDesk()
    desk.words.buy(desk.btc, price="60000.01", notional="250")
    assert desk.asked().qty_lots == 416
    desk.steps()
    desk.words.buy(desk.btc, price=6_000_000, notional=250)
    assert desk.asked().qty_lots == 400
    assert desk.words.buy(desk.btc, price=6_000_000, notional="0.5") == 0
    assert desk.words.refusal == Reason.ORDER_QTY_BELOW_MINIMUM


def test_a_market_that_may_not_be_acted_on_is_named():
    desk = WordsDesk()
    desk.market(FeedState(desk.ctx.wall_ns, StreamState.DOWN, "closed"), Kind.BOOK)
    assert desk.words.buy(desk.btc, 1_000, 6_000_000) == 0
    assert desk.words.refusal == Reason.BOOK_INVALID
    desk.ctx.stream_states["exec", ORDERS] = StreamState.GAP
    assert desk.words.buy(desk.btc, 1_000, 6_000_000) == 0
    assert desk.words.refusal == Reason.EXECUTION_UNAVAILABLE


# Own orders


def test_a_strategy_replaces_its_own_order_with_what_is_left_of_it():
    desk = WordsDesk()
    desk.event(initialized("a", side=Side.SELL, qty=10_000, price=6_100_000))
    desk.event(updated("a", OrderStatus.PARTIALLY_FILLED, cum=4_000))
    desk.event(filled("a", 1, 4_000, side=Side.SELL, cum=4_000))
    assert desk.words.replace("a", price="60900", lifetime_ms=1_000)
    s = desk.asked()
    assert (s.replaces, s.side, s.qty_lots, s.price_ticks) == ("a", -1, 6_000, 6_090_000)
    assert (s.time_in_force, s.lifetime_ms) == (TimeInForce.GTC, 1_000)
    assert desk.words.replace("a", 1_000)
    assert (desk.asked().qty_lots, desk.asked().price_ticks) == (1_000, 6_100_000)


def test_an_order_that_has_ended_is_not_replaced():
    desk = WordsDesk()
    desk.event(initialized("a"))
    desk.event(updated("a", OrderStatus.CANCELED))
    assert desk.words.replace("a", 1_000) == 0
    assert desk.words.refusal == Reason.ALREADY_TERMINAL


def test_a_strategy_can_not_touch_anothers_order():
    desk = WordsDesk(strategy("test", RECORDER), strategy("other", RECORDER))
    desk.event(initialized("a", name="test"))
    desk.event(initialized("h", name="", external=True))
    other = desk.strategy("other").ctx
    assert other.cancel("a") == Reason.NOT_OWN_ORDER
    assert other.replace("a", 1_000) == 0
    assert other.refusal == Reason.NOT_OWN_ORDER
    assert other.cancel("h") == Reason.NOT_OWN_ORDER
    assert other.cancel("nobody's") == Reason.ORDER_NOT_FOUND
    assert not desk.ctx.requests
    assert desk.ctx.counters["orders_not_own"] == 3
    assert desk.words.cancel("a") == Reason.NONE
    assert [type(asked.message) for asked in desk.ctx.requests] == [CancelOrder]


# What it knows


def test_profit_and_loss_are_the_strategys_own():
    desk = WordsDesk()
    desk.event(filled("a", 1, 100_000, price=5_900_000, commission=590 * 10**8 // 10))
    desk.event(filled("a", 2, 50_000, price=6_100_000, side=Side.SELL))
    desk.event(filled("b", 3, 70_000, name="other"))
    # bought 1 at 59000, sold 0.5 at 61000; the middle is 60000
    assert desk.words.pnl(desk.btc) == OwnPnl(realised=1_000.0, unrealised=500.0, fees=59.0)
    assert desk.words.position(desk.btc) == 50_000
    assert desk.words.account_position(desk.btc) == 120_000


def test_profit_without_a_market_is_not_known():
    desk = Desk()
    desk.event(filled("a", 1, 100_000))
    assert isnan(desk.strategy().ctx.pnl(desk.strategy().market.instruments[0]).unrealised)


def test_balances_are_those_of_the_last_reconciliation():
    desk = WordsDesk()
    assert desk.words.balances() == {}
    desk.event(Reconciled(0, 0, 1, {"BTC": 1}, balances={"BTC": "0.00000001", "SHIB": "1" + 18 * "0"}))
    assert desk.words.balances() == {"BTC": Decimal("0.00000001"), "SHIB": Decimal(10**18)}
    desk.event(Reconciled(0, 0, 1, {"USDT": 123_450_000_000}))
    assert desk.words.balances() == {"USDT": Decimal("1234.5")}


def test_the_last_quote_is_there_with_its_sizes():
    desk = WordsDesk()
    assert desk.words.quote(desk.btc) is None
    told = quote(desk.ctx, 5_999_950, 6_000_050, lots=7)
    desk.market(told, Kind.QUOTE)
    assert desk.words.quote(desk.btc) == told


# Several lengths of bars


def test_each_length_of_bars_has_its_own_indicators():
    two = msgspec.structs.replace(strategy("test", RECORDER), bar_ms=(1_000, 10_000))
    desk = WordsDesk(two)
    for second in range(-1, 21):
        desk.market(trade(desk.ctx, 6_000_000 + second, event_ns=(100 + second) * 10**9), Kind.TRADE)
    lengths = [bar.duration_ns // 10**6 for bar, _ in desk.strategy().of("bar")]
    assert (lengths.count(1_000), lengths.count(10_000)) == (20, 2)
    assert desk.words.indicators(desk.btc).count == desk.words.indicators(desk.btc, 1_000).count == 20
    assert desk.words.indicators(desk.btc, 10_000).count == 2
    assert desk.strategy().market.bar_ms == 1_000
    assert desk.strategy().market.bars_ms == (1_000, 10_000)


def test_no_length_at_all_is_refused():
    with pytest.raises(ConfigError, match=r"strategies\.test\.bar_ms"):
        Desk(msgspec.structs.replace(strategy("test", RECORDER), bar_ms=()))


# State


class Memory(msgspec.Struct):
    seen: int


def test_what_is_saved_is_an_event_and_comes_back():
    desk = WordsDesk()
    desk.words.save(b"first")
    desk.words.save(Memory(7))
    saved = desk.ctx.messages(STATES_STREAM)
    assert saved == [StrategyState("test", b"first"), StrategyState("test", desk.words.saved)]
    told = strategy("test", "tests.unit.agents.probe_strategies:Told")
    again = Desk(told, epoch=2, log=desk.ctx.published)
    ((name, _, state), *_) = again.strategy().calls
    assert (name, parse_state(state, Memory)) == ("restore", Memory(7))
    assert again.strategy().ctx.saved == desk.words.saved


def test_a_state_that_is_too_large_or_does_not_fit_is_refused():
    desk = WordsDesk()
    with pytest.raises(TermsError, match="65537 bytes"):
        desk.words.save(bytes(65_537))
    with pytest.raises(ConfigError, match="saved state"):
        parse_state(b"\xc1", Memory)
