"""What is finished of a sweep: OUT/variants.jsonl, an outcome a line, each on disk before the next is waited for.

A last line that a kill cut off is dropped; it is computed again. One process writes at a time.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType

import msgspec

from agents.backtest.sweep.variant import VariantOutcome
from schemas.errors import AlreadyRunningError, DamagedFileError

FILE = "variants.jsonl"


class FinishedOutcomes:
    """The outcomes in the file of a folder; a context manager that keeps others out."""

    def __init__(self, out: Path) -> None:
        """Read what stands there.

        Raises:
            AlreadyRunningError: If another process writes it.
            DamagedFileError: If a line in the middle cannot be read.
        """
        self._path = out / FILE
        self._file = self._path.open("ab+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise AlreadyRunningError(f"{self._path}: another sweep writes there") from error
        self.by_key: dict[str, VariantOutcome] = {}
        self._read()

    def __enter__(self) -> "FinishedOutcomes":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, outcome: VariantOutcome) -> None:
        """Write an outcome to disk."""
        self.by_key[outcome.key] = outcome
        self._file.write(msgspec.json.encode(outcome) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                outcome = msgspec.json.decode(line, type=VariantOutcome)
            except msgspec.DecodeError as error:
                self._file.close()
                raise DamagedFileError(f"{self._path}: line {number}: {error}; move the file away") from error
            self.by_key[outcome.key] = outcome
        self._file.truncate(whole)
        self._file.seek(whole)
