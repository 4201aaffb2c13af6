"""The private stream of an OKX account: orders with their fills, balances, and the answers to login and subscriptions.

A message of the orders channel may come again, with another time: whoever books fills and states takes each once. Nothing
is told of what was before the subscription, except balances. Orders that the venue makes itself (liquidation,
auto-deleveraging) are told like any other, and have no id of ours.
"""

from collections.abc import Mapping, Sequence

import msgspec

from agents.instruments import InstrumentInfo
from agents.venues.okx.account_data import QUOTE_SIZED, OkxBalanceData, OkxChangeData, OkxOrderData, OkxPushData
from agents.venues.okx.frame_data import OkxFrame
from agents.venues.okx.reading import balances_e8, last_fill, order_report
from agents.venues.reports import BalanceReport, ExecutionEvent, PrivateEvent, SubscriptionReply

ANSWERS = frozenset({"login", "subscribe", "error"})

ORDERS_HEAD = b'{"arg":{"channel":"orders",'
"""What most frames begin with: they are read in one pass."""

_ORDERS_FRAME = msgspec.json.Decoder(OkxFrame[OkxOrderData])
_PUSH = msgspec.json.Decoder(OkxPushData)
_ORDERS = msgspec.json.Decoder(list[OkxOrderData])
_BALANCES = msgspec.json.Decoder(list[OkxBalanceData])
_CHANGES = msgspec.json.Decoder(list[OkxChangeData])


class OkxEvents:
    """Reads the frames about some instruments, by their names at the venue."""

    def __init__(self, instruments: Mapping[str, InstrumentInfo]) -> None:
        """Take the instruments."""
        self._instruments = instruments

    def read(self, frame: bytes) -> Sequence[PrivateEvent]:
        """Return what a frame says, in order; nothing if it is nothing of ours.

        Raises:
            VenueError: Or another of `DECODE_ERRORS`, if it is not what the venue documents.
        """
        if frame.startswith(ORDERS_HEAD):
            return self._executions(_ORDERS_FRAME.decode(frame).data)
        push = _PUSH.decode(frame)
        if push.event:
            return [_reply(push)] if push.event in ANSWERS else ()
        channel, data = push.arg.channel, bytes(push.data)
        if channel == "orders":
            return self._executions(_ORDERS.decode(data))
        if channel == "account":
            return [BalanceReport(balances_e8(each.details)) for each in _BALANCES.decode(data) if each.details]
        if channel == "balance_and_position":
            return [BalanceReport(balances_e8(each.balances)) for each in _CHANGES.decode(data) if each.balances]
        return ()

    def _executions(self, orders: list[OkxOrderData]) -> list[PrivateEvent]:
        found: list[PrivateEvent] = []
        for data in orders:
            info = self._instruments.get(data.inst_id)
            if info is not None:
                report = order_report(info, data)
                # Of a market order in quote currency the quantity is known with its first fill.
                if report.qty_lots or data.target != QUOTE_SIZED:
                    found.append(ExecutionEvent(report, last_fill(info, data)))
        return found


def _reply(push: OkxPushData) -> SubscriptionReply:
    """Return which request an answer is about: an error names the channel in its text, or is one of the login."""
    if push.event == "login":
        return SubscriptionReply("login", push.code == "0", f"{push.code} {push.msg}".rstrip())
    name = push.arg.channel
    if push.event == "subscribe":
        return SubscriptionReply(f"{name}:{push.arg.inst_type}" if name == "orders" else name, True)
    text = f"{push.code} {push.msg}".rstrip()
    if "channel" not in push.msg:
        return SubscriptionReply("login", False, text)
    if "account" in push.msg:
        return SubscriptionReply("account", False, text)
    return SubscriptionReply("orders:SWAP" if "SWAP" in push.msg else "orders:SPOT", False, text)
