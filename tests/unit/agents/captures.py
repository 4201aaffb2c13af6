"""Recorded captures as tests drive an agent with them: frames and REST answers in the order of their receipt."""

import gzip
from collections.abc import Iterator
from pathlib import Path


def hftbacktest_lines(path: Path, count: int) -> Iterator[tuple[bool, bytes]]:
    """Yield (is a REST depth snapshot, body) of the first `count` lines of a capture."""
    with gzip.open(path, "rb") as file:
        for _, line in zip(range(count), file, strict=False):
            body = line.split(b" ", 1)[1].strip()
            yield not body.startswith(b'{"stream"'), body
