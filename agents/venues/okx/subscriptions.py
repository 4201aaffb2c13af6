"""Subscribing at OKX: some arguments in one message, and an answer to each of them.

A request is through when each of its arguments was acknowledged. What is wrong with one is said in an error that names it
in its text, and the request's `id` where the venue repeats that. A message may have 64 KB, and a connection 480 requests an
hour, so there are many arguments in one.

Source: OKX v5 docs, websocket, subscribe.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import field

from agents.venues.base import DECODE_ERRORS, Heartbeat, StreamRequest
from agents.venues.okx.frame_data import OkxArgData
from agents.venues.reports import SubscriptionReply

ARGS_MAX = 400
"""Arguments of one message: none has more than 100 characters."""
HEARTBEAT = Heartbeat(ping="ping", pong=b"pong", interval_ms=20_000, asked=b"ping", answer="pong")
"""The venue cuts a connection on which nothing came for 30 s, and asks for a pong itself."""
LASTING = {"60011", "60012", "60013", "60018", "60029", "64003"}
"""Codes of requests that will not be taken later either: not for us, malformed, or of a channel that there is not."""
UPGRADE = "64008"
"""Code of the notice that a connection ends in a minute."""


class OkxEventData(msgspec.Struct):
    """A frame that is of no channel: an answer, or a notice."""

    event: str = ""
    arg: OkxArgData = OkxArgData()
    code: str = ""
    msg: str = ""
    id: str = ""
    connection_id: str = field(name="connId", default="")


_EVENT = msgspec.json.Decoder(OkxEventData)


def event_of(frame: bytes) -> OkxEventData | None:
    """Return the event that a frame tells, None if it tells none."""
    try:
        event = _EVENT.decode(frame)
    except DECODE_ERRORS:
        return None
    return event if event.event else None


def announces_upgrade(frame: bytes) -> bool:
    """Return whether a frame says that the service is upgraded, which ends the connection in a minute."""
    event = event_of(frame)
    return event is not None and event.event == "notice" and event.code == UPGRADE


class OkxSubscriptions:
    """The requests for some channels (`CHANNEL:INSTRUMENT`), and which of their arguments are not acknowledged yet."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        """Ask for the channels of each connection in this order."""
        batches = [(connection, batch) for connection, own in names.items() for batch in _batches(own)]
        self._batches = {f"sub{number}": each for number, each in enumerate(batches, 1)}
        self._waiting: dict[str, set[str]] = {}

    def requests(self, connection: str) -> list[StreamRequest]:
        """Return what subscribes all channels of a connection, from now on unacknowledged."""
        own = {request: names for request, (name, names) in self._batches.items() if name == connection}
        self._waiting |= {request: set(names) for request, names in own.items()}
        return [StreamRequest(request, message("subscribe", names, request)) for request, names in own.items()]

    def again(self, request: StreamRequest) -> StreamRequest:
        """Return a request for those of its arguments that are not acknowledged."""
        waiting = self._waiting.get(request.id, set())
        names = [name for name in self._batches[request.id][1] if name in waiting]
        return StreamRequest(request.id, message("subscribe", names, request.id)) if names else request

    def reply_of(self, frame: bytes) -> SubscriptionReply | None:
        """Return what an answer says of its request; None if the frame is no answer.

        That one argument of several is through says nothing yet, and is told of a request that nobody waits for.
        """
        event = event_of(frame)
        if event is None or event.event not in ("subscribe", "unsubscribe", "error"):
            return None
        if event.event == "error":
            text = f"{event.code} {event.msg}"
            return SubscriptionReply(self._request_of(event), False, text, lasting=event.code in LASTING)
        name = f"{event.arg.channel}:{event.arg.inst_id}"
        if event.event == "subscribe":
            for request, names in self._waiting.items():
                if name in names:
                    names.discard(name)
                    return SubscriptionReply(name if names else request, True)
        return SubscriptionReply(name, True)

    def _request_of(self, event: OkxEventData) -> str:
        """Return the request that an error is about, as far as it says; the first that waits if it does not."""
        if event.id in self._waiting:
            return event.id
        for request, names in self._waiting.items():
            for name in names:
                channel, _, instrument = name.partition(":")
                if channel in event.msg and instrument in event.msg:
                    return request
        return next((request for request, names in self._waiting.items() if names), "")


def message(op: str, names: Sequence[str], request: str = "") -> Mapping[str, Any]:
    """Return the message that subscribes channels or the like."""
    pairs = [name.partition(":") for name in names]
    args = [{"channel": channel, "instId": instrument} for channel, _, instrument in pairs]
    return {"id": request, "op": op, "args": args} if request else {"op": op, "args": args}


def _batches(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[first : first + ARGS_MAX] for first in range(0, len(names), ARGS_MAX)]
