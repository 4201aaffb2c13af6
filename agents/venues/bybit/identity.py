"""Whose key it is at Bybit, and what it may do.

Source: Bybit v5 docs, user, get API key information (`userID`, `readOnly`, `permissions`).
"""

import msgspec
from msgspec import field

from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.identity import AccountIdentity, IdentityReader
from mesh.context import VenueCall

WITHDRAW = "Withdraw"
TRADING = ("ContractTrade", "Spot")


class _KeyData(msgspec.Struct):
    account: int = field(name="userID")
    read_only: int = field(name="readOnly")
    permissions: dict[str, list[str]]


class _KeyAnswer(msgspec.Struct):
    code: int = field(name="retCode")
    text: str = field(name="retMsg", default="")
    result: msgspec.Raw = msgspec.Raw(b"{}")


class BybitIdentity(IdentityReader):
    """Asks for what the venue knows of the key."""

    def call(self) -> VenueCall:
        """Return the call for the key."""
        return VenueCall("GET", "/v5/user/query-api", {}, signed=True)

    def read(self, body: bytes) -> AccountIdentity:
        """Return the key's `userID`, and whether it may trade and withdraw.

        Raises:
            VenueError: If the answer is not what the venue documents.
        """
        try:
            answer = msgspec.json.decode(body, type=_KeyAnswer)
            if answer.code:
                raise refuse(f"{answer.code} {answer.text}", "key")
            data = msgspec.json.decode(answer.result, type=_KeyData)
        except DECODE_ERRORS as error:
            raise refuse(error, "key") from error
        trades = not data.read_only and any(data.permissions.get(name) for name in TRADING)
        return AccountIdentity(str(data.account), trades, WITHDRAW in data.permissions.get("Wallet", []))
