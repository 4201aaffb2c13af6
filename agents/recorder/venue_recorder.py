"""One venue, recorded: takes what its shell delivers, writes each frame with its time before anything reads it, and has the
rest asked for that a file needs.

Times never go back, even where the clock does, so that the order of a file is that of its times. A frame that is taken from
the second of two connections after the first had ended has the time of that moment; as it came it stands as `overlap`. What
keeps a websocket open (pings and their answers) is the shell's, and is not recorded.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from agents.market_data.feeds import SPARE
from agents.market_data.rest_calls import RestCalls
from agents.market_data.subscriptions import SUBSCRIBE, Subscriptions
from agents.recorder.book_snapshots import SNAPSHOT, BookSnapshots
from agents.recorder.connections import LIFE, WINDOW, RecordedConnections, RecordedLine
from agents.recorder.lines import answer_line, close_line, connect_line, frame_line, head, header_line
from agents.recorder.loop_context import LoopContext
from agents.venues.base import Channel
from agents.venues.market_port import FrameReader, MarketFeeds
from agents.venues.signing import Signer
from mesh.agent_io import Shell
from mesh.context import CallOutcome, VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.counters import Counter
from schemas.units import SECOND

PROBE = "*"
"""Ends the name of a connection that is opened for the snapshots in the stream with which a file begins."""
PROBE_NS = 30 * SECOND
PROBE_END = "probe:"
LISTING = "listing"
LISTING_AGAIN_NS = 10 * SECOND

_encode = msgspec.json.Encoder().encode


class Write(Protocol):
    """Takes a line for the open file; `fills` says whether it counts for how full that is."""

    def __call__(self, line: bytes, fills: bool = True) -> None:
        """Take it."""
        ...


class _Wire:
    """One connection: how its lines begin, and what names its channels."""

    def __init__(self, connection: str, line: RecordedLine, reader: FrameReader) -> None:
        self.connection = connection
        self.line = line
        self.reader = reader
        self.received = head("recv", connection)
        self.overlap = head("overlap", connection)
        self.snapshot = head("snapshot", connection)
        self.by_name = {channel.name.encode(): channel for channel in line.channels}
        self.is_up = False


class VenueRecorder:
    """Implements `mesh.agent_io.Inputs` for the shell of one venue."""

    def __init__(
        self,
        venue: VenueConfig,
        feeds: MarketFeeds,
        signer: Signer,
        shell: Shell,
        depth: int,
    ) -> None:
        """Record all of `feeds`, asking for `depth` levels of a book; nothing is opened before `start`."""
        self.venue = venue
        self._feeds = feeds
        self._signer = signer
        self._shell = shell
        self._calls = RestCalls(feeds)
        self._subscriptions = Subscriptions(feeds)
        life_ms = venue.connection_life_ms or feeds.connection_life_ms
        self._connections = RecordedConnections(feeds, self._subscriptions, life_ms)
        self._books = BookSnapshots(feeds, self._calls, depth, self._on_answer)
        self._wires: dict[str, _Wire] = {}
        for line in self._connections.lines.values():
            for name in (line.name, line.name + SPARE, line.name + PROBE):
                self._wires[name] = _Wire(name, line, feeds.reader(line.channels[0]))
        self._probed: dict[str, set[int]] = {}
        """By connection that is open for snapshots, the streams whose snapshot has not come."""
        self._last_ns = 0
        self._whole_listing = False
        self.frames = 0
        """Frames recorded since the start."""
        self.reconnects = 0
        self.trouble = ""
        """Why a connection is down, empty if none is."""

    async def start(self, write: Write) -> None:
        """Open the connections; lines are handed to `write`, which began a file with `opening`."""
        self._write = write
        self.ctx = LoopContext(self.venue.name, self._shell, self._on_timer, self._on_send)
        self._calls.bind(self.ctx)
        await self._shell.start(self)
        self._ask_listing()
        self._books.begin(self.ctx, self._connections.lines)
        self._connections.begin(self.ctx)

    async def stop(self) -> None:
        """Close the connections; nothing is written afterwards."""
        self.ctx.close()
        await self._shell.stop()

    def opening(self) -> bytes:
        """Return the first lines of a file: what is recorded, and the connections that are up."""
        ts_ns = self._stamp()
        streams = [f"{channel.connection}:{channel.name}" for channel in self._feeds.channels]
        up = [wire for wire in self._wires.values() if wire.is_up]
        return b"".join(
            [
                header_line(ts_ns, self.venue.kind, self.venue.name, streams),
                *(connect_line(ts_ns, wire.connection, wire.line.url) for wire in up),
            ]
        )

    def file_begun(self) -> None:
        """Have what a file needs that begins in the middle of the streams: listings, and snapshots of books."""
        self.ctx.tick()
        self._ask_listing()
        up = [line for line in self._connections.lines.values() if line.is_up]
        self._books.begin(self.ctx, [line.name for line in up])
        for line in up:
            streams = {channel.stream for channel in self._books.in_stream(line.name)}
            if streams:
                self._probed[line.name + PROBE] = streams
                self.ctx.open_socket(line.name + PROBE, line.url)
                self.ctx.set_timer(PROBE_END + line.name + PROBE, self.ctx.now_ns + PROBE_NS)

    def status(self) -> str:
        """Return how it is, for a person: connections, frames, and what is missing."""
        lines = self._connections.lines.values()
        found = [
            f"{sum(line.is_up for line in lines)}/{len(lines)} connections",
            f"{self.frames} frames",
            f"{self.reconnects} reconnects",
        ]
        if self._books.missing:
            found.append(f"no snapshot yet of {', '.join(self._books.missing)}")
        found += [f"{counter.value} {count}" for counter, count in sorted(self.ctx.counts.items())]
        return ", ".join(found) + (f" ({self.trouble})" if self.trouble else "")

    # What the shell delivers

    def frame_received(self, connection: str, frame: bytes) -> None:
        """Write a frame, then look at it if there is anything to be learnt from it."""
        wire = self._wires[connection]
        line = wire.line
        name = wire.reader.channel_name(frame)
        channel = None if name is None else wire.by_name.get(name)
        if channel is not None and connection == line.current and not line.takeovers and not self._books.wanted:
            self.frames += 1
            self._write(frame_line(wire.received, self._stamp(), frame))
            return
        self.ctx.tick()
        channel = channel or self._feeds.channel_of(line.name, frame)
        if channel is None:
            self._write(frame_line(wire.received, self._stamp(), frame))
            self._on_other(connection, frame)
        elif connection.endswith(PROBE):
            self._on_probe(wire, channel, frame)
        else:
            self._on_channel(wire, channel, frame)

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        """Write it, and begin anew what comes over the connection."""
        self.ctx.tick()
        wire = self._wires[connection]
        line = wire.line
        if up:
            self._write(connect_line(self._stamp(), connection, line.url))
        elif wire.is_up:
            self._write(close_line(self._stamp(), connection, reason))
            self.reconnects += 1
        wire.is_up = up
        if connection.endswith(PROBE):
            self._subscriptions.begin(self.ctx, line.name, connection, up)
            return
        self._record(line, self._connections.on_socket(connection, up))
        self.trouble = "" if up else f"{connection}: {reason}"
        if up and connection == line.current:
            self._books.begin(self.ctx, [line.name])

    def venue_replied(self, reply: VenueReply) -> None:
        """Hand the end of a REST call to who made it."""
        self.ctx.tick()
        self._calls.on_reply(reply)

    # Inside

    def _stamp(self) -> int:
        now_ns = time.time_ns()
        if now_ns < self._last_ns:
            return self._last_ns
        self._last_ns = now_ns
        return now_ns

    def _on_channel(self, wire: _Wire, channel: Channel, frame: bytes) -> None:
        line = wire.line
        if wire.connection != line.current:
            self._write(frame_line(wire.overlap, self._stamp(), frame))
            if wire.connection != line.spare:
                # It was closed, and this was on its way.
                return
        if line.takeovers:
            self._record(line, self._connections.on_frame(line, wire.connection, channel, frame))
        else:
            self._record(line, [frame])
        if self._books.wanted and wire.connection == line.current:
            self._books.on_frame(channel, frame)

    def _record(self, line: RecordedLine, frames: Sequence[bytes]) -> None:
        received = self._wires[line.current].received
        for frame in frames:
            self.frames += 1
            self._write(frame_line(received, self._stamp(), frame))

    def _on_other(self, connection: str, frame: bytes) -> None:
        reply = self._feeds.reply_of(frame)
        if reply is not None:
            self._subscriptions.on_reply(self.ctx, connection, reply)
        elif self._feeds.ends_soon(frame) and not connection.endswith(PROBE):
            self._connections.on_announced(connection)

    def _on_probe(self, wire: _Wire, channel: Channel, frame: bytes) -> None:
        """Take the snapshot of a book: the first frame of its stream. What else comes there came elsewhere too."""
        missing = self._probed.get(wire.connection, set())
        if channel.stream in missing:
            missing.discard(channel.stream)
            self._write(frame_line(wire.snapshot, self._stamp(), frame), fills=False)
            if not missing:
                self._end_probe(wire.connection)

    def _end_probe(self, connection: str) -> None:
        if self._probed.pop(connection, None):
            self.ctx.count(Counter.SNAPSHOT_FAILED)
        self.ctx.cancel_timer(PROBE_END + connection)
        self.ctx.close_socket(connection)
        self._subscriptions.begin(self.ctx, connection.removesuffix(PROBE), connection, False)
        self.ctx.cancel_timer(SUBSCRIBE + connection)
        if self._wires[connection].is_up:
            self._wires[connection].is_up = False
            self._write(close_line(self._stamp(), connection, "snapshots are there"))

    def _on_send(self, connection: str, message: Mapping[str, Any]) -> None:
        self._write(frame_line(head("send", connection), self._stamp(), _encode(message)))

    def _on_timer(self, name: str) -> None:
        if name == LISTING:
            self._ask_listing()
        elif name.startswith(SUBSCRIBE):
            self._subscriptions.on_timer(self.ctx, name)
        elif name.startswith(SNAPSHOT):
            self._books.on_timer(name)
        elif name.startswith(PROBE_END):
            self._end_probe(name.removeprefix(PROBE_END))
        else:
            assert name.startswith((LIFE, WINDOW)), name
            line = self._connections.line(name.partition(":")[2])
            self._record(line, self._connections.on_timer(name))

    def _ask_listing(self) -> None:
        if self._calls.may_call(LISTING):
            for call in self._feeds.listing_calls(whole=self._whole_listing):
                self._calls.make(call, self._on_listing)

    def _on_listing(self, reply: VenueReply) -> None:
        if reply.outcome == CallOutcome.ANSWERED and reply.status == 200:
            self._on_answer(reply)
            return
        self._whole_listing = self._whole_listing or reply.status == 400
        self.ctx.count(Counter.LISTING_FAILED)
        self.ctx.set_timer(LISTING, self.ctx.now_ns + LISTING_AGAIN_NS)

    def _on_answer(self, reply: VenueReply) -> None:
        self._write(answer_line(self._stamp(), self._url(reply.call), reply.body), fills=False)

    def _url(self, call: VenueCall) -> str:
        request = self._signer.request(call)
        assert request is not None, "a call that was answered was made"
        return request.url
