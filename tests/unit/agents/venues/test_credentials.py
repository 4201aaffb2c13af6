"""Credentials: from the environment or a file, never in a message."""

import pytest

from agents.venues.credentials import load_credentials
from schemas.config import VenueConfig
from schemas.errors import ConfigError


def venue(credentials):
    return VenueConfig(id=1, name="b", kind="binance_spot", credentials=credentials)


def test_a_prefix_names_variables_of_the_environment():
    found = load_credentials(venue("ACME"), {"ACME_KEY": "k", "ACME_SECRET": "s", "ACME_PASSPHRASE": "p"})
    assert (found.key, found.secret, found.passphrase) == ("k", "s", "p")
    assert load_credentials(venue("ACME"), {"ACME_KEY": "k", "ACME_SECRET": "s"}).passphrase == ""


def test_a_file_holds_them_as_toml(tmp_path):
    path = tmp_path / "account.toml"
    path.write_text('key = "k"\nsecret = "s"\n')
    assert load_credentials(venue(f"file:{path}"), {}).secret == "s"


def test_they_are_not_shown():
    assert "s3cret" not in repr(load_credentials(venue("A"), {"A_KEY": "k3y", "A_SECRET": "s3cret"}))


@pytest.mark.parametrize(
    ("credentials", "environment", "told"),
    [
        ("", {}, "not set"),
        ("ACME", {"ACME_KEY": "k3y"}, "ACME_KEY and ACME_SECRET must both be set"),
        ("file:/nowhere/at/all", {}, "not a readable TOML file: FileNotFoundError"),
    ],
)
def test_what_is_missing_is_named_and_what_is_there_is_not(credentials, environment, told):
    with pytest.raises(ConfigError, match=rf"venues\.b\.credentials: .*{told}") as refusal:
        load_credentials(venue(credentials), environment)
    assert "k3y" not in str(refusal.value)


def test_those_of_another_table_are_named_there():
    with pytest.raises(ConfigError, match=r"agents\.reaper\.credentials: ACME_KEY and ACME_SECRET must both be set"):
        load_credentials(venue("ACME"), {}, key="agents.reaper.credentials")


def test_a_file_with_numbers_for_names_is_refused(tmp_path):
    path = tmp_path / "account.toml"
    path.write_text("key = 1\nsecret = 2\n")
    with pytest.raises(ConfigError, match="key and secret must both be set"):
        load_credentials(venue(f"file:{path}"), {})
