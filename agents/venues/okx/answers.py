"""What the answers of an OKX account prove and state.

Every answer is `{"code","msg","data"}`, from REST and from the websocket alike. One to a request about an order has in its
data what became of that, with a code of its own; `code` then only says whether all or some of them failed.
"""

from collections.abc import Mapping

import msgspec

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, refuse
from agents.venues.okx.account_data import OkxBalanceData, OkxFillData, OkxOrderData, OkxTakenData
from agents.venues.okx.frame_data import only
from agents.venues.okx.history import TOO_MANY, WINDOW_NS, OkxAnswer, OkxCodeData, rows
from agents.venues.okx.outcomes import DONE, NOT_FOUND, REFUSING_STATUSES, is_refusal, refusal_reason
from agents.venues.okx.reading import balances_e8, fill_report, margin_of, order_report
from agents.venues.reports import BalanceReport, CallResult, FillPage, OrderReport, Verdict
from mesh.context import CallOutcome, VenueReply
from schemas.errors import VenueError
from schemas.orders import Reason

FILLS_MAX = 100
"""Fills in one answer; so many mean that there may be more."""
SOME_FAILED = frozenset({"1", "2"})
"""Codes of an answer whose data say what failed."""

_ACCEPTED = Verdict(CallResult.ACCEPTED)
_CODE = msgspec.json.Decoder(OkxCodeData)
_TAKEN = msgspec.json.Decoder(OkxAnswer[OkxTakenData])
_ORDERS = msgspec.json.Decoder(OkxAnswer[OkxOrderData])
_FILLS = msgspec.json.Decoder(OkxAnswer[OkxFillData])
_BALANCES = msgspec.json.Decoder(OkxAnswer[OkxBalanceData])


class OkxAnswers:
    """Reads the answers about some instruments, by their names at the venue."""

    def __init__(self, instruments: Mapping[str, InstrumentInfo], settle_coin: str = "") -> None:
        """Take the instruments, and what settles the contracts among them."""
        self._instruments = instruments
        self._settle_coin = settle_coin

    def order_verdict(self, reply: VenueReply) -> Verdict:
        """Return what the reply to a create, an amend, a cancel or a query proves."""
        if reply.outcome is not CallOutcome.ANSWERED:
            return _unanswered(reply)
        return self._queried(reply) if reply.call.method == "GET" else _taken(reply)

    def proof(self, reply: VenueReply) -> Verdict:
        """Return what any reply proves; nothing but its status and code is looked at."""
        if reply.outcome is not CallOutcome.ANSWERED:
            return _unanswered(reply)
        try:
            answer = _CODE.decode(reply.body)
        except DECODE_ERRORS as error:
            return _unclear(reply, f"answer not understood: {error}")
        if answer.code == "0" and reply.status == 200:
            return _ACCEPTED
        return failed(reply, answer.code, answer.msg)

    def orders(self, body: bytes) -> tuple[list[OrderReport], int]:
        """Return the orders in an answer, and how many are of other instruments; VenueError if it cannot be read."""
        try:
            found = rows(_ORDERS.decode(body))
            known = [(self._instruments[data.inst_id], data) for data in found if data.inst_id in self._instruments]
            return [order_report(info, data) for info, data in known], len(found) - len(known)
        except DECODE_ERRORS as error:
            raise refuse(error, "open orders") from error

    def fills(self, info: InstrumentInfo, body: bytes, asked: Mapping[str, str]) -> FillPage:
        """Return the fills in an answer, oldest first; VenueError if it cannot be read.

        The venue lists the newest first. So the first page has the place from which whoever has booked everything goes on,
        and those that follow are of older fills.
        """
        try:
            found = rows(_FILLS.decode(body))
            other = [data.inst_id for data in found if data.inst_id != info.venue_symbol]
            if other:
                raise VenueError(f"fills of {other[0]!r}")
            fills = tuple(fill_report(info, data) for data in reversed(found))
        except DECODE_ERRORS as error:
            raise refuse(error, f"fills of {info.venue_symbol}") from error
        if not found:
            return FillPage(())
        cursor = "" if "after" in asked else found[0].bill_id
        next_page = f"{asked.get('before', '')}<{found[-1].bill_id}"
        return FillPage(fills, cursor, len(found) >= FILLS_MAX, next_page)

    def balance_report(self, body: bytes) -> BalanceReport:
        """Return the balances in an answer, zero ones left out; VenueError if it cannot be read."""
        try:
            data = only(rows(_BALANCES.decode(body)))
            found, margin = balances_e8(data.details), margin_of(data, self._settle_coin)
        except DECODE_ERRORS as error:
            raise refuse(error, "balance") from error
        return BalanceReport({asset: value_e8 for asset, value_e8 in found.items() if value_e8}, margin)

    def _queried(self, reply: VenueReply) -> Verdict:
        try:
            answer = _ORDERS.decode(reply.body)
            if answer.code != "0" or reply.status != 200:
                return failed(reply, answer.code, answer.msg)
            data = only(answer.data)
            info = self._instruments.get(data.inst_id)
            if info is None:
                raise VenueError(f"order of {data.inst_id[:40]!r}, which is not configured")
            return Verdict(CallResult.ACCEPTED, order=order_report(info, data))
        except DECODE_ERRORS as error:
            return _unclear(reply, f"answer not understood: {error}")


def failed(reply: VenueReply, code: str, msg: str) -> Verdict:
    """Return what an answer with a code that is not "0" proves."""
    number = int(code) if code.isascii() and code.isdigit() and len(code) < 9 else -1
    text = f"{code} {msg}".rstrip()
    if number in NOT_FOUND and reply.status in REFUSING_STATUSES:
        return Verdict(CallResult.NOT_FOUND, Reason.ORDER_NOT_FOUND, text)
    if number != DONE and is_refusal(number, reply.status):
        reason = refusal_reason(number)
        wait_ns = WINDOW_NS if reason == Reason.VENUE_RATE_LIMIT else 0
        return Verdict(CallResult.REFUSED, reason, text, retry_after_ns=wait_ns)
    return _unclear(reply, text)


def _taken(reply: VenueReply) -> Verdict:
    """Return what the answer to a request about one order proves."""
    try:
        answer = _TAKEN.decode(reply.body)
        if answer.code in SOME_FAILED or (answer.code == "0" and reply.status == 200):
            data = only(answer.data)
            if data.code == "0" and reply.status == 200:
                return Verdict(CallResult.TAKEN, venue_order_id=data.venue_order_id)
            return failed(reply, data.code, data.msg)
    except DECODE_ERRORS as error:
        return _unclear(reply, f"answer not understood: {error}")
    return failed(reply, answer.code, answer.msg)


def _unclear(reply: VenueReply, text: str) -> Verdict:
    wait_ns = WINDOW_NS if reply.status == TOO_MANY else 0
    return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, f"status {reply.status}: {text}", retry_after_ns=wait_ns)


def _unanswered(reply: VenueReply) -> Verdict:
    if reply.outcome == CallOutcome.NOT_SENT:
        return Verdict(CallResult.NOT_SENT, Reason.VENUE_UNREACHABLE, reply.text)
    return Verdict(CallResult.UNKNOWN, Reason.OUTCOME_UNKNOWN, reply.text)
