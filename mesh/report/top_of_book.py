"""Best bid and ask of every instrument, asked of market data as a subscriber would ask for a snapshot.

The best quote is asked for first, it is small; where there is none, the book.
"""

from collections.abc import Iterable, Iterator

import msgspec

from core.decimals import Scale, unpack_levels
from core.frame import HEADER_SIZE, unpack
from mesh.protocol.codec import decode
from mesh.transport.client import Client
from schemas.config import Config, MarketDataConfig
from schemas.markets import feed_stream, feeds_of
from schemas.messages import BookSnapshot, Message, Quote, SnapshotAnswer, SnapshotRequest
from schemas.streams import Kind, stream_id
from schemas.venue_config import instrument_names

ANSWER_S_MAX = 0.3
SOURCES = (Kind.QUOTE, Kind.BOOK)
"""Streams that tell the best bid and ask, in the order in which they are asked for."""

NOT_KNOWN = ("", "")


class _Instrument(msgspec.Struct, frozen=True):
    """One instrument: who publishes it, in which of `SOURCES`, and how its prices are told."""

    name: str
    publisher: str
    streams: tuple[int, ...]
    scale: Scale


class Tops:
    """Asks for quotes and books, and tells them as prices."""

    def __init__(self, config: Config, client: Client) -> None:
        """Find who publishes the best bid and ask of which instrument."""
        self._client = client
        self._instruments = list(_instruments(config))
        self.last: dict[str, tuple[str, str]] = {}
        """By instrument, the last bid and ask that were known."""

    def best(self) -> dict[str, tuple[str, str]]:
        """Return bid and ask by instrument, empty where they are not known now; blocks until market data answers."""
        found = {each.name: self._best(each) for each in self._instruments}
        self.last |= {name: top for name, top in found.items() if top != NOT_KNOWN}
        return found

    def last_known(self) -> dict[str, tuple[str, str]]:
        """Return the last bid and ask by instrument, empty where they were never known."""
        return {each.name: self.last.get(each.name, NOT_KNOWN) for each in self._instruments}

    def _best(self, each: _Instrument) -> tuple[str, str]:
        for stream in each.streams:
            answer = self._client.ask({each.publisher: SnapshotRequest(stream)}, ANSWER_S_MAX).get(each.publisher)
            if answer is None:
                break
            ticks = _best_ticks(answer)
            if any(ticks):
                bid, ask = [each.scale.format(price) if price else "" for price in ticks]
                return bid, ask
        return NOT_KNOWN


def _instruments(config: Config) -> Iterator[_Instrument]:
    """Yield each instrument with a feed of its best bid and ask."""
    venues = {venue.name: venue for venue in config.venues}
    instruments = {(each.venue, each.symbol): each for each in config.instruments}
    names = instrument_names(config.instruments)
    for name, table in config.agents.items():
        if isinstance(table, MarketDataConfig):
            for symbol in table.instruments:
                each = instruments[table.venue, symbol]
                kinds = {feed_stream(feed) for feed in feeds_of(each.feeds, venues[table.venue].kind, each.category)}
                streams = tuple(stream_id(kind, venues[table.venue].id, each.id) for kind in SOURCES if kind in kinds)
                if streams:
                    yield _Instrument(names[each.id], name, streams, Scale(each.tick_size))


def _best_ticks(answer: Message) -> tuple[int, int]:
    """Return best bid and ask in an answer, 0 where it tells none."""
    if not isinstance(answer, SnapshotAnswer) or not answer.frame:
        return 0, 0
    message = decode(unpack(answer.frame).type, memoryview(answer.frame)[HEADER_SIZE:])
    if isinstance(message, Quote):
        return message.bid_ticks, message.ask_ticks
    if isinstance(message, BookSnapshot):
        return max(_prices(message.bids), default=0), min(_prices(message.asks), default=0)
    return 0, 0


def _prices(levels: bytes) -> Iterable[int]:
    return [price for price, qty in unpack_levels(levels) if qty]
