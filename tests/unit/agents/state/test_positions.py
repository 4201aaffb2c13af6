"""Average-cost ledger: profit, flips, commissions; worked by hand."""

from agents.instruments import InstrumentTable
from agents.state.positions import E9, E16, Ledger, text_e8
from schemas.messages import E8
from schemas.orders import Side
from tests.unit.agents.trading_desk import BTC, config, filled


def ledger():
    return Ledger(InstrumentTable(config()).by_id[BTC])


def fill(book, side, btc, price, **more):
    book.apply(filled("a", book.fills + 1, round(btc * 100_000), round(price * 100), side=side, **more))


def test_buying_twice_averages_the_cost():
    book = ledger()
    fill(book, Side.BUY, 1, 100)
    fill(book, Side.BUY, 3, 200)
    assert book.net_qty_e8 == 4 * E8
    assert book.avg_px_e8 == 175 * E8
    assert book.unrealised_e17(180 * E9) // 10 == 20 * E16


def test_closing_realises_against_the_average():
    book = ledger()
    fill(book, Side.BUY, 2, 100)
    fill(book, Side.SELL, 1, 130)
    assert book.realised_e16 == 30 * E16
    assert book.avg_px_e8 == 100 * E8
    fill(book, Side.SELL, 1, 90)
    assert book.realised_e16 == 20 * E16
    assert (book.net_qty_e8, book.cost_e16, book.avg_px_e8) == (0, 0, 0)


def test_short_position_gains_when_the_price_falls():
    book = ledger()
    fill(book, Side.SELL, 2, 100)
    assert book.avg_px_e8 == 100 * E8
    assert book.unrealised_e17(95 * E9) // 10 == 10 * E16
    fill(book, Side.BUY, 2, 90)
    assert book.realised_e16 == 20 * E16


def test_fill_through_zero_opens_the_other_side_at_its_price():
    book = ledger()
    fill(book, Side.BUY, 1, 100)
    fill(book, Side.SELL, 3, 110)
    assert book.realised_e16 == 10 * E16
    assert book.net_qty_e8 == -2 * E8
    assert book.avg_px_e8 == 110 * E8


def test_thirds_leave_nothing_behind():
    book = ledger()
    fill(book, Side.BUY, 0.00001, 0.01)
    fill(book, Side.BUY, 0.00002, 0.02)
    for _ in range(3):
        fill(book, Side.SELL, 0.00001, 0.02)
    # paid 0.0000005, got 0.0000006
    assert book.realised_e16 == E16 // 10**7
    assert book.cost_e16 == 0


def test_commission_in_quote_is_a_fee_only():
    book = ledger()
    fill(book, Side.BUY, 1, 100, commission=E8 // 10, asset="USDT")
    assert book.fees_e16 == E16 // 10
    assert book.net_qty_e8 == E8
    assert book.unrealised_e17(100 * E9) // 10 == 0


def test_commission_in_base_is_quantity_handed_over_at_the_fill_price():
    book = ledger()
    fill(book, Side.BUY, 1, 100, commission=E8 // 1000, asset="BTC")
    assert book.net_qty_e8 == E8 - E8 // 1000
    assert book.avg_px_e8 == 100 * E8
    assert book.realised_e16 == 0
    # worth 99.9 at 100 after paying 100
    assert book.unrealised_e17(100 * E9) // 10 - book.fees_e16 == -E16 // 10


def test_commission_in_another_asset_is_kept_apart_and_said_to_be():
    book = ledger()
    assert book.apply(filled("b", 9, 1, commission=5, asset="USDT")) is False
    assert book.apply(filled("b", 10, 1, commission=5, asset="LDO")) is True
    book = ledger()
    fill(book, Side.BUY, 1, 100, commission=5, asset="BNB")
    fill(book, Side.BUY, 1, 100, commission=7, asset="BNB")
    assert book.fees_by_asset == {"BNB": 12}
    assert book.fees_e16 == 0


def test_commission_of_another_instrument_is_handed_over_at_the_last_price_known():
    book = ledger()
    fill(book, Side.BUY, 1, 100)
    fill(book, Side.BUY, 1, 200)
    book.hand_over(E8 // 2)
    assert (book.net_qty_e8, book.fees_e16, book.realised_e16) == (3 * E8 // 2, 100 * E16, 25 * E16)
    assert book.flow_e16 == -300 * E16


def test_what_is_paid_in_costs_nothing_and_is_no_profit():
    book = ledger()
    book.pay_in(2 * E8, 100 * E8)
    assert (book.net_qty_e8, book.avg_px_e8, book.flow_e16) == (2 * E8, 100 * E8, 0)
    fill(book, Side.SELL, 1, 130)
    assert (book.realised_e16, book.flow_e16) == (30 * E16, 130 * E16)
    book.pay_in(-E8, 150 * E8)
    assert (book.net_qty_e8, book.realised_e16, book.flow_e16) == (0, 80 * E16, 130 * E16)


def test_what_is_valued_later_is_as_if_it_had_been_at_once():
    at_once, later = ledger(), ledger()
    at_once.pay_in(2 * E8, 100 * E8)
    later.pay_in(2 * E8, 0)
    assert later.last_px_e8 == 0
    later.value(2 * E8, 2 * E8, 100 * E8)
    for book in (at_once, later):
        fill(book, Side.SELL, 1, 130)
    figures = [(b.net_qty_e8, b.cost_e16, b.realised_e16, b.flow_e16, b.last_px_e8) for b in (at_once, later)]
    assert figures[0] == figures[1]


def test_what_left_and_is_valued_later_is_as_if_it_had_been_at_once():
    at_once, later = ledger(), ledger()
    for book in (at_once, later):
        fill(book, Side.BUY, 1, 90)
    assert at_once.pay_in(-3 * E8, 100 * E8) == later.pay_in(-3 * E8, 0) == -2 * E8
    later.value(-3 * E8, -2 * E8, 100 * E8)
    figures = [(b.net_qty_e8, b.cost_e16, b.realised_e16, b.flow_e16, b.last_px_e8) for b in (at_once, later)]
    assert figures[0] == figures[1] == (-2 * E8, -200 * E16, 10 * E16, -90 * E16, 100 * E8)


def test_what_was_given_away_before_it_was_valued_leaves_no_cost():
    book = ledger()
    book.pay_in(E8, 0)
    book.hand_over(E8)
    book.value(E8, E8, 100 * E8)
    assert (book.net_qty_e8, book.cost_e16, book.realised_e16, book.flow_e16) == (0, 0, -100 * E16, 0)


def test_money_is_written_as_plain_decimals():
    assert [text_e8(value) for value in (0, 1, -150_000_000, 10 * E8, -1)] == [
        "0",
        "0.00000001",
        "-1.5",
        "10",
        "-0.00000001",
    ]


def test_what_was_gained_before_is_told_apart_and_realised_with_its_share():
    book = ledger()
    fill(book, Side.BUY, 3, 100)
    book.take_over(30 * E16)
    fill(book, Side.BUY, 1, 120)
    assert (book.gained_before_e16, book.realised_before_e16) == (30 * E16, 0)
    fill(book, Side.SELL, 2, 130)
    assert (book.gained_before_e16, book.realised_before_e16) == (15 * E16, 15 * E16)
    fill(book, Side.SELL, 5, 130)
    assert (book.gained_before_e16, book.realised_before_e16) == (0, 30 * E16)
    assert book.realised_e16 == 100 * E16  # counted from the entry, those 30 among it
