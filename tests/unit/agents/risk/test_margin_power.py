"""Margin as buying power: by the venue's word, less what it cannot know of yet; and nothing near a liquidation."""

import msgspec
import pytest

from schemas.config import LimitsConfig
from schemas.messages import E8, AccountMargin, PositionMargin
from schemas.orders import OrderStatus, Reason, Side
from schemas.streams import Kind, stream_id
from tests.unit.agents.risk.risk_desk import S
from tests.unit.agents.risk.several_desk import BTC_ONE, BTC_TWO, ETH_TWO, SeveralDesk, config
from tests.unit.agents.trading_desk import filled, initialized, quote, signal, updated


def desk_with(available, leverages=None, positions=(), **limits):
    """A desk of which the second account's venue has told this much free margin, by leverages of whole numbers."""
    wide = LimitsConfig(**({"fee_reserve": 0.0, "correlation_max": 1.0, "short_allowed": True} | limits))
    desk = SeveralDesk(limits=wide)
    tell(desk, available, leverages, positions)
    return desk


def tell(desk, available, leverages=None, positions=()):
    factors = {number: times * E8 for number, times in (leverages or {}).items()}
    money = available * E8
    desk.margin(AccountMargin(desk.ctx.wall_ns, "USDT", money, money, 0, 0, positions, factors))


def position(lots, liquidation, mark=60_000, leverage=1, number=BTC_TWO):
    return PositionMargin(number, lots, 60_000 * E8, mark * E8, liquidation * E8, leverage * E8)


def fill_at(desk, number, lots, side=Side.BUY):
    """Have the second account filled a moment later, told as of then."""
    desk.ctx.advance(desk.agent, 1_000)
    fill = filled(f"f-{number}", number, lots, side=side, instrument=BTC_TWO)
    desk.at(2, msgspec.structs.replace(fill, ts_recv_ns=desk.ctx.wall_ns))


def ask(number, coins, side=Side.BUY, instrument=BTC_TWO):
    price, lots = (300_000, 10_000) if instrument == ETH_TWO else (6_000_000, 100_000)
    return signal(number, side, qty=round(coins * lots), price=price, instrument=instrument)


def test_an_order_needs_its_value_by_the_leverage():
    desk = desk_with(1_000, {BTC_TWO: 10})
    assert desk.deny(ask(1, 0.17)) == (
        Reason.INSUFFICIENT_MARGIN,
        {"currency": "USDT", "order_margin": "1020", "available": "1000", "open_orders": "0", "free": "1000"},
    )
    assert desk.deny(ask(2, 0.5, instrument=ETH_TWO))[1]["order_margin"] == "1500"  # a leverage that is not told is 1
    desk.approve(ask(3, 0.16))


def test_a_share_for_fees_is_needed_too():
    desk = desk_with(1_000, {BTC_TWO: 10}, fee_reserve=0.001)
    assert desk.deny(ask(1, 0.166))[1]["order_margin"] == "1005.96"


def test_a_positions_own_leverage_holds_where_none_is_told_for_new_ones():
    desk = desk_with(1_000, positions=(position(1_000, 10_000, leverage=5),))
    desk.approve(ask(1, 0.08))
    assert desk.agent._desk.accounts[1].margin_power.leverage_e8(BTC_TWO) == 5 * E8


def test_what_was_approved_since_the_figure_is_not_free_and_a_cancel_gives_it_back():
    desk = desk_with(1_000, {BTC_TWO: 10})
    order_id = desk.approve(ask(1, 0.1))
    assert desk.deny(ask(2, 0.1))[1]["open_orders"] == "600"
    desk.work_at(order_id, BTC_TWO, qty=10_000)
    desk.at(2, updated(order_id, OrderStatus.UNKNOWN, instrument=BTC_TWO))
    desk.at(2, updated(order_id, OrderStatus.CANCELED, instrument=BTC_TWO))
    desk.approve(ask(3, 0.1))


def test_a_fill_since_the_figure_is_not_free_until_the_next():
    desk = desk_with(1_000, {BTC_TWO: 10})
    order_id = desk.approve(ask(1, 0.1))
    desk.work_at(order_id, BTC_TWO, qty=10_000)
    desk.ctx.advance(desk.agent, 1_000)
    fill = filled(order_id, 1, 10_000, instrument=BTC_TWO, status=OrderStatus.FILLED)
    desk.at(2, msgspec.structs.replace(fill, ts_recv_ns=desk.ctx.wall_ns))
    assert desk.deny(ask(2, 0.1))[1]["free"] == "400"
    tell(desk, 1_000, {BTC_TWO: 10})
    desk.approve(ask(3, 0.1))


