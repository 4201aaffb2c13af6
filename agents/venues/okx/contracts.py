"""Contracts of an OKX account: how they are set, what is held of them, and their funding.

Contracts are traded with cross margin and net positions. Leverage is of each contract and margin mode. An account that
holds long and short beside each other would want to be told with each order which it is for, and one for spot alone has no
contracts: neither is traded on.

Funding is a bill of its own type, negative if it was paid; the bill's id is the venue's. That some was settled is told on
the private stream, and of which contract is not. Bills of the last days are asked for where those do, else the archive.

Source: OKX v5 docs, trading account: account configuration, leverage, positions, bills.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import field

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.okx.frame_data import only
from agents.venues.okx.history import OkxAnswer, rows
from agents.venues.okx.paths import BILLS, CONFIG, LEVERAGE, OLD_BILLS
from agents.venues.okx.paths import POSITIONS as POSITIONS_PATH
from agents.venues.okx.reading import amount_e8, time_ns
from agents.venues.reports import ContractTerms, FundingReport, PositionReport, reachable_px_e8
from mesh.context import VenueCall, VenueReply
from schemas.errors import VenueError
from schemas.units import DAY, MS

LEVELS = {"1": "spot", "2": "futures", "3": "multi-currency margin", "4": "portfolio margin"}
SPOT_ONLY, NET = "1", "net_mode"
FUNDING_BILL = "8"
ROWS_MAX = 100
INSTRUMENTS_MAX = 20
"""Contracts that one call may ask the leverage of."""
RECENT_NS = 6 * DAY
"""How old bills may be that are asked for among the recent ones, which are of seven days."""


class OkxConfigData(msgspec.Struct):
    """How the account is set."""

    level: str = field(name="acctLv")
    position_mode: str = field(name="posMode")


class OkxLeverageData(msgspec.Struct):
    """The leverage of one contract."""

    inst_id: str = field(name="instId")
    leverage: str = field(name="lever")
    margin_mode: str = field(name="mgnMode")


class OkxPositionData(msgspec.Struct):
    """One position: of a net one the sign says its side."""

    inst_id: str = field(name="instId")
    qty: str = field(name="pos")
    side: str = field(name="posSide", default="net")
    margin_mode: str = field(name="mgnMode", default="cross")
    entry: str = field(name="avgPx", default="")
    mark: str = field(name="markPx", default="")
    liquidation: str = field(name="liqPx", default="")
    leverage: str = field(name="lever", default="")
    update_ms: str = field(name="uTime", default="")


class OkxBillData(msgspec.Struct):
    """One change of a balance: the account's, or that of an isolated position."""

    bill_id: str = field(name="billId")
    inst_id: str = field(name="instId")
    asset: str = field(name="ccy")
    change: str = field(name="balChg")
    type: str
    ts: str
    position_change: str = field(name="posBalChg", default="")


POSITIONS = msgspec.json.Decoder(list[OkxPositionData])
_CONFIG = msgspec.json.Decoder(OkxAnswer[OkxConfigData])
_LEVERAGE = msgspec.json.Decoder(OkxAnswer[OkxLeverageData])
_POSITIONS = msgspec.json.Decoder(OkxAnswer[OkxPositionData])
_BILLS = msgspec.json.Decoder(OkxAnswer[OkxBillData])


