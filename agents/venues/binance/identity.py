"""Whose key it is at Binance, and whether it may withdraw.

Futures do not tell the number of the owner, but an alias of the account that is no other's.

Source: binance-spot-api-docs rest-api.md (account information: `uid`), Binance derivatives docs (futures account balance:
`accountAlias`, "unique account code"), and Binance wallet docs (API key permission).
"""

import msgspec
from msgspec import field

from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.binance.usdm_data import UsdmBalanceData
from agents.venues.binance.usdm_limits import BALANCE
from agents.venues.identity import AccountIdentity, IdentityReader
from mesh.context import VenueCall

ACCOUNT = "/api/v3/account"
RIGHTS = "/sapi/v1/account/apiRestrictions"


class _AccountData(msgspec.Struct):
    uid: int
    can_trade: bool = field(name="canTrade")


class _RightsData(msgspec.Struct):
    withdraws: bool = field(name="enableWithdrawals")


class BinanceIdentity(IdentityReader):
    """Asks for the account; what the key may do stands elsewhere, and only in the real world."""

    def call(self) -> VenueCall:
        """Return the call for the account."""
        return VenueCall("GET", ACCOUNT, {"omitZeroBalances": "true"}, signed=True)

    def read(self, body: bytes) -> AccountIdentity:
        """Return the account's `uid`, and whether it may trade.

        Raises:
            VenueError: If the answer is not what the venue documents.
        """
        try:
            data = msgspec.json.decode(body, type=_AccountData)
        except DECODE_ERRORS as error:
            raise refuse(error, "account") from error
        return AccountIdentity(str(data.uid), data.can_trade)

    def rights_call(self) -> VenueCall:
        """Return the call for the rights of the key."""
        return VenueCall("GET", RIGHTS, {}, signed=True)

    def withdraws(self, body: bytes) -> bool:
        """Return whether the key may withdraw.

        Raises:
            VenueError: If the answer is not what the venue documents.
        """
        try:
            return msgspec.json.decode(body, type=_RightsData).withdraws
        except DECODE_ERRORS as error:
            raise refuse(error, "rights of the key") from error


class UsdmIdentity(BinanceIdentity):
    """Asks for the balances, each of which tells the account's alias; whether the key may trade is not told."""

    def call(self) -> VenueCall:
        """Return the call for the balances."""
        return VenueCall("GET", BALANCE, {}, signed=True)

    def read(self, body: bytes) -> AccountIdentity:
        """Return the account's alias.

        Raises:
            VenueError: If the answer is not what the venue documents, or tells of no asset.
        """
        try:
            found = {data.account for data in msgspec.json.decode(body, type=list[UsdmBalanceData]) if data.account}
        except DECODE_ERRORS as error:
            raise refuse(error, "balances") from error
        if len(found) != 1:
            raise refuse(sorted(found), "the accounts whose balances are told")
        return AccountIdentity(found.pop())
