"""Where an order stands after a level has changed, against figures worked by hand."""

import math

import pytest

from agents.paper.market.queue_models import MODELS, QueueModel
from schemas.errors import ConfigError

# Before: 40 ahead, of 100 displayed, so 60 behind; 20 are canceled.
BEFORE, AHEAD, CANCELED = 100, 40.0, 20


@pytest.mark.parametrize(
    ("name", "power", "ahead"),
    [
        ("risk_averse", 3.0, 40.0),
        ("optimistic", 3.0, 20.0),
        ("power", 1.0, 40 - 20 * 40 / 100),
        ("power", 2.0, 40 - 20 * 1600 / 5200),
        ("log", 3.0, 40 - 20 * (1 - math.log(61) / (math.log(61) + math.log(41)))),
    ],
)
def test_canceled_quantity_is_shared_between_before_and_behind(name: str, power: float, ahead: float) -> None:
    assert QueueModel(name, power).ahead(AHEAD, BEFORE, BEFORE - CANCELED, 0) == pytest.approx(ahead, rel=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_what_was_traded_is_not_canceled_too(name: str) -> None:
    assert QueueModel(name).ahead(40.0 - 15, 100, 85, 15) == 25.0


@pytest.mark.parametrize("name", MODELS)
def test_new_quantity_is_behind(name: str) -> None:
    assert QueueModel(name).ahead(40.0, 100, 150, 0) == 40.0


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_ahead_of_an_order_at_an_empty_level(name: str) -> None:
    assert QueueModel(name).ahead(40.0, 100, 0, 0) == 0.0
    assert QueueModel(name).ahead(40.0, 100, 7, 0) <= 7.0


@pytest.mark.parametrize("name", MODELS)
def test_with_nothing_behind_all_is_canceled_before_the_order(name: str) -> None:
    assert QueueModel(name).ahead(100.0, 100, 70, 0) == 70.0


def test_a_model_that_there_is_not_is_named() -> None:
    with pytest.raises(ConfigError, match=r"found 'pessimistic' \(allowed: risk_averse, optimistic, power, log"):
        QueueModel("pessimistic")
