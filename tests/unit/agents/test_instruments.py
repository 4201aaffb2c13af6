"""Instruments of the configuration: look-up, exact arithmetic, and what is refused."""

from fractions import Fraction

import pytest

from agents.instruments import InstrumentTable, quantity_setting_e8, setting_e8
from schemas.config import Config, ExecutionConfig, InstrumentConfig, VenueConfig
from schemas.errors import ConfigError
from schemas.messages import Instrument
from schemas.streams import Kind

SPOT = VenueConfig(id=1, name="binance", kind="binance_spot")
USDM = VenueConfig(id=2, name="binance-usdm", kind="binance_usdm")


def instrument(number=1, venue="binance", symbol="BTCUSDT", tick="0.01", lot="0.00001", **more):
    return InstrumentConfig(
        id=number, venue=venue, symbol=symbol, base="BTC", quote="USDT", tick_size=tick, lot_size=lot, **more
    )


def table(*instruments, venues=(SPOT, USDM)):
    return InstrumentTable(Config(venues=venues, instruments=instruments, agents={}))


def test_instruments_are_found_by_number_and_by_symbol_of_their_venue():
    both = table(instrument(7), instrument(8, "binance-usdm", tick="0.10", lot="0.001"))
    assert both.by_symbol[("binance", "BTCUSDT")] is both.by_id[7]
    assert both.by_symbol[("binance-usdm", "BTCUSDT")].venue is USDM
    assert both.at_venue("binance-usdm") == [both.by_id[8]]


def test_streams_carry_kind_venue_and_instrument():
    info = table(instrument(0x0708, "binance-usdm")).by_id[0x0708]
    assert info.stream(Kind.BOOK) == 0x11020708


def test_money_is_exact_where_a_float_is_not():
    info = table(instrument(tick="0.01", lot="0.00000001")).by_id[1]
    price, qty = 12_345_678, 900_719_925_474_099_3
    exact = Fraction(price, 100) * Fraction(qty, 10**8) * 10**8
    assert info.notional_e8(price, qty) == int(exact)
    assert info.px_e8(price) == 12_345_678_000_000
    assert info.qty_e8(qty) == qty


def test_notional_rounds_towards_zero_on_both_sides():
    info = table(instrument(tick="0.00000001", lot="0.1")).by_id[1]
    assert info.notional_e8(5, 1) == 0
    assert info.notional_e8(5, -1) == 0
    assert info.notional_e8(15, -1) == -1


def test_only_derivatives_are_margin_instruments():
    both = table(instrument(1), instrument(2, "binance-usdm", min_notional="5"))
    assert both.by_id[1].message().margin is False
    assert both.by_id[2].message() == Instrument(
        instrument_id=2,
        venue_id=2,
        symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        tick_size="0.01",
        lot_size="0.00001",
        min_notional_e8=500_000_000,
        margin=True,
    )


@pytest.mark.parametrize(
    ("instruments", "venues", "found"),
    [
        ([instrument(1), instrument(1, symbol="ETHUSDT")], (SPOT, USDM), "id 1 stands twice"),
        ([instrument(1), instrument(2)], (SPOT, USDM), "'BTCUSDT' or its id 2 stands twice"),
        ([instrument(venue="kraken")], (SPOT, USDM), "'kraken' is not in venues"),
        ([instrument(tick="0.000000001")], (SPOT,), "instruments.BTCUSDT.tick_size"),
        ([instrument(lot="0")], (SPOT,), "instruments.BTCUSDT.lot_size"),
        ([], (SPOT, SPOT), "'binance' or its id 1 stands twice"),
    ],
)
def test_a_configuration_that_contradicts_itself_is_refused_by_key(instruments, venues, found):
    with pytest.raises(ConfigError, match=found):
        table(*instruments, venues=venues)


def test_parse_e8_is_exact():
    assert setting_e8("1000000.00000001", "cash") == 100_000_000_000_001
    with pytest.raises(ConfigError, match="cash"):
        setting_e8("0.000000001", "cash")


def test_quantities_have_no_bound_that_a_coin_could_reach():
    assert quantity_setting_e8("1000000000000000000", "position_max") == 10**26
    for beyond in ("0.000000001", "1000000000000000000000001"):
        with pytest.raises(ConfigError, match="position_max"):
            quantity_setting_e8(beyond, "position_max")


def test_a_balance_is_the_position_of_what_is_traded_on_a_spot_account():
    config = Config(
        venues=(SPOT, USDM),
        instruments=(
            instrument(1),
            instrument(2, symbol="BTCEUR"),
            instrument(3, "binance-usdm"),
        ),
        agents={
            "spot": ExecutionConfig(id=1, venue="binance", instruments=("BTCEUR",)),
            "usdm": ExecutionConfig(id=2, venue="binance-usdm"),
        },
    )
    assert InstrumentTable(config).position_of == {(1, "BTC"): 2}
