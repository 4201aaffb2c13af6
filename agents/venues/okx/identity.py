"""Whose key it is at OKX, and what it may do.

Source: OKX v5 docs, trading account, get account configuration (`uid`, `perm`).
"""

import msgspec
from msgspec import field

from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.identity import AccountIdentity, IdentityReader
from mesh.context import VenueCall


class _AccountConfig(msgspec.Struct):
    account: str = field(name="uid")
    permissions: str = field(name="perm", default="")


class _ConfigAnswer(msgspec.Struct):
    code: str
    text: str = field(name="msg", default="")
    data: list[_AccountConfig] = []


class OkxIdentity(IdentityReader):
    """Asks for the account's configuration, which names the account and what the key may do."""

    def call(self) -> VenueCall:
        """Return the call for the configuration."""
        return VenueCall("GET", "/api/v5/account/config", {}, signed=True)

    def read(self, body: bytes) -> AccountIdentity:
        """Return the account's `uid`, and whether the key may trade and withdraw.

        Raises:
            VenueError: If the answer is not what the venue documents.
        """
        try:
            answer = msgspec.json.decode(body, type=_ConfigAnswer)
        except DECODE_ERRORS as error:
            raise refuse(error, "account configuration") from error
        if answer.code != "0" or not answer.data:
            raise refuse(f"{answer.code} {answer.text}", "account configuration")
        found = answer.data[0]
        permissions = found.permissions.split(",")
        return AccountIdentity(found.account, "trade" in permissions, "withdraw" in permissions)
