"""The market of a run: the logs of its market data agents, or the captures or the archive that are named instead.

A real venue's messages happened at the venue's time, which its clock tells. A paper venue is on the same host: what it sent
was received at once, and a capture that it played has times of another day; so its messages happened when they were
received.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from agents.backtest.facts import DataFacts
from agents.backtest.sources import ArchiveSource, CaptureSource, MarketPlayed, PlayedFrom, played_logs
from mesh.sim.recording import LogRecording, Recording
from schemas.config import Config, MarketDataConfig, PaperConfig
from schemas.errors import CaptureError, ConfigError

AT_RECEIPT_NS = -(1 << 61)
"""Of a clock that is so far behind, everything happened when it was received, and nothing later."""
RESULT = "result.json"
"""A backtest leaves it in its folder."""


class RunMarket(msgspec.Struct, frozen=True):
    """The market of a run, to be played any number of times.

    `clocks_ns` is by market data agent, and `account_clocks_ns` by venue, what the venue's clock shows more than ours: in
    messages of the market, and in what it tells of orders. `text` says where it is from.
    """

    open: Callable[[], Mapping[str, Sequence[Recording]]]
    clocks_ns: dict[str, int]
    account_clocks_ns: dict[str, int]
    last_ns: int
    text: str


def market_of_run(config: Config, folder: Path, logs: Path, source: PlayedFrom | None, out: Path) -> RunMarket:
    """Return the market of the run in `folder`, with its logs below `logs`; of a `source`, if that is not there.

    What is made of captures goes to `out`.

    Raises:
        CaptureError: If there is none, or a capture cannot be read.
        ConfigError: If the configuration does not fit the source.
        UnavailableError: If an archive does not answer.
    """
    tested = (folder / RESULT).is_file()
    if source is None:
        paths = _paths(config, logs)
        played = played_logs(paths, DataFacts(sources=[], sha256=""))
        text = "the logs of " + ", ".join(paths)
        return _market(config, played, lambda: {n: [LogRecording(str(p))] for n, p in paths.items()}, text, tested)
    played = source.open(config, out / "market", _untold)
    text = ", ".join(each["name"] for each in played.data.sources)
    if isinstance(source, CaptureSource):
        made = {name: out / "market" / name / "log" for name in played.recordings}
        return _market(config, played, lambda: {n: [LogRecording(str(p))] for n, p in made.items()}, text, tested)
    return _market(config, played, lambda: _opened(config, source, out), text, tested)


def archive_of_run(config: Config, folder: Path, logs: Path) -> ArchiveSource | None:
    """Return what the archive holds of the time of a backtest that was played from it; None of any other run.

    Raises:
        ConfigError: If the result of the backtest cannot be read.
    """
    if not (folder / RESULT).is_file() or any((logs / name).is_dir() for name in _market_data(config)):
        return None
    try:
        data = msgspec.json.decode((folder / RESULT).read_bytes(), type=_Tested).data
    except msgspec.DecodeError as error:
        raise ConfigError(f"{folder / RESULT}: {error}") from error
    if data is None or not all(each["name"].startswith("archive ") for each in data.sources):
        return None
    return ArchiveSource(data.first_ns, data.last_ns + 1)


class _Tested(msgspec.Struct, frozen=True):
    """What is read of the result of a backtest."""

    data: DataFacts | None = None


def _opened(config: Config, source: PlayedFrom, out: Path) -> Mapping[str, Sequence[Recording]]:
    source.close()
    return source.open(config, out / "market", _untold).recordings


def _market(
    config: Config,
    played: MarketPlayed,
    recordings: Callable[[], Mapping[str, Sequence[Recording]]],
    text: str,
    tested: bool,
) -> RunMarket:
    papers = {each.venue for each in config.agents.values() if isinstance(each, PaperConfig)}
    clocks, accounts = dict(played.data.clock_ahead_ns), {venue.name: 0 for venue in config.venues}
    for name in clocks:
        table = config.agents[name]
        assert isinstance(table, MarketDataConfig), "market data is what is recorded"
        if tested:
            # Its orders were stamped by the clock of the recorder.
            continue
        if table.venue in papers:
            clocks[name] = AT_RECEIPT_NS
        else:
            accounts[table.venue] = clocks[name]
    return RunMarket(recordings, clocks, accounts, played.data.last_ns, text)


def _paths(config: Config, logs: Path) -> dict[str, Path]:
    names = _market_data(config)
    found = {name: logs / name / "log" for name in names if (logs / name / "log").is_dir()}
    if not found:
        raise CaptureError(
            f"{logs}: holds no log of market data ({', '.join(names) or 'no such agent is configured'}); name the market"
            " of that time: --capture FILE, or --from TIME --to TIME of the archive"
        )
    return found


def _market_data(config: Config) -> list[str]:
    return [name for name, table in config.agents.items() if isinstance(table, MarketDataConfig)]


def _untold(done: int, whole: int) -> None:
    """Making the market of captures is not shown."""
