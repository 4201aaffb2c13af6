"""Which format a file is in: by what it begins with and by its name, unless the person who imports says it."""

from pathlib import Path
from typing import NamedTuple

import agents.importer.binance_files as binance_files
import agents.importer.tardis_files as tardis_files
from agents.importer.delimited import RowLayout
from agents.importer.lines import head, name_within
from agents.paper.market.capture_files import known_head
from schemas.errors import CaptureError, ConfigError

CAPTURE, PARQUET, NPZ = "capture", "parquet", "hftbacktest-npz"
FORMATS = (CAPTURE, PARQUET, NPZ, *binance_files.LAYOUTS, *tardis_files.LAYOUTS)
"""What `--format` may say."""

_HEAD_BYTES = 4_096
_PARQUET_MAGIC = b"PAR1"


class Format(NamedTuple):
    """A file's format; of one with commas its layout, how many lines of header there are, and the symbol in its name."""

    name: str
    layout: RowLayout | None = None
    header: int = 0
    symbol: str = ""


def format_of(path: Path, said: str) -> Format:
    """Return the format of a file; `said` is what `--format` says, empty if nothing.

    Raises:
        CaptureError: If the file is missing or its format is not known.
        ConfigError: If there is no such format.
    """
    if said and said not in FORMATS:
        raise ConfigError(f"--format: {said!r} is not one of {', '.join(FORMATS)}")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read: {error.strerror}") from error
    if magic == _PARQUET_MAGIC or said == PARQUET:
        return Format(PARQUET)
    if said == NPZ or (not said and path.suffix == ".npz"):
        return Format(NPZ)
    beginning = head(path, _HEAD_BYTES)
    if said == CAPTURE or (not said and known_head(beginning)):
        return Format(CAPTURE)
    return _delimited(path, beginning.partition(b"\n")[0].rstrip(b"\r"), said)


def _delimited(path: Path, line: bytes, said: str) -> Format:
    columns = line.split(b",")
    by_name, symbol = binance_files.told_by_name(name_within(path))
    tardis, binance = tardis_files.told_by_header(columns), binance_files.told_by_header(columns)
    name = said or tardis or (by_name if by_name else binance)
    if name in tardis_files.LAYOUTS:
        if not tardis_files.LAYOUTS[name].is_of(columns):
            raise CaptureError(f"{path}: no header of a file of {name}: {line.decode(errors='replace')[:200]}")
        return Format(name, tardis_files.LAYOUTS[name](columns), 1)
    if name not in binance_files.LAYOUTS:
        raise CaptureError(
            f"{path}: in no format that is known, nor does its name or header tell one (--format says it: "
            f"{', '.join(FORMATS)}); it begins with {line.decode(errors='replace')[:80]!r}"
        )
    header = 0 if columns[0].isdigit() else 1
    return Format(name, binance_files.LAYOUTS[name](len(columns)), header, symbol)
