"""Whether the key is of the account that the configuration names, asked of the venue before anything else is.

Until that is proven nothing that is signed leaves, and no private connection is made: what rests there may be another
account's. A venue that says otherwise ends the process, which is not started again: the configuration is wrong. One that
does not answer is asked again.
"""

import asyncio
from collections.abc import Awaitable, Callable

from agents.venues.identity import IdentityReader, require_live
from mesh.context import CallOutcome, VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.errors import ConfigError, VenueError

AGAIN_S = 1.0
AGAIN_S_MAX = 30.0


class OwnerProof:
    """Asks whose key it is, and holds back what waits for that."""

    def __init__(self, reader: IdentityReader, account: str, key: str) -> None:
        """Take the number of the account that the venue must tell, and where the configuration has it."""
        self._reader = reader
        self._account = account
        self._key = key
        self._proven = asyncio.Event()
        self.trouble = "not asked yet"
        """Why it is not proven, empty if it is."""

    async def ask(self, request: Callable[[VenueCall], Awaitable[VenueReply]]) -> None:
        """Ask until the venue has answered.

        Raises:
            ConfigError: If the key is another account's.
        """
        wait_s = AGAIN_S
        while not self._take(await request(self._reader.call())):
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, AGAIN_S_MAX)

    @property
    def proven(self) -> bool:
        """Whether it is proven."""
        return self._proven.is_set()

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is proven, at most so long; return whether it is."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._proven.wait()
        except TimeoutError:
            return False
        return True

    def _take(self, reply: VenueReply) -> bool:
        if reply.outcome is not CallOutcome.ANSWERED or reply.status != 200:
            self.trouble = f"{reply.outcome.name} {reply.status} {reply.text}".rstrip()
            return False
        try:
            found = self._reader.read(reply.body)
        except VenueError as error:
            self.trouble = str(error)
            return False
        if found.account != self._account:
            raise ConfigError(f"{self._key}: the key is of account {found.account} (found: {self._account!r})")
        self.trouble = ""
        self._proven.set()
        return True


def owner_of(venue: VenueConfig, reader: IdentityReader | None) -> OwnerProof | None:
    """Return what proves whose key it is, if the venue's table says which account it must be of.

    Raises:
        ConfigError: If the venue does not tell it, or its orders are for real money and that is not said.
    """
    require_live(venue)
    if not venue.account:
        return None
    key = f"venues.{venue.name}.account"
    if reader is None:
        raise ConfigError(f"{key}: {venue.kind} does not tell whose key it is (found: {venue.account!r}, allowed: '')")
    return OwnerProof(reader, venue.account, key)
