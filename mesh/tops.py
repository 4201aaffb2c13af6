"""Best bid and ask of every instrument, asked of market data as a subscriber would ask for a snapshot."""

from collections.abc import Iterator

from core.decimals import Scale
from core.frame import HEADER_SIZE, unpack
from mesh.client import Client
from mesh.codec import decode
from schemas.config import Config, MarketDataConfig
from schemas.messages import Message, Quote, SnapshotAnswer, SnapshotRequest
from schemas.streams import Kind, stream_id

ANSWER_S_MAX = 0.3
TICKER = "bookTicker"


class Tops:
    """Asks for quotes and tells them as prices."""

    def __init__(self, config: Config, client: Client) -> None:
        """Find who publishes the quotes of which instrument."""
        self._client = client
        self._quotes = list(_quotes(config))

    def best(self) -> dict[str, tuple[str, str]]:
        """Return bid and ask by symbol, empty where they are not known now; blocks until market data answers."""
        found: dict[str, tuple[str, str]] = {}
        for name, stream, symbol, scale in self._quotes:
            answers = self._client.ask({name: SnapshotRequest(stream)}, ANSWER_S_MAX)
            quote = _quote(answers.get(name))
            found[symbol] = (scale.format(quote.bid_ticks), scale.format(quote.ask_ticks)) if quote else ("", "")
        return found


def _quotes(config: Config) -> Iterator[tuple[str, int, str, Scale]]:
    """Yield publisher, stream, symbol and price scale of each instrument that has quotes."""
    venues = {venue.name: venue.id for venue in config.venues}
    instruments = {(each.venue, each.symbol): each for each in config.instruments}
    for name, table in config.agents.items():
        if isinstance(table, MarketDataConfig):
            for symbol in table.instruments:
                each = instruments[table.venue, symbol]
                if any(TICKER in feed for feed in each.feeds):
                    stream = stream_id(Kind.QUOTE, venues[table.venue], each.id)
                    yield name, stream, symbol, Scale(each.tick_size)


def _quote(answer: Message | None) -> Quote | None:
    if not isinstance(answer, SnapshotAnswer) or not answer.frame:
        return None
    message = decode(unpack(answer.frame).type, memoryview(answer.frame)[HEADER_SIZE:])
    return message if isinstance(message, Quote) else None
