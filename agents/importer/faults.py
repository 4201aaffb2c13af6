"""What is wrong with a file that is imported: each damaged place is named and counted, and the rest is taken."""

from pathlib import Path

from schemas.errors import DamagedFileError

NAMED_MAX = 10
"""So many of one file are named; all are counted."""


class Faults:
    """The damaged lines of one file, and what is told of it beside them."""

    def __init__(self, path: str, *, strict: bool) -> None:
        """Begin with none; with `strict` the first one is the end."""
        self._path = path
        self._strict = strict
        self._late = self._late_first = 0
        self.count = 0
        self.named: list[str] = []
        self.notes: list[str] = []
        """What is no damage, but had to be decided."""

    def line(self, number: int, reason: str) -> None:
        """Take note of a damaged line, counted from 1, which is left out.

        Raises:
            DamagedFileError: If damage is the end.
        """
        self.add(f"line {number}: {reason}")

    def add(self, text: str) -> None:
        """Take note of damage that is of no one line.

        Raises:
            DamagedFileError: If damage is the end.
        """
        self.count += 1
        if len(self.named) < NAMED_MAX:
            self.named.append(text)
        if self._strict:
            raise DamagedFileError(f"{self._path}: {text}")

    def note(self, text: str) -> None:
        """Take note of something that the person who imports should know."""
        self.notes.append(text)

    def damaged(self, path: Path, line: int, reason: str) -> None:
        """Take note of damage to a file or to one beside it, 0 is no one line (`capture_files.CaptureWatch`)."""
        text = f"line {line}: {reason}" if line else reason
        self.add(text if str(path) == self._path else f"{path.name}: {text}")

    def late(self, path: Path, line: int) -> None:
        """Count a line that was received before the one before it."""
        if not self._late:
            self._late_first = line
        self._late += 1

    def finish(self) -> None:
        """Tell what was counted."""
        if self._late:
            told = f"{self._late} lines were received before the one that stands before them, the first is line"
            self.note(f"{told} {self._late_first}; they were put in order")