def test_fills_that_are_read_behind_a_younger_figure_after_a_restart_are_in_it():
    desk = desk_with(1_000, {BTC_TWO: 10})
    for number in range(1, 9):
        side = Side.BUY if number % 2 else Side.SELL
        fill = filled(f"old-{number}", number, 100_000, side=side, instrument=BTC_TWO)
        desk.at(2, msgspec.structs.replace(fill, ts_recv_ns=desk.ctx.wall_ns - S))
    desk.approve(ask(1, 0.1))


def test_a_telling_that_is_new_in_its_positions_alone_does_not_know_of_fills():
    desk = desk_with(1_000, {BTC_TWO: 10})
    margin_ns = desk.ctx.wall_ns
    fill_at(desk, 1, 10_000)
    held, money = (position(10_000, 0, leverage=10),), 1_000 * E8
    desk.margin(AccountMargin(margin_ns, "USDT", money, money, 0, 0, held, {BTC_TWO: 10 * E8}))
    assert desk.deny(ask(2, 0.1))[1]["free"] == "400"
    desk.margin(AccountMargin(desk.ctx.wall_ns, "USDT", money, money, 0, 0, held, {BTC_TWO: 10 * E8}))
    desk.approve(ask(3, 0.1))


def test_a_fill_that_closes_takes_no_margin():
    desk = desk_with(1_000, {BTC_TWO: 10})
    fill_at(desk, 1, 10_000)
    tell(desk, 400, {BTC_TWO: 10})
    fill_at(desk, 2, 15_000, Side.SELL)
    assert desk.deny(ask(2, 0.1, Side.SELL))[1]["free"] == "100"  # what was closed is freed by the next figure


def test_a_figure_has_counted_orders_that_rested_for_a_while():
    desk = desk_with(1_000, {BTC_TWO: 10})
    order_id = desk.approve(ask(1, 0.1))
    desk.work_at(order_id, BTC_TWO, qty=10_000)
    desk.ctx.advance(desk.agent, S)
    tell(desk, 600, {BTC_TWO: 10})
    desk.refresh()
    assert desk.deny(ask(2, 0.1))[1]["open_orders"] == "600"
    desk.ctx.advance(desk.agent, S)
    tell(desk, 600, {BTC_TWO: 10})
    desk.refresh()
    desk.approve(ask(3, 0.1))


def test_orders_that_only_reduce_need_none():
    desk = desk_with(600, {BTC_TWO: 10})
    desk.at(2, filled("b", 1, 20_000, instrument=BTC_TWO))
    tell(desk, 600, {BTC_TWO: 10})
    desk.approve(ask(1, 0.2, Side.SELL))
    desk.approve(ask(2, 0.2, instrument=ETH_TWO))


def test_before_the_venue_has_told_anything_nothing_is_checked_and_spot_pays_in_full():
    desk = SeveralDesk()
    desk.approve(ask(1, 1))
    desk.approve(ask(2, 1, instrument=BTC_ONE))


@pytest.mark.parametrize(
    ("lots", "liquidation", "mark", "side", "near"),
    [
        (10_000, 57_001, 60_000, Side.BUY, True),
        (10_000, 57_000, 60_000, Side.BUY, False),
        (10_000, 57_000, 59_000, Side.BUY, True),
        (10_000, 0, 60_000, Side.BUY, False),
        (-10_000, 62_999, 60_000, Side.SELL, True),
        (-10_000, 62_999, 60_000, Side.BUY, False),
    ],
)
def test_nothing_is_added_near_a_liquidation(lots, liquidation, mark, side, near):
    desk = desk_with(1_000_000, positions=(position(lots, liquidation, mark),))
    held = Side.BUY if lots > 0 else Side.SELL
    desk.at(2, filled("b", 1, abs(lots), side=held, instrument=BTC_TWO))
    tell(desk, 1_000_000, positions=(position(lots, liquidation, mark),))
    if not near:
        desk.approve(ask(1, 0.05, side))
        return
    reason, figures = desk.deny(ask(1, 0.05, side))
    assert reason is Reason.LIQUIDATION_NEAR
    assert figures.pop("liquidation_distance") < 0.05
    assert figures == {
        "position": "0.1" if lots > 0 else "-0.1",
        "liquidation": str(liquidation),
        "mark": str(mark),
        "mid": "60000",
        "liquidation_distance_min": 0.05,
    }
    desk.approve(ask(2, 0.1, Side(-side)))


COIN_TWO = 6
"""Bitcoins for USDT, bought from the account of the second venue, which its contracts rest on."""


