"""Deposits and withdrawals of an OKX trading account, by its bills: what comes in or goes out is a bill of its own type.

The private stream says that there was one, and what there is afterwards; how much it was, together with what traded
meanwhile, it does not say. Bills of the last days are asked for where those do, else the archive.

Source: OKX v5 docs, trading account: bills details.
"""

import msgspec

from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.okx.contracts import RECENT_NS, ROWS_MAX, OkxBillData
from agents.venues.okx.history import OkxAnswer, rows
from agents.venues.okx.paths import BILLS, OLD_BILLS
from agents.venues.okx.reading import amount_e8, time_ns
from agents.venues.reports import TransferReport
from mesh.context import VenueCall, VenueReply
from schemas.units import MS

TRANSFER_BILL = "1"

_BILLS = msgspec.json.Decoder(OkxAnswer[OkxBillData])


def transfer_call(since_ns: int, now_ns: int, timeout_ms: int) -> VenueCall:
    """Return the call for the newest transfers since a time."""
    path = BILLS if now_ns - since_ns < RECENT_NS else OLD_BILLS
    params = {"type": TRANSFER_BILL, "begin": str(since_ns // MS), "limit": str(ROWS_MAX)}
    return VenueCall("GET", path, params, True, timeout_ms)


def transfer_page(reply: VenueReply) -> tuple[list[TransferReport], VenueCall | None]:
    """Return the transfers in an answer, and the call for what is older; VenueError if it is not as documented."""
    try:
        found = rows(_BILLS.decode(reply.body))
        reports = [
            TransferReport(data.asset, amount_e8(data.change), time_ns(data.ts), data.bill_id)
            for data in found
            if data.type == TRANSFER_BILL and amount_e8(data.change)
        ]
    except DECODE_ERRORS as error:
        raise refuse(error, "bills of transfers") from error
    if len(found) < ROWS_MAX:
        return reports, None
    call = reply.call
    older = {**call.params, "after": found[-1].bill_id}
    return reports, VenueCall("GET", call.path, older, True, call.timeout_ms)
