"""What a venue tells of an account's key, and of how its contracts are set: looked at by hand, before anything trades."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from agents.execution.contract_terms import fault_of, terms_text
from agents.instruments import InstrumentInfo, InstrumentTable
from agents.venues.adapters import ADAPTERS
from agents.venues.identity import IdentityReader
from agents.venues.port import TradingAccount
from agents.venues.reports import ContractTerms
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
    contracts = [info for info in InstrumentTable(config).traded_by(name, own) if info.margin]
    account = None if adapter.account is None or not contracts else adapter.account(venue, contracts)
    return asyncio.run(_look(VenueShell(venue.name, signer), adapter.identity, account, contracts))


async def _look(
    shell: "VenueShell", reader: IdentityReader, account: TradingAccount | None, contracts: Sequence[InstrumentInfo]
) -> KeyLook:
    answers = _Answers()
    await shell.start(answers)
    try:
        found = reader.read((await answers.of(shell, reader.call())).body)
        withdraws = found.withdraws
        rights = reader.rights_call()
        if withdraws is None and rights is not None:
            withdraws = reader.withdraws((await answers.of(shell, rights)).body)
        seen = KeyLook(found.account, found.trades, withdraws)
        return seen if account is None else await _look_at_contracts(shell, answers, seen, account, contracts)
    except VenueError as error:
        return KeyLook(trouble=str(error))
    finally:
        await shell.stop()


async def _look_at_contracts(
    shell: "VenueShell",
    answers: "_Answers",
    seen: KeyLook,
    account: TradingAccount,
    contracts: Sequence[InstrumentInfo],
) -> KeyLook:
    """Return what was seen of a key, with how the account trades contracts."""
    for call in account.setup_calls():
        account.learn(await answers.of(shell, call))
    terms: dict[int, ContractTerms] = {}
    for call in account.terms_calls():
        found = account.terms(await answers.of(shell, call))
        terms |= {each.instrument_id: each for each in found}
    faults = [account.unfit(), *(fault_of(info, terms.get(info.id)) for info in contracts)]
    told = {info.name: terms_text(terms[info.id]) for info in contracts if info.id in terms}
    return msgspec.structs.replace(seen, mode=account.mode(), terms=told, faults=tuple(filter(None, faults)))


class _Answers:
    """Implements `mesh.agent_io.Inputs` for calls that are made one after another."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[VenueReply]

    async def of(self, shell: "VenueShell", call: VenueCall) -> VenueReply:
        """Return the answer to a call.

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
        return reply

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        """No websocket is opened."""

    def frame_received(self, connection: str, frame: bytes) -> None:
        """No websocket is opened."""

    def venue_replied(self, reply: VenueReply) -> None:
        """Take the answer."""
        self._answer.set_result(reply)