class UnifiedDesk(SeveralDesk):
    """The desk with coins beside the contracts of its second account."""

    def __init__(self, available=1_000, currency="USD", **limits):
        wide = LimitsConfig(**({"fee_reserve": 0.0, "correlation_max": 1.0, "short_allowed": True} | limits))
        base = config(limits=wide)
        coin = msgspec.structs.replace(
            base.instruments[BTC_TWO - 1], id=COIN_TWO, symbol="BTCCOIN", venue_symbol="BTCUSDT", category="spot"
        )
        quotes = base.agents["md2"]
        agents = base.agents | {"md2": msgspec.structs.replace(quotes, instruments=(*quotes.instruments, "BTCCOIN"))}
        unified = msgspec.structs.replace(base, instruments=(*base.instruments, coin), agents=agents)
        super().__init__(config_of=lambda: unified)
        self.tell(available, currency)

    def refresh(self, but=(), equity=1_000_000):
        super().refresh(but, equity)
        at = stream_id(Kind.QUOTE, 2, COIN_TWO)
        self.ctx.deliver(self.agent, "md2", at, quote(self.ctx, 5_999_900, 6_000_100))

    def tell(self, available, currency="USD", positions=()):
        money = available * E8
        leverages = {BTC_TWO: 10 * E8}
        self.margin(AccountMargin(self.ctx.wall_ns, currency, money, money, 0, 0, positions, leverages))

    def hold(self, available, lots=10_000, currency="USD"):
        """Have a contract held, and the venue tell what is free beside it."""
        self.at(2, filled("held", 1, lots, instrument=BTC_TWO))
        self.ctx.advance(self.agent, 1_000)
        self.tell(available, currency, (position(lots, 10_000, leverage=10),))


def coin(number, coins, side=Side.BUY):
    return signal(number, side, qty=round(coins * 100_000), instrument=COIN_TWO)


def test_coins_are_bought_with_what_is_free_of_the_margin_that_contracts_rest_on():
    desk = UnifiedDesk()
    desk.hold(1_000)
    assert desk.deny(coin(1, 0.017)) == (
        Reason.INSUFFICIENT_MARGIN,
        {"currency": "USD", "order_margin": "1020", "available": "1000", "open_orders": "0", "free": "1000"},
    )
    desk.approve(coin(2, 0.016))


def test_a_share_for_fees_of_coins_is_needed_too():
    desk = UnifiedDesk(fee_reserve=0.001)
    desk.hold(1_000)
    assert desk.deny(coin(1, 0.01667))[1]["order_margin"] == "1001.2002"


def test_coins_that_are_ordered_or_bought_since_the_figure_are_paid_for_until_the_next():
    desk = UnifiedDesk()
    desk.hold(1_000)
    order_id = desk.approve(coin(1, 0.01))
    assert desk.deny(coin(2, 0.01))[1]["open_orders"] == "600"
    assert desk.deny(ask(3, 0.1))[1]["open_orders"] == "600"
    desk.at(2, initialized(order_id, qty=1_000, instrument=COIN_TWO))
    desk.at(2, updated(order_id, OrderStatus.NEW, instrument=COIN_TWO))
    desk.ctx.advance(desk.agent, 1_000)
    fill = filled(order_id, 2, 1_000, instrument=COIN_TWO, status=OrderStatus.FILLED)
    desk.at(2, msgspec.structs.replace(fill, ts_recv_ns=desk.ctx.wall_ns))
    assert desk.deny(coin(4, 0.01))[1]["free"] == "400"
    assert desk.deny(ask(5, 0.1))[1]["free"] == "400"
    desk.ctx.advance(desk.agent, 1_000)
    desk.tell(960, positions=(position(10_000, 10_000, leverage=10),))  # the coins are collateral at nearly their worth
    desk.approve(coin(6, 0.01))


def test_coins_whose_order_the_venue_has_not_acknowledged_are_paid_for_however_young_the_figure():
    desk = UnifiedDesk()
    desk.hold(1_000)
    desk.at(2, initialized(desk.approve(coin(1, 0.01)), qty=1_000, instrument=COIN_TWO))
    desk.let_pass(5)
    desk.tell(1_000, positions=(position(10_000, 10_000, leverage=10),))
    assert desk.deny(coin(2, 0.01))[1]["open_orders"] == "600"


def test_orders_of_contracts_alone_are_rested_on_too():
    desk = UnifiedDesk()
    desk.approve(ask(1, 0.1))
    assert desk.deny(coin(2, 0.01))[1] == {
        "currency": "USD",
        "order_margin": "600",
        "available": "1000",
        "open_orders": "600",
        "free": "400",
    }


def test_coins_are_free_to_buy_where_no_contract_rests_on_what_pays_for_them():
    desk = UnifiedDesk()
    desk.approve(coin(1, 1))
    other = UnifiedDesk(currency="USDC")
    other.hold(1_000, currency="USDC")
    other.approve(coin(1, 1))


def test_coins_that_are_sold_take_nothing():
    desk = UnifiedDesk()
    desk.hold(1_000)
    desk.at(2, filled("coins", 2, 100_000, instrument=COIN_TWO))
    desk.tell(0, positions=(position(10_000, 10_000, leverage=10),))
    desk.approve(coin(1, 0.5, Side.SELL))
