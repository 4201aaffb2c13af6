"""A venue's frame to its normalised message, logged and published: the real market-data agent and engine, in process.

Each frame goes in as the websocket delivers it and comes out on a PUB socket, with everything between: which feed it is of,
decode, ticks and lots, the book and its rules, encode, number, log, send. Beside it, on the same text, what ccxt.pro and
cryptofeed take to make their own objects of it: no log and no publication (`bench.peers.market_readers`). `_read` is our
own part of that alone, frame to message, for whoever compares like with like.
"""

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic_ns, time_ns

from agents.instruments import InstrumentTable
from agents.venues.adapters import ADAPTERS
from bench.desk import VENUE, market_config
from bench.engines import SilentVenue, driven
from bench.measure import PARTS, time_each_ns
from bench.peers.market_readers import LIBRARIES, NotReadError, Reader
from bench.scenario import Bench
from bench.venue_samples import KINDS, SYMBOL, Kind
from mesh.agent import CallOutcome, VenueCall, VenueReply
from schemas.config import InstrumentConfig
from schemas.figures import MarketDataFigures

NAME = "venue_frames"
TITLE = "Venue frames"
WEIGHT = 1.4
SNAPSHOTS = {
    "binance_spot": b'{"lastUpdateId":0,"bids":[["49999.00","1.0"]],"asks":[["50001.00","1.0"]]}',
    "binance_usdm": b'{"lastUpdateId":0,"E":1,"T":1,"bids":[["64000.00","1.0"]],"asks":[["66000.00","1.0"]]}',
}


def run(bench: Bench) -> None:
    """Measure."""
    n = bench.settings.n(11_000, 1_100, 22)
    kinds = KINDS[:: bench.settings.n(1, 1, 5)]
    theirs = peer_cases(bench, kinds, n)
    cases: dict[str, Callable[[], float]] = {}
    for kind in kinds:
        # What is held against each other runs after each other.
        frames = kind.frames(n)
        cases[kind.key] = partial(ours, bench, kind, frames)
        cases[f"{kind.key}_read"] = partial(ours_read, bench, kind, frames)
        cases |= {name: case for name, case in theirs.items() if name.rpartition("_")[0] == kind.key}
    with bench.on_cpu():
        found = bench.rounds(cases)
    for name, rounds in found.items():
        bench.figure(name, "us", rounds, source="peer" if name in theirs else "tickmesh")


def ours(bench: Bench, kind: Kind, frames: list[bytes]) -> float:
    """Return microseconds per frame."""
    with bench.folder() as folder:
        venue = AskedVenue()
        config = market_config(folder, kind.venue, [_instrument(kind)])
        with driven("md", config, folder, venue=venue) as market:
            engine, ring = market.engine, market.carrier.doorbells.ring
            (connection,) = venue.opened
            engine.socket_changed(connection, True, "", monotonic_ns(), time_ns())
            take = engine.frame_received

            def turn(frame: bytes) -> None:
                take(connection, frame, monotonic_ns(), time_ns())
                ring()

            for frame in kind.before():
                turn(frame)
            if kind.venue in SNAPSHOTS and kind.feed.startswith("depth"):
                turn(kind.frame(1))
                for call_id, call in venue.asked:
                    if call.path.endswith("/depth"):
                        answer = VenueReply(call_id, call, CallOutcome.ANSWERED, 200, SNAPSHOTS[kind.venue])
                        engine.venue_replied(answer, monotonic_ns(), time_ns())
                frames = frames[1:]
            found = time_each_ns(turn, frames) / 1e3
            figures = market.agent.figures()
            assert isinstance(figures, MarketDataFigures)
            if set(figures.feeds.values()) != {"LIVE"} or figures.ticks.published < len(frames) // PARTS * PARTS:
                raise RuntimeError(f"the frames of {kind.key} were not published: {figures.feeds}, {figures.ticks}")
            return found


def ours_read(bench: Bench, kind: Kind, frames: list[bytes]) -> float:
    """Return microseconds per frame of the venue's frame reader alone."""
    with bench.folder() as folder:
        config = market_config(folder, kind.venue, [_instrument(kind)])
        feeds = ADAPTERS[kind.venue].feeds(config.venues[0], list(InstrumentTable(config).by_id.values()))
    channel = feeds.channel(frames[0])
    assert channel is not None
    read = feeds.reader(channel).read
    for frame in kind.before():
        read(frame, 1)
    if read(frames[0], 1) is None:
        raise RuntimeError(f"the frames of {kind.key} are not read in their usual layout")
    return time_each_ns(lambda frame: read(frame, 1), frames) / 1e3


class AskedVenue(SilentVenue):
    """Notes what is opened and called."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.opened: list[str] = []
        self.asked: list[tuple[int, VenueCall]] = []

    def open_socket(self, connection: str, url: str) -> None:
        """Note the connection."""
        self.opened.append(connection)

    def call(self, call_id: int, call: VenueCall) -> None:
        """Note the call."""
        self.asked.append((call_id, call))


def _instrument(kind: Kind) -> InstrumentConfig:
    swap = kind.category == "linear"
    okx = "BTC-USDT-SWAP" if swap else "BTC-USDT"
    return InstrumentConfig(
        id=1,
        venue=VENUE,
        symbol=okx if kind.venue == "okx" else SYMBOL,
        category="" if kind.venue.startswith("binance") else kind.category,
        base="BTC",
        quote="USDT",
        tick_size=kind.tick_size,
        lot_size=kind.lot_size,
        feeds=(kind.feed,),
    )


def peer_cases(bench: Bench, kinds: Sequence[Kind], n: int) -> dict[str, Callable[[], float]]:
    """Return what each library takes for each kind that it has a handler for."""
    cases: dict[str, Callable[[], float]] = {}
    for library in LIBRARIES:
        for kind in kinds:
            try:
                library.reader(kind)
            except ImportError as error:
                bench.skip(f"{library.name}: {error}")
                break
            except NotReadError as error:
                bench.skip(str(error))
                continue
            cases[f"{kind.key}_{library.name}"] = partial(_theirs, library.reader, kind, kind.frames(n))
    return cases


def _theirs(make: Callable[[Kind], Reader], kind: Kind, frames: list[bytes]) -> float:
    read = make(kind)
    for frame in kind.before():
        read(frame)
    return time_each_ns(read, frames) / 1e3
