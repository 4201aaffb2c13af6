"""Answers about an account and frames of its private stream, taken apart: `account` says what they mean.

All raise one of `DECODE_ERRORS` for what is not as the venue documents it.

Source: Bybit API v5 documentation, trade, position and account endpoints, websocket connect, websocket order entry.
"""

from typing import Any, Generic, TypeVar

import msgspec
from msgspec import field

from agents.venues.bybit.account_data import ExecutionRow, OrderRow, PositionRow, WalletRow
from agents.venues.bybit.fill_cursor import page_of
from agents.venues.bybit.limits import AMEND, CANCEL, CREATE
from agents.venues.reports import FillPage, FillReport, SubscriptionReply
from mesh.context import VenueCall, VenueReply
from schemas.errors import VenueError

ORDER_PATHS = frozenset({CREATE, AMEND, CANCEL})
"""What is answered by "taken"."""
REPEATED_LOGIN = 20001
Entry = TypeVar("Entry")


class TakenOrder(msgspec.Struct):
    """The ids of the order that a request was taken for."""

    venue_order_id: str = field(name="orderId", default="")


class TakenAnswer(msgspec.Struct):
    """The answer to a request: over REST with a `result`, over the websocket with `data`."""

    result: TakenOrder | None = None
    data: TakenOrder | None = None


class EntryList(msgspec.Struct, Generic[Entry]):
    """A list in an answer, and the venue's name of its next page."""

    entries: list[Entry] = field(name="list", default=[])
    category: str | None = None
    cursor: str | None = field(name="nextPageCursor", default=None)


class ListAnswer(msgspec.Struct, Generic[Entry]):
    """An answer with a list, and when it was written."""

    result: EntryList[Entry]
    time_ms: int = field(name="time", default=0)


class StreamFrame(msgspec.Struct):
    """A frame of the private stream: of a topic, or an answer."""

    topic: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")


class StreamAnswer(msgspec.Struct):
    """An answer on the private stream; which words it uses depends on what was asked."""

    op: str = ""
    success: bool = False
    req_id: str = ""
    ret_msg: str = ""
    code: int = field(name="retCode", default=0)
    text: str = field(name="retMsg", default="")


_TAKEN = msgspec.json.Decoder(TakenAnswer)
_ORDERS = msgspec.json.Decoder(ListAnswer[OrderRow])
_EXECUTIONS = msgspec.json.Decoder(ListAnswer[ExecutionRow])
_WALLETS = msgspec.json.Decoder(ListAnswer[WalletRow])
_POSITIONS = msgspec.json.Decoder(ListAnswer[PositionRow])
_FRAME = msgspec.json.Decoder(StreamFrame)
_ANSWER = msgspec.json.Decoder(StreamAnswer)
_TOPICS: dict[str, msgspec.json.Decoder[Any]] = {
    "order": msgspec.json.Decoder(list[OrderRow]),
    "execution": msgspec.json.Decoder(list[ExecutionRow]),
    "wallet": msgspec.json.Decoder(list[WalletRow]),
    "position": msgspec.json.Decoder(list[PositionRow]),
}


def decode_order_id(body: bytes) -> str:
    """Return the venue's id of the order that a request was taken for."""
    found = _TAKEN.decode(body)
    taken = found.result or found.data
    if taken is None or not taken.venue_order_id:
        raise VenueError("an answer without an order")
    return taken.venue_order_id


def decode_orders(reply: VenueReply) -> tuple[str, list[OrderRow], str]:
    """Return the category of the orders in an answer, the orders, and the venue's name of the next page."""
    result = _ORDERS.decode(reply.body).result
    return result.category or reply.call.params["category"], result.entries, result.cursor or ""


def decode_executions(body: bytes) -> tuple[list[ExecutionRow], str, int]:
    """Return the executions in an answer, the venue's name of the next page, and when the answer was written."""
    found = _EXECUTIONS.decode(body)
    return found.result.entries, found.result.cursor or "", found.time_ms


def decode_wallets(body: bytes) -> list[WalletRow]:
    """Return the coins of the accounts in an answer."""
    return _WALLETS.decode(body).result.entries


def decode_positions(body: bytes) -> tuple[list[PositionRow], str]:
    """Return the positions in an answer, and the venue's name of the next page."""
    result = _POSITIONS.decode(body).result
    return result.entries, result.cursor or ""


def decode_private(frame: bytes) -> tuple[str, list[Any]]:
    """Return the topic of a frame, and what it tells if it is one that is followed; "" if it is of none."""
    found = _FRAME.decode(frame)
    decoder = _TOPICS.get(found.topic)
    return found.topic, [] if decoder is None else decoder.decode(found.data)


def reply_to(frame: bytes) -> SubscriptionReply | None:
    """Return what a frame of no topic answers: a login, whose answer names no request, or a subscription."""
    found = _ANSWER.decode(frame)
    text = " ".join(part for part in (str(found.code or ""), found.ret_msg or found.text) if part)
    if found.op == "auth":
        accepted = found.success or found.code == REPEATED_LOGIN
        return SubscriptionReply("auth", accepted, "" if accepted else text)
    if found.op == "subscribe":
        return SubscriptionReply(found.req_id, found.success, "" if found.success else text)
    return None


def next_call(call: VenueCall, cursor: str) -> VenueCall | None:
    """Return the call for the next page, None if the venue names none."""
    if not cursor:
        return None
    return VenueCall(call.method, call.path, {**call.params, "cursor": cursor}, call.signed, call.timeout_ms)


def fill_pages(call: VenueCall, fills: list[FillReport], count: int, cursor: str, now_ms: int) -> FillPage:
    """Return the page of fills that the answer to a call is."""
    return page_of(call.params, fills, count, cursor, now_ms)
