"""Where a backtest's market data comes from: captures, or an archive; each as recordings by market data agent.

Captures are made into the agents' logs first (`agents.backtest.market_data`), which lie in the backtest's folder and are
played from there; what an archive holds is read while it is played, so that nothing of it need fit in memory.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from agents.backtest.facts import DataFacts
from agents.backtest.market_data import Told, make_logs
from agents.instruments import InstrumentTable
from core.frame import HEADER_SIZE, unpack
from core.log import LogReader
from mesh.protocol.codec import decode
from mesh.sim.recording import LogRecording, Recording
from schemas.config import ArchiveConfig, Config, MarketDataConfig
from schemas.errors import ConfigError, UnavailableError
from schemas.streams import Kind

SAMPLE = 20_000
"""Of so many messages it is seen how far clocks differ."""
FRAME_BYTES_MAX = 1 << 26
KINDS = (Kind.TRADE, Kind.BOOK, Kind.QUOTE, Kind.MARK, Kind.BAR)


class MarketPlayed(msgspec.Struct, frozen=True):
    """What is to be played: recordings by market data agent, of which no message was taken, and what is known of them."""

    recordings: Mapping[str, Sequence[Recording]]
    data: DataFacts


class PlayedFrom(Protocol):
    """Market data for a backtest."""

    def open(self, config: Config, logs: Path, told: Told) -> MarketPlayed:
        """Return what there is for the agents of `config`; logs that are made for it lie below `logs`.

        Raises:
            CaptureError: If a capture cannot be read.
            ConfigError: If there is nothing for the configuration, or it does not say what is to be known.
            UnavailableError: If the archive does not answer.
        """
        ...

    def close(self) -> None:
        """Let go of whatever was open."""
        ...


class CaptureSource:
    """Captures, by their files; VENUE=FILE where the configuration has several venues of a capture's kind."""

    def __init__(self, captures: Sequence[str]) -> None:
        """Take the files."""
        self._captures = list(captures)

    def open(self, config: Config, logs: Path, told: Told) -> MarketPlayed:
        """Have the market data agents make their logs of the captures."""
        names = make_logs(config, self._captures, logs, told)
        return played_logs({name: logs / name / "log" for name in names}, self.data())

    def close(self) -> None:
        """Nothing is open."""

    def data(self) -> DataFacts:
        """Return which files they are, by name and hash."""
        sources = []
        whole = hashlib.sha256()
        for each in self._captures:
            path = Path(each.partition("=")[2] if "=" in each and not Path(each).exists() else each)
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            sources.append({"name": path.name, "sha256": found})
            whole.update(bytes.fromhex(found))
        return DataFacts(sources=sources, sha256=whole.hexdigest())


class ArchiveSource:
    """What an archive received from one moment on and before another."""

    def __init__(self, from_ns: int, to_ns: int, archive: str = "") -> None:
        """Take the span, in Unix time, and the name of the archive's agent, which is not needed where there is one."""
        self._from_ns = from_ns
        self._to_ns = to_ns
        self._archive = archive
        self._client: Any = None

    def open(self, config: Config, logs: Path, told: Told) -> MarketPlayed:
        """Ask the archive what it holds of the instruments of each market data agent."""
        from clickhouse_connect.driver.exceptions import ClickHouseError

        try:
            return self._open(config)
        except (ClickHouseError, OSError) as error:
            raise UnavailableError(f"the archive does not answer: {error}") from error

    def close(self) -> None:
        """Close the client."""
        if self._client is not None:
            self._client.close()

    def _open(self, config: Config) -> MarketPlayed:
        from agents.archive.database import archive_name, connect_prepared
        from agents.archive.recordings import ArchivedMarket
        from agents.archive.retention import kept_since_ns, wall_ns

        name = archive_name(config, self._archive)
        table = config.agents[name]
        assert isinstance(table, ArchiveConfig)
        self._client = connect_prepared(name, config)
        since_ns = kept_since_ns("trades", table.keep_days, wall_ns(self._client))
        from_ns = max(self._from_ns, since_ns)
        market = ArchivedMarket(self._client, table.database, from_ns=from_ns, to_ns=self._to_ns)
        infos = InstrumentTable(config).by_symbol
        found: dict[str, list[Recording]] = {}
        clocks: dict[str, int] = {}
        runs = []
        for agent, own in config.agents.items():
            if not isinstance(own, MarketDataConfig):
                continue
            instruments = [infos[own.venue, symbol] for symbol in own.instruments]
            recordings = market.recordings(instruments, sender=own.id)
            if recordings:
                found[agent] = recordings
                clocks[agent] = clock_ahead_ns(market.recordings(instruments, sender=own.id))
                runs += [(each, kind, run) for each in instruments for kind in KINDS for run in market.runs(each, kind)]
        if not found:
            raise ConfigError(f"agents.{name}: the archive holds nothing of any instrument in that time")
        last_ns = max(run.last_ns for _, _, run in runs)
        held = [(info.id, int(kind), *run[2:]) for info, kind, run in runs]
        sha256 = hashlib.sha256(msgspec.json.encode(held, order="deterministic")).hexdigest()
        span = f"{table.database} {self._from_ns}..{self._to_ns}"
        sources = [{"name": f"archive {span}", "sha256": sha256}]
        return MarketPlayed(found, DataFacts(sources=sources, sha256=sha256, last_ns=last_ns, clock_ahead_ns=clocks))


def played_logs(paths: Mapping[str, Path], data: DataFacts) -> MarketPlayed:
    """Return the logs of market data agents, by name, as what is to be played; `data` says where they are from."""
    found = {name: [LogRecording(str(path))] for name, path in paths.items()}
    clocks = {name: clock_ahead_ns([LogRecording(str(path))]) for name, path in paths.items()}
    last_ns = max(_last_ns(path) for path in paths.values())
    return MarketPlayed(found, msgspec.structs.replace(data, last_ns=last_ns, clock_ahead_ns=clocks))


def clock_ahead_ns(recordings: Iterable[Recording]) -> int:
    """Return what a venue's clock showed more than the one that its messages were received by, 0 if it did not.

    It is told by the message that was received soonest: none is received before it was sent. The recordings are used up.
    """
    ahead_ns = 0
    for recording in recordings:
        left = SAMPLE
        while left and recording.step():
            event_ns = getattr(recording.message, "ts_event_ns", 0)
            if event_ns:
                ahead_ns = max(ahead_ns, event_ns - recording.wall_ns)
            left -= 1
    return ahead_ns


def _last_ns(path: Path) -> int:
    """Return when the last message of a log was received."""
    log, last_ns = LogReader(str(path)), 0
    for stream, (epoch, seq) in log.streams().items():
        for frame in log.read(stream, epoch, seq - 1, count_max=1, bytes_max=FRAME_BYTES_MAX):
            message = decode(unpack(frame).type, frame[HEADER_SIZE:])
            last_ns = max(last_ns, getattr(message, "ts_recv_ns", 0))
    log.close()
    return last_ns
