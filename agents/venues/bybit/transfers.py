"""Deposits and withdrawals of a Bybit unified account, by its transaction log: they have types of their own there.

The wallet stream tells balances, and nothing of why they changed; what came in or went out, together with what traded
meanwhile, it does not say. The log is told a week at once, and of one type at once: asked for without one it has been
documented to leave transfers out. What the venue gives and takes in other ways (bonus, airdrop, interest, loans) is none.

Source: Bybit API v5 documentation, get transaction log, enums (type(uta-translog)).
"""

from collections.abc import Sequence

import msgspec
from msgspec import field

from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.bybit.account_answers import ListAnswer, next_call
from agents.venues.bybit.account_data import amount_e8
from agents.venues.bybit.fill_cursor import WEEK_MS
from agents.venues.bybit.limits import TRANSACTIONS
from agents.venues.reports import TransferReport
from mesh.context import VenueCall, VenueReply
from schemas.units import MS

TYPES = ("TRANSFER_IN", "TRANSFER_OUT")
ROWS_MAX = "50"


class TransactionRow(msgspec.Struct):
    """One entry of the log; `change` is what it has changed the balance by, negative for what went out."""

    entry_id: str = field(name="id")
    type: str
    asset: str = field(name="currency")
    change: str
    time_ms: str = field(name="transactionTime")


_ROWS = msgspec.json.Decoder(ListAnswer[TransactionRow])


def transfer_calls(since_ns: int, now_ns: int, timeout_ms: int) -> Sequence[VenueCall]:
    """Return a call for each week and type since a time."""
    calls = []
    for start_ms in range(since_ns // MS, now_ns // MS + 1, WEEK_MS):
        span = {"startTime": str(start_ms), "endTime": str(start_ms + WEEK_MS)}
        for kind in TYPES:
            params = {"accountType": "UNIFIED", "type": kind, **span, "limit": ROWS_MAX}
            calls.append(VenueCall("GET", TRANSACTIONS, params, True, timeout_ms))
    return calls


def transfer_page(reply: VenueReply) -> tuple[list[TransferReport], VenueCall | None]:
    """Return the transfers in an answer, and the call for the next page; VenueError if it is not as documented."""
    try:
        found = _ROWS.decode(reply.body).result
        reports = [
            TransferReport(row.asset, amount_e8(row.change), int(row.time_ms) * MS, row.entry_id)
            for row in found.entries
            if row.type in TYPES and amount_e8(row.change)
        ]
    except DECODE_ERRORS as error:
        raise refuse(error, "transaction log") from error
    more = next_call(reply.call, found.cursor or "") if len(found.entries) >= int(ROWS_MAX) else None
    return reports, more
