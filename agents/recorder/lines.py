"""The lines of a recording: one JSON object each, `t` first, as cryptofeed 3 writes them.

`header` opens a file, `connect` and `close` tell of connections, `send` of what was sent, `recv` is a frame, `http` the
answer to a REST call. Three kinds are ours and are left out by readers that do not know them: `binary`, a frame that is no
text, in base64; `overlap`, a frame of the second of two connections to one address, as it came (if its stream goes over to
that connection with it, it stands as `recv` too); and `snapshot`, a frame with a whole book that was asked for so that the
file can be played alone. `data` is the text that was received, byte for byte once it is decoded; `ts` is in seconds.
"""

import base64
from collections.abc import Sequence

import msgspec

from schemas.units import SECOND

_encode = msgspec.json.Encoder().encode


def head(kind: str, connection: str) -> bytes:
    """Return how each frame's line of a kind begins on a connection; `frame_line` goes on from there."""
    return b'{"t":%s,"conn":%s,"ts":' % (_encode(kind), _encode(connection))


def frame_line(head: bytes, ts_ns: int, frame: bytes) -> bytes:
    """Return the line of a frame received at `ts_ns`, Unix time."""
    try:
        data = _encode(frame.decode())
    except UnicodeDecodeError:
        head = head.replace(b'{"t":"recv"', b'{"t":"binary"', 1)
        data = _encode(base64.b64encode(frame).decode())
    return b'%s%d.%09d,"data":%s}\n' % (head, ts_ns // SECOND, ts_ns % SECOND, data)


def header_line(ts_ns: int, kind: str, venue: str, streams: Sequence[str]) -> bytes:
    """Return the first line of a file."""
    return b'{"t":"header","format":2,"exchange":%s,"venue":%s,"streams":%s,"recorded":%s,"by":"tickmesh"}\n' % (
        _encode(kind),
        _encode(venue),
        _encode(list(streams)),
        _seconds(ts_ns),
    )


def connect_line(ts_ns: int, connection: str, url: str) -> bytes:
    """Return the line of a connection that is up; of one that was before, at the head of a file."""
    return b'{"t":"connect","conn":%s,"ts":%s,"addr":%s}\n' % (_encode(connection), _seconds(ts_ns), _encode(url))


def close_line(ts_ns: int, connection: str, reason: str) -> bytes:
    """Return the line of a connection that ended."""
    return b'{"t":"close","conn":%s,"ts":%s,"data":%s}\n' % (_encode(connection), _seconds(ts_ns), _encode(reason))


def answer_line(ts_ns: int, url: str, body: bytes) -> bytes:
    """Return the line of a REST answer; what of it is no text is replaced, as no answer of a venue should be."""
    text = body.decode(errors="replace")
    return b'{"t":"http","conn":"http","ts":%s,"url":%s,"data":%s}\n' % (_seconds(ts_ns), _encode(url), _encode(text))


def _seconds(ts_ns: int) -> bytes:
    return b"%d.%09d" % (ts_ns // SECOND, ts_ns % SECOND)
