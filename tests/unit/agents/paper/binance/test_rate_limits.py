"""The paper venue's rate limits: Binance's numbers, told with every answer, refused with when to come back."""

import pytest

from agents.paper.binance.rate_limits import BAN_AFTER, RateLimiter
from agents.paper.binance.refusals import Refusal

S = 1_000_000_000
MINUTE = 60 * S


def test_weight_is_counted_by_the_minute() -> None:
    limits = RateLimiter()
    limits.charge(6_000, MINUTE)
    with pytest.raises(Refusal) as refusal:
        limits.charge(1, 2 * MINUTE - 10 * S)
    assert (refusal.value.code, refusal.value.status, refusal.value.retry_after_s) == (-1003, 429, 10)
    limits.charge(1, 2 * MINUTE)
    assert limits.headers(2 * MINUTE, False) == {"X-MBX-USED-WEIGHT": "1", "X-MBX-USED-WEIGHT-1M": "1"}
    assert limits.table(2 * MINUTE)[0]["count"] == 1


def test_orders_are_counted_by_ten_seconds_and_by_the_day() -> None:
    limits = RateLimiter()
    for _ in range(100):
        limits.charge_order(10 * S)
    with pytest.raises(Refusal, match="Too many new orders; current limit is 100 orders per 10 SECOND") as refusal:
        limits.charge_order(13 * S)
    assert refusal.value.retry_after_s == 7
    limits.charge_order(20 * S)
    headers = limits.headers(20 * S, True)
    assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1D"]) == ("1", "101")


def test_whoever_goes_on_is_banned_and_what_is_asked_then_makes_it_longer() -> None:
    limits = RateLimiter()
    limits.charge(6_000, MINUTE)
    for _ in range(BAN_AFTER):
        with pytest.raises(Refusal) as refusal:
            limits.charge(1, MINUTE)
        assert refusal.value.status == 429
    with pytest.raises(Refusal) as refusal:
        limits.charge(1, MINUTE)
    assert (refusal.value.code, refusal.value.status, refusal.value.retry_after_s) == (-1003, 418, 120)
    with pytest.raises(Refusal, match="IP banned until") as refusal:
        limits.check_ban(MINUTE + 100 * S)
    assert (refusal.value.retry_after_s, limits.asked_while_banned) == (120, 1)
    limits.check_ban(MINUTE + 220 * S)
    assert limits.asked_while_banned == 1
