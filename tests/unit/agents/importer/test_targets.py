"""Which instrument is meant, and that what is not clear is refused by name."""

import pytest

from agents.importer.targets import Targets
from schemas.errors import ConfigError
from tests.unit.agents.importer.import_kit import import_config

SPOT = ("binance_spot",)


def test_an_instrument_is_found_by_its_name_at_the_venue() -> None:
    targets = Targets(import_config())
    info = targets.find("BTC-PERPETUAL", targets.venues((), "it"), "it")
    assert info is not None
    assert (info.venue.name, info.symbol) == ("deribit", "BTC-USD")


def test_a_file_that_does_not_tell_is_of_the_one_that_was_named() -> None:
    targets = Targets(import_config(), "usdm")
    info = targets.find("", targets.venues((), "it"), "it")
    assert info is not None
    assert info.id == 2
    targets = Targets(import_config(), "spot", ("ETHUSDT",))
    info = targets.find("", targets.venues(SPOT, "it"), "it")
    assert info is not None
    assert info.id == 3


def test_what_may_be_several_is_refused() -> None:
    targets = Targets(import_config())
    venues = targets.venues(("binance_spot", "binance_usdm"), "it")
    with pytest.raises(ConfigError, match=r"may be any of \['spot:BTCUSDT', 'usdm:BTCUSDT'\]: name it with --venue"):
        targets.find("BTCUSDT", venues, "it")
    with pytest.raises(ConfigError, match="does not tell its instrument"):
        targets.find("", targets.venues(SPOT, "it"), "it")


def test_what_was_not_asked_for_is_none() -> None:
    targets = Targets(import_config(), "spot", ("ETHUSDT",))
    assert targets.find("BTCUSDT", targets.venues(SPOT, "it"), "it") is None
    assert targets.find("LTCUSDT", targets.venues(SPOT, "it"), "it") is None


def test_names_that_are_not_configured_are_refused() -> None:
    with pytest.raises(ConfigError, match="--venue: 'nowhere' is not in venues"):
        Targets(import_config(), "nowhere")
    with pytest.raises(ConfigError, match=r"--symbol: \['LTCUSDT'\] not in instruments"):
        Targets(import_config(), "spot", ("LTCUSDT",))
    with pytest.raises(ConfigError, match="has no such venue"):
        Targets(import_config()).venues(("okx",), "it is of okx")
