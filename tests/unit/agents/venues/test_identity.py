"""Real money is asked for twice: by `live`, and by the number of the account."""

import pytest

from agents.venues.identity import is_real, require_live
from schemas.config import VenueConfig
from schemas.errors import ConfigError
from schemas.venue_worlds import WORLDS

HERE = {"rest_url": "http://127.0.0.1:1", "ws_url": "ws://127.0.0.1:1", "ws_api_url": "ws://127.0.0.1:1/ws-api/v3"}


def venue(**more: object) -> VenueConfig:
    return VenueConfig(id=1, name="v", **{"kind": "binance_spot", **more})  # type: ignore[arg-type]


def test_a_venue_without_addresses_of_its_own_is_real() -> None:
    with pytest.raises(ConfigError, match=r"venues\.v\.live: .* needs live = true \(found: false"):
        require_live(venue())
    with pytest.raises(ConfigError, match=r"venues\.v\.account: .* \(found: ''"):
        require_live(venue(live=True))
    require_live(venue(live=True, account="354937868"))


def test_a_venue_on_this_machine_is_not_real() -> None:
    require_live(venue(**HERE))


@pytest.mark.parametrize("key", sorted(HERE))
def test_one_address_that_is_elsewhere_makes_it_real(key: str) -> None:
    assert is_real(venue(**(HERE | {key: "https://10.0.0.1"})))
    assert is_real(venue(**(HERE | {key: ""})))


def test_a_venue_without_an_address_for_orders_needs_none() -> None:
    assert not is_real(venue(kind="bybit", **(HERE | {"ws_api_url": ""})))


@pytest.mark.parametrize(("kind", "environment"), sorted(WORLDS))
def test_test_worlds_are_not_real_and_have_addresses(kind: str, environment: str) -> None:
    made = venue(kind=kind, environment=environment)
    require_live(made)
    assert made.rest_url.startswith("https://")
    assert made.ws_url.startswith("wss://")


def test_an_address_that_is_given_stays_in_another_world() -> None:
    assert venue(environment="testnet", rest_url="http://127.0.0.1:9").rest_url == "http://127.0.0.1:9"


def test_a_world_that_the_venue_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"okx has no testnet \(allowed: live, demo\)"):
        venue(kind="okx", environment="testnet")
