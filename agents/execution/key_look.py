"""What a venue tells of an account's key: looked at by hand, before anything trades with it."""

import asyncio
from typing import TYPE_CHECKING

from agents.venues.adapters import ADAPTERS
from agents.venues.identity import IdentityReader
from mesh.context import CallOutcome, VenueCall, VenueReply
from schemas.config import Config, ExecutionConfig
from schemas.errors import ConfigError, VenueError
from schemas.figures import KeyLook

if TYPE_CHECKING:
    from agents.venues.http_ws import VenueShell

LOOK_S_MAX = 10.0


def look_at_key(name: str, config: Config) -> KeyLook:
    """Ask the venue of the execution agent `name` whose its key is, and what that may do; takes up to some seconds."""
    from agents.venues.credentials import load_credentials
    from agents.venues.http_ws import VenueShell

    own = config.agents[name]
    assert isinstance(own, ExecutionConfig)
    venue = next(venue for venue in config.venues if venue.name == own.venue)
    adapter = ADAPTERS[venue.kind]
    if adapter.identity is None:
        return KeyLook(trouble=f"{venue.kind} does not tell whose key it is")
    try:
        signer = adapter.signer(venue, load_credentials(venue))
    except ConfigError as error:
        return KeyLook(trouble=str(error))
    return asyncio.run(_look(VenueShell(venue.name, signer), adapter.identity))


async def _look(shell: "VenueShell", reader: IdentityReader) -> KeyLook:
    answers = _Answers()
    await shell.start(answers)
    try:
        found = reader.read(await answers.of(shell, reader.call()))
        withdraws = found.withdraws
        rights = reader.rights_call()
        if withdraws is None and rights is not None:
            withdraws = reader.withdraws(await answers.of(shell, rights))
    except VenueError as error:
        return KeyLook(trouble=str(error))
    finally:
        await shell.stop()
    return KeyLook(found.account, found.trades, withdraws)


class _Answers:
    """Implements `mesh.agent_io.Inputs` for calls that are made one after another."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[VenueReply]

    async def of(self, shell: "VenueShell", call: VenueCall) -> bytes:
        """Return the body of the answer to a call.

        Raises:
            VenueError: If there is none, or another status than 200.
        """
        self._answer = asyncio.get_running_loop().create_future()
        shell.call(1, call)
        try:
            async with asyncio.timeout(LOOK_S_MAX):
                reply = await self._answer
        except TimeoutError:
            raise VenueError(f"{call.path}: no answer within {LOOK_S_MAX:.0f} s") from None
        if reply.outcome is not CallOutcome.ANSWERED or reply.status != 200:
            raise VenueError(f"{call.path}: {reply.outcome.name} {reply.status} {reply.text or reply.body[:200]!r}")
        return reply.body

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        """No websocket is opened."""

    def frame_received(self, connection: str, frame: bytes) -> None:
        """No websocket is opened."""

    def venue_replied(self, reply: VenueReply) -> None:
        """Take the answer."""
        self._answer.set_result(reply)
