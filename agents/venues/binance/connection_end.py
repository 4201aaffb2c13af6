"""When Binance ends a connection: each after a day, and one whose server shuts down a while after it says so.

It promises no time between the announcement and the end. The event stands alone (`{"e":"serverShutdown","E":...}`), in a
combined stream as its data (`{"stream":"!serverShutdown","data":{...}}`), and on the websocket API as its event.

Source: binance-spot-api-docs web-socket-streams.md and web-socket-api.md, connection events; derivatives docs, connect.
"""

import msgspec
from msgspec import field

from agents.venues.base import DECODE_ERRORS

CONNECTION_LIFE_MS = 24 * 3_600_000
SERVER_SHUTDOWN = "serverShutdown"


class _Named(msgspec.Struct, frozen=True):
    name: str = field(name="e", default="")


class _Notice(_Named, frozen=True):
    data: _Named = _Named()
    event: _Named = _Named()


_DECODER = msgspec.json.Decoder(_Notice)


def announces_end(frame: bytes) -> bool:
    """Return whether a frame, whatever it is, says that the server of its connection shuts down."""
    try:
        notice = _DECODER.decode(frame)
    except DECODE_ERRORS:
        return False
    return SERVER_SHUTDOWN in (notice.name, notice.data.name, notice.event.name)
