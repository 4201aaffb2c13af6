"""The private stream of an OKX account: orders with their fills, balances, and the answers to login and subscriptions.

A message of the orders channel may come again, with another time: whoever books fills and states takes each once. Nothing
is told of what was before the subscription, except balances and positions. Orders that the venue makes itself (liquidation,
auto-deleveraging) are told like any other, and have no id of ours. That funding was settled is told, and not of which
contract.
"""

from collections.abc import Mapping, Sequence

import msgspec

from agents.instruments import InstrumentInfo
from agents.venues.okx.account_data import QUOTE_SIZED, OkxBalanceData, OkxChangeData, OkxOrderData, OkxPushData
from agents.venues.okx.contracts import POSITIONS, OkxPositionData, position_report
from agents.venues.okx.frame_data import OkxFrame
from agents.venues.okx.reading import balances_e8, last_fill, margin_of, order_report
from agents.venues.reports import (
    BalanceReport,
    ExecutionEvent,
    FundingDue,
    PrivateEvent,
    SubscriptionReply,
    TransferDue,
)

ANSWERS = frozenset({"login", "subscribe", "error"})

FUNDING = "funding_fee"
"""What has changed a balance, where that was funding."""
TRANSFERS = frozenset({"transferred", "deposit", "withdrawn"})
"""The same where it was no trade and nothing that the account was paid or charged."""
ORDERS_HEAD = b'{"arg":{"channel":"orders",'
"""What most frames begin with: they are read in one pass."""

_ORDERS_FRAME = msgspec.json.Decoder(OkxFrame[OkxOrderData])
_PUSH = msgspec.json.Decoder(OkxPushData)
_ORDERS = msgspec.json.Decoder(list[OkxOrderData])
_BALANCES = msgspec.json.Decoder(list[OkxBalanceData])
_CHANGES = msgspec.json.Decoder(list[OkxChangeData])


class OkxEvents:
    """Reads the frames about some instruments, by their names at the venue."""

    def __init__(self, instruments: Mapping[str, InstrumentInfo], settle_coin: str = "") -> None:
        """Take the instruments, and what settles the contracts among them."""
        self._instruments = instruments
        self._settle_coin = settle_coin

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
            return [
                BalanceReport(balances_e8(each.details), margin_of(each, self._settle_coin))
                for each in _BALANCES.decode(data)
                if each.details
            ]
        if channel == "positions":
            return [
                position_report(info, each) for each in POSITIONS.decode(data) if (info := self._of(each)) is not None
            ]
        if channel == "balance_and_position":
            return [event for each in _CHANGES.decode(data) for event in _of_change(each)]
        return ()

    def _of(self, data: OkxPositionData) -> InstrumentInfo | None:
        return self._instruments.get(data.inst_id)

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


def _of_change(data: OkxChangeData) -> list[PrivateEvent]:
    """Return what there is of assets that an event has changed, and that the event was funding or a transfer."""
    events: list[PrivateEvent] = [BalanceReport(balances_e8(data.balances))] if data.balances else []
    if data.event == FUNDING:
        events.append(FundingDue(data.event))
    elif data.event in TRANSFERS:
        events.append(TransferDue(data.event))
    return events


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
    for channel in ("account", "positions", "balance_and_position"):
        if f"channel:{channel}" in push.msg:
            return SubscriptionReply(channel, False, text)
    return SubscriptionReply("orders:SWAP" if "SWAP" in push.msg else "orders:SPOT", False, text)