class OkxContracts:
    """Knows how the account is set, once it was told, and reads what answers say of some contracts."""

    def __init__(self, instruments: Sequence[InstrumentInfo], timeout_ms: int) -> None:
        """Take the contracts."""
        self._infos = {info.venue_symbol: info for info in instruments}
        self._timeout_ms = timeout_ms
        self._config: OkxConfigData | None = None

    def setup_calls(self) -> Sequence[VenueCall]:
        """Return the call for how the account is set, until that is known and fit."""
        return [self._get(CONFIG, {})] if self.unfit() else []

    def learn(self, reply: VenueReply) -> None:
        """Take how the account is set; VenueError if the answer is not what the venue documents."""
        try:
            self._config = only(rows(_CONFIG.decode(reply.body)))
        except DECODE_ERRORS as error:
            raise refuse(error, CONFIG) from error

    def unfit(self) -> str:
        """Return why no orders may be created: contracts cannot be traded as the account is set, or that is not known."""
        found = self._config
        if not self._infos:
            return ""
        if found is None:
            return f"{CONFIG} has not told yet how the account is set"
        if found.level == SPOT_ONLY:
            return "the account is for spot alone (found: acctLv 1, needed: 2, 3 or 4)"
        if found.position_mode != NET:
            return f"hedge mode: long and short stand apart (found: posMode {found.position_mode[:40]}, allowed: {NET})"
        return ""

    def mode(self) -> str:
        """Return how contracts are traded, in words."""
        found = self._config
        return "" if found is None else f"{LEVELS.get(found.level, found.level[:40])}, {found.position_mode[:40]}"

    def terms_calls(self) -> Sequence[VenueCall]:
        """Return the calls for the leverage that holds on cross margin."""
        names = list(self._infos)
        parts = [names[at : at + INSTRUMENTS_MAX] for at in range(0, len(names), INSTRUMENTS_MAX)]
        return [self._get(LEVERAGE, {"instId": ",".join(part), "mgnMode": "cross"}) for part in parts]

    def terms(self, reply: VenueReply) -> list[ContractTerms]:
        """Return leverage and mode in an answer; VenueError if it is not what the venue documents."""
        try:
            return [
                ContractTerms(info.id, amount_e8(data.leverage), data.margin_mode == "isolated")
                for data in rows(_LEVERAGE.decode(reply.body))
                if (info := self._infos.get(data.inst_id)) is not None
            ]
        except DECODE_ERRORS as error:
            raise refuse(error, LEVERAGE) from error

    def position_calls(self) -> Sequence[VenueCall]:
        """Return the call for all positions."""
        return [self._get(POSITIONS_PATH, {"instType": "SWAP"})] if self._infos else []

    def position_page(self, reply: VenueReply) -> tuple[list[PositionReport], VenueCall | None]:
        """Return the positions in an answer, which has all of them; VenueError if it is not what the venue documents."""
        try:
            found = rows(_POSITIONS.decode(reply.body))
            return [
                position_report(self._infos[each.inst_id], each) for each in found if each.inst_id in self._infos
            ], None
        except DECODE_ERRORS as error:
            raise refuse(error, "positions") from error

    def funding_calls(self, since_ns: int, now_ns: int) -> Sequence[VenueCall]:
        """Return the call for the newest bills of a time."""
        path = BILLS if now_ns - since_ns < RECENT_NS else OLD_BILLS
        params = {"instType": "SWAP", "type": FUNDING_BILL, "begin": str(since_ns // MS), "limit": str(ROWS_MAX)}
        return [self._get(path, params)] if self._infos else []

    def funding_page(self, reply: VenueReply) -> tuple[list[FundingReport], VenueCall | None]:
        """Return the funding in an answer, and the call for what is older; VenueError if it is not as documented."""
        try:
            found = rows(_BILLS.decode(reply.body))
            reports = [
                funding_report(info, data)
                for data in found
                if data.type == FUNDING_BILL and (info := self._infos.get(data.inst_id)) is not None
            ]
        except DECODE_ERRORS as error:
            raise refuse(error, "bills") from error
        older = {**reply.call.params, "after": found[-1].bill_id} if len(found) >= ROWS_MAX else None
        return reports, None if older is None else self._get(reply.call.path, older)

    def _get(self, path: str, params: Mapping[str, str]) -> VenueCall:
        return VenueCall("GET", path, params, True, self._timeout_ms)


def position_report(info: InstrumentInfo, data: OkxPositionData) -> PositionReport:
    """Return a position; raises one of `DECODE_ERRORS` if it is not what the venue documents."""
    if data.side not in ("net", "long", "short"):
        raise VenueError(f"side {data.side[:20]!r} of a position (allowed: net, long, short)")
    lots = info.qty.parse(data.qty.removeprefix("-") or "0")
    is_short = data.qty.startswith("-") or data.side == "short"
    return PositionReport(
        info.id,
        -lots if is_short else lots,
        amount_e8(data.entry),
        time_ns(data.update_ms) if data.update_ms else 0,
        amount_e8(data.mark),
        reachable_px_e8(amount_e8(data.liquidation)),
        amount_e8(data.leverage),
        data.margin_mode == "isolated",
    )


def funding_report(info: InstrumentInfo, data: OkxBillData) -> FundingReport:
    """Return the funding that a bill is of; that of an isolated position is taken from its own margin."""
    amount = amount_e8(data.change) or amount_e8(data.position_change)
    return FundingReport(info.id, data.asset, amount, data.bill_id, time_ns(data.ts))
