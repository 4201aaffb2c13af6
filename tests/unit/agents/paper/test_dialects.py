"""Which dialect a kind of venue has."""

import pytest

from agents.paper.dialect import Dialect
from agents.paper.dialects import KINDS, kind_of_dialect
from schemas.errors import ConfigError
from tests.unit.agents.paper.paper_kit import Desk


def test_a_kind_that_is_not_spoken_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="does not speak 'kraken'"):
        kind_of_dialect("kraken")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_a_dialect_on_a_floor(kind: str) -> None:
    exchange = Desk().exchange
    made = kind_of_dialect(kind)
    dialect = made.dialect(exchange.dialect.floor, made.writer())
    assert isinstance(dialect, Dialect)
    assert not dialect.ws_open(1, "/nowhere", 0)


def test_a_floor_finds_an_instrument_by_its_name_on_the_wire() -> None:
    exchange = Desk().exchange
    floor = exchange.dialect.floor
    assert floor.listing_of("spot", "BTCUSDT") is exchange.listings["BTCUSDT"]
    assert floor.listing_of("linear", "BTCUSDT") is None
