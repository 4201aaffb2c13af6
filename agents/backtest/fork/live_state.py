"""What else of a live run is known at a moment: the account of its paper venue, and how its clocks stood to each other."""

from pathlib import Path

from agents.backtest.fork.original import NoRunError, market_logs
from agents.paper.account.account_log import PaperEvent
from core.frame import HEADER_SIZE, unpack
from core.log import LogReader
from mesh.protocol.codec import decode
from schemas.config import Config, ExecutionConfig, PaperConfig
from schemas.messages import PaperOpened

FRAME_BYTES_MAX = 1 << 26


def account_lives(config: Config, logs: Path, at_ns: int) -> dict[str, tuple[int, list[PaperEvent]]]:
    """Return by venue how often its paper venue had started, and what had happened to its account at a moment.

    Raises:
        NoRunError: If an account was traded whose venue is no paper venue: nobody else knows all that was at the venue.
    """
    papers = {table.venue: name for name, table in config.agents.items() if isinstance(table, PaperConfig)}
    found = {}
    for name, table in config.agents.items():
        if not isinstance(table, ExecutionConfig):
            continue
        folder = logs / papers.get(table.venue, "") / "log"
        if table.venue not in papers or not any(folder.glob("*.log")):
            raise NoRunError(
                f"agents.{name}: no paper venue left a log of the account at {table.venue} (looked in {logs})"
            )
        found[table.venue] = _events(folder, at_ns)
    return found


def _events(folder: Path, at_ns: int) -> tuple[int, list[PaperEvent]]:
    reader, epoch = LogReader(str(folder)), 0
    events: list[PaperEvent] = []
    try:
        for _, frame in reader.scan():
            header = unpack(frame)
            message = decode(header.type, frame[HEADER_SIZE:])
            if not isinstance(message, PaperEvent):
                continue
            if not isinstance(message, PaperOpened) and message.ts_ns > at_ns:
                break
            events.append(message)
            epoch = header.epoch
    finally:
        reader.close()
    return epoch, events


def wall_of_zero_ns(config: Config, logs: Path) -> int:
    """Return Unix time where the monotonic clock of a run was 0, by the last message of its market that tells both."""
    for path in market_logs(config, logs).values():
        reader = LogReader(str(path))
        try:
            for stream, (epoch, seq) in reader.streams().items():
                for frame in reader.read(stream, epoch, seq - 1, count_max=1, bytes_max=FRAME_BYTES_MAX):
                    header = unpack(frame)
                    received_ns: int = getattr(decode(header.type, frame[HEADER_SIZE:]), "ts_recv_ns", 0)
                    if received_ns and header.recv_ns:
                        return received_ns - header.recv_ns
        finally:
            reader.close()
    raise NoRunError(f"{logs}: no message of the market tells when it was received")
