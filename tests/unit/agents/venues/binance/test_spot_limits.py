"""What calls of an account weigh, and what the venue takes, by its own documents or by the configuration."""

from agents.venues.binance.spot_limits import limits_of, pass_weight, weight_per_minute
from schemas.config import VenueConfig


def venue(**more: int) -> VenueConfig:
    return VenueConfig(id=1, name="b", kind="binance_spot", **more)


def test_limits_are_the_public_ones_unless_the_account_has_its_own() -> None:
    found = [(each.limit, each.window_ms, each.counts_orders) for each in limits_of(venue())]
    assert found == [(6_000, 60_000, False), (100, 10_000, True), (200_000, 86_400_000, True)]
    own = venue(weight_per_minute_max=12_000, orders_per_10s_max=300, orders_per_day_max=500_000)
    assert [each.limit for each in limits_of(own)] == [12_000, 300, 500_000]
    assert (weight_per_minute(venue()), weight_per_minute(own)) == (6_000, 12_000)


def test_headers_are_named_as_the_shell_hands_them_on() -> None:
    assert all(each.header == each.header.title() for each in limits_of(venue()))


def test_pass_asks_for_orders_balances_and_the_fills_of_each_instrument() -> None:
    assert pass_weight(3) == 80 + 20 + 3 * 20
