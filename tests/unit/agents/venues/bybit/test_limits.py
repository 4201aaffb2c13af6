"""How much Bybit takes of an account, and what its answers tell of it."""

from agents.venues.bybit.limits import CREATE, CREATES, REALTIME, limits_of, used_of_creates
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.config import VenueConfig


def limits(*categories, **more):
    found = limits_of(VenueConfig(id=1, name="b", kind="bybit", **more), frozenset(categories))
    return [(each.window_ms, each.limit, each.counts_orders) for each in found]


def test_contracts_have_half_the_creates_of_spot():
    assert limits("spot") == [(5_000, 600, False), (1_000, 20, True)]
    assert limits("linear", "spot") == [(5_000, 600, False), (1_000, 10, True)]


def test_the_configuration_may_know_better():
    found = limits("linear", weight_per_minute_max=12_000, orders_per_10s_max=500, orders_per_day_max=9_000)
    assert found == [(5_000, 1_000, False), (10_000, 500, True), (86_400_000, 9_000, True)]


def answer(path, **headers):
    told = {f"X-Bapi-{name.replace('_', '-')}": text for name, text in headers.items()}
    return VenueReply(1, VenueCall("POST", path, {}), CallOutcome.ANSWERED, 200, b"{}", told)


def test_what_is_left_of_creates_is_told_by_answers_to_creates():
    assert used_of_creates(answer(CREATE, Limit="10", Limit_Status="7")) == {CREATES: "3"}
    assert used_of_creates(answer(REALTIME, Limit="50", Limit_Status="7")) == {}
    assert used_of_creates(answer(CREATE)) == {}
    assert used_of_creates(answer(CREATE, Limit="x", Limit_Status="7")) == {}
