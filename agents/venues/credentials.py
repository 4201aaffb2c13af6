"""Key and secret of a venue account: where the configuration says, and nowhere else.

The execution agent signs with them and the paper venue lets in who signs with them; they are in no log and no message.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from schemas.config import VenueConfig
from schemas.errors import ConfigError


class Credentials(msgspec.Struct, frozen=True):
    """Key and secret of a venue account, and the passphrase of one at a venue that wants a third."""

    key: str
    secret: str
    passphrase: str = ""

    def __repr__(self) -> str:
        return "Credentials(...)"


def load_credentials(venue: VenueConfig, environment: Mapping[str, str] = os.environ, *, key: str = "") -> Credentials:
    """Return the account's credentials from the environment (`X` means X_KEY and X_SECRET) or from `file:PATH`.

    A passphrase (X_PASSPHRASE, or `passphrase` in the file) is taken if it is there. `key` is where the configuration names
    them, if that is not the venue's own table.

    Raises:
        ConfigError: If they are not configured or not there; it names what was looked for, never what was found.
    """
    where = key or f"venues.{venue.name}.credentials"
    if not venue.credentials:
        raise ConfigError(f"{where}: not set (allowed: a prefix of environment variables, or file:PATH)")
    if venue.credentials.startswith("file:"):
        path = Path(venue.credentials.removeprefix("file:"))
        try:
            found: Mapping[str, Any] = tomllib.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise ConfigError(f"{where}: {path} is not a readable TOML file: {type(error).__name__}") from error
        names = ("key", "secret", "passphrase")
    else:
        found = environment
        prefix = venue.credentials
        names = (f"{prefix}_KEY", f"{prefix}_SECRET", f"{prefix}_PASSPHRASE")
    api_key, secret, passphrase = (found.get(name, "") for name in names)
    if not (isinstance(api_key, str) and isinstance(secret, str) and api_key and secret):
        raise ConfigError(f"{where}: {names[0]} and {names[1]} must both be set")
    if not isinstance(passphrase, str):
        raise ConfigError(f"{where}: {names[2]} must be text")
    return Credentials(api_key, secret, passphrase)
