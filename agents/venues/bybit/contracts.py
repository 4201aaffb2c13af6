"""Contracts of a Bybit account: how they are set, what is held of them, and their funding.

The margin mode is one for the account; leverage and position mode are of each contract, and told with its position, also
where there is none. Where long and short stand beside each other (hedge mode) an order would have to say which it is for:
such a contract is not traded.

Funding is an execution of its own type, with a fee that is positive if it was paid. Executions are told a week at once.

Source: Bybit API v5 documentation, get account info, get position info, get trade history, enums (execType, marginMode).
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import field

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.bybit.account_answers import decode_executions, decode_positions, next_call
from agents.venues.bybit.account_data import FUNDING, ExecutionRow, PositionRow, amount_e8, position_report
from agents.venues.bybit.fill_cursor import LIMIT, WEEK_MS
from agents.venues.bybit.limits import ACCOUNT_INFO, EXECUTIONS, POSITIONS
from agents.venues.reports import ContractTerms, FundingReport, PositionReport
from mesh.context import VenueCall, VenueReply
from schemas.units import MS

CLASSIC = 1
"""`unifiedMarginStatus` of an account whose contracts stand apart from its coins."""
MODES = {"REGULAR_MARGIN": "cross", "ISOLATED_MARGIN": "isolated", "PORTFOLIO_MARGIN": "portfolio margin"}
CATEGORY = "linear"
POSITIONS_MAX = "200"


class AccountInfo(msgspec.Struct):
    """How the account is set."""

    margin_mode: str = field(name="marginMode", default="")
    unified: int = field(name="unifiedMarginStatus", default=0)


class AccountInfoAnswer(msgspec.Struct):
    """The answer that says so."""

    result: AccountInfo


_INFO = msgspec.json.Decoder(AccountInfoAnswer)


class BybitContracts:
    """Knows how the account is set, once it was told, and reads what answers say of some contracts."""

    def __init__(self, instruments: Sequence[InstrumentInfo], timeout_ms: int) -> None:
        """Take the contracts."""
        self._infos = {info.venue_symbol: info for info in instruments}
        self._settle_coins = dict.fromkeys(info.config.quote for info in instruments)
        self._timeout_ms = timeout_ms
        self._mode = ""
        self._unified = False

    def setup_calls(self) -> Sequence[VenueCall]:
        """Return the call for how the account is set, until that is known and fit."""
        return [self._get(ACCOUNT_INFO, {})] if self._infos and not self._unified else []

    def learn(self, reply: VenueReply) -> None:
        """Take how the account is set; VenueError if the answer is not what the venue documents."""
        try:
            found = _INFO.decode(reply.body).result
        except DECODE_ERRORS as error:
            raise refuse(error, ACCOUNT_INFO) from error
        self._mode = MODES.get(found.margin_mode, found.margin_mode[:40])
        self._unified = found.unified != CLASSIC

    def unfit(self) -> str:
        """Return why no orders may be created: the account is no unified one, or has not told that it is."""
        if self._unified or not self._infos:
            return ""
        if self._mode:
            return "a classic account (found: unifiedMarginStatus 1, needed: a unified trading account)"
        return f"{ACCOUNT_INFO} has not told yet how the account is set"

    def mode(self) -> str:
        """Return how contracts are traded, in words."""
        return f"unified, {self._mode}" if self._mode else ""

    def terms_calls(self) -> Sequence[VenueCall]:
        """Return a call for each contract; one for all tells only of those that have a position."""
        return [self._get(POSITIONS, {"category": CATEGORY, "symbol": symbol}) for symbol in self._infos]

    def terms(self, reply: VenueReply) -> list[ContractTerms]:
        """Return leverage and modes in an answer; VenueError if it is not what the venue documents."""
        try:
            entries, _ = decode_positions(reply.body)
            return [self._terms(info, data) for data in entries if (info := self._infos.get(data.symbol)) is not None]
        except DECODE_ERRORS as error:
            raise refuse(error, "terms of contracts") from error

    def position_calls(self) -> Sequence[VenueCall]:
        """Return a call for each coin that settles contracts."""
        params = [{"category": CATEGORY, "settleCoin": coin, "limit": POSITIONS_MAX} for coin in self._settle_coins]
        return [self._get(POSITIONS, each) for each in params]

    def position_page(self, reply: VenueReply) -> tuple[list[PositionReport], VenueCall | None]:
        """Return the positions in an answer, and the call for the next page; raises as `terms` does."""
        try:
            entries, cursor = decode_positions(reply.body)
            found = [
                position_report(info, data) for data in entries if (info := self._infos.get(data.symbol)) is not None
            ]
        except DECODE_ERRORS as error:
            raise refuse(error, "positions") from error
        return found, next_call(reply.call, cursor) if len(entries) >= int(POSITIONS_MAX) else None

    def position_event(self, data: PositionRow) -> ContractTerms | PositionReport | None:
        """Return a position, or that it is one of two in its contract; None if it is of none that is traded."""
        info = self._infos.get(data.symbol) if data.category == CATEGORY else None
        if info is None:
            return None
        refusal = hedge_refusal(data)
        return ContractTerms(info.id, refusal=refusal) if refusal else position_report(info, data)

    def funding_calls(self, since_ns: int, now_ns: int) -> Sequence[VenueCall]:
        """Return a call for each week."""
        starts = range(since_ns // MS, now_ns // MS + 1, WEEK_MS) if self._infos else ()
        kind = {"category": CATEGORY, "execType": FUNDING, "limit": LIMIT}
        return [
            self._get(EXECUTIONS, kind | {"startTime": str(start_ms), "endTime": str(start_ms + WEEK_MS)})
            for start_ms in starts
        ]

    def funding_page(self, reply: VenueReply) -> tuple[list[FundingReport], VenueCall | None]:
        """Return the funding in an answer, and the call for the next page; raises as `terms` does."""
        try:
            entries, cursor, _ = decode_executions(reply.body)
            found = [
                funding_report(info, data)
                for data in entries
                if data.type == FUNDING and (info := self._infos.get(data.symbol)) is not None
            ]
        except DECODE_ERRORS as error:
            raise refuse(error, "funding") from error
        return found, next_call(reply.call, cursor) if len(entries) >= int(LIMIT) else None

    def _terms(self, info: InstrumentInfo, data: PositionRow) -> ContractTerms:
        isolated = bool(data.isolated) or self._mode == "isolated"
        return ContractTerms(info.id, amount_e8(data.leverage), isolated, hedge_refusal(data))

    def _get(self, path: str, params: Mapping[str, str]) -> VenueCall:
        return VenueCall("GET", path, params, True, self._timeout_ms)


def hedge_refusal(data: PositionRow) -> str:
    """Return why a contract is not traded of which that is a position, empty if it is one-way."""
    if not data.hedge:
        return ""
    return f"hedge mode: long and short stand apart (found: positionIdx {data.hedge}, allowed: 0, one-way mode)"


def funding_report(info: InstrumentInfo, data: ExecutionRow) -> FundingReport:
    """Return the funding that an execution is; raises one of `DECODE_ERRORS` if it is not what the venue documents."""
    asset = data.fee_currency or info.config.quote
    return FundingReport(info.id, asset, -amount_e8(data.fee), data.trade_id, int(data.time_ms or 0) * MS)
