"""What calls of a USDT-M account weigh, and what the venue takes, by its own documents or by the configuration."""

from agents.venues.binance.usdm_limits import WEIGHTS, limits_of, pass_weight, weight_per_minute
from schemas.config import VenueConfig


def venue(**more: int) -> VenueConfig:
    return VenueConfig(id=1, name="b", kind="binance_usdm", **more)


def test_limits_are_the_public_ones_unless_the_account_has_its_own() -> None:
    found = [(each.limit, each.window_ms, each.counts_orders) for each in limits_of(venue())]
    assert found == [(2_400, 60_000, False), (300, 10_000, True), (1_200, 60_000, True)]
    own = venue(weight_per_minute_max=4_800, orders_per_10s_max=600, orders_per_day_max=500_000)
    assert [each.limit for each in limits_of(own)] == [4_800, 600, 2_400, 500_000]
    assert (weight_per_minute(venue()), weight_per_minute(own)) == (2_400, 4_800)


def test_headers_are_named_as_the_shell_hands_them_on() -> None:
    assert [each.header for each in limits_of(venue())] == [
        "X-Mbx-Used-Weight-1M",
        "X-Mbx-Order-Count-10S",
        "X-Mbx-Order-Count-1M",
    ]


def test_a_create_weighs_nothing_and_a_pass_what_it_asks_for() -> None:
    assert WEIGHTS["POST", "/fapi/v1/order"] == 0
    assert pass_weight(3) == 40 + 5 + 5 + 3 * 5
