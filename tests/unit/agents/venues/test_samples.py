"""No file of single messages of the three venues is left out: each is read by a test that accounts for all it holds."""

from pathlib import Path

import pytest

from tests.unit.agents.venues.binance.samples import routes
from tests.unit.agents.venues.binance.samples import samples as binance
from tests.unit.agents.venues.bybit.samples import samples as bybit
from tests.unit.agents.venues.okx.test_account_samples import account_samples as okx

VENUES = ("binance", "bybit", "okx")
FOLDERS = ("private-and-rest", "raw-single-messages")


def test_every_file_is_read(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {
        path
        for folder in FOLDERS
        for path in (data_dir / folder).rglob("*")
        if path.is_file() and any(venue in str(path.relative_to(data_dir)) for venue in VENUES)
    }
    read: set[Path] = set()
    read_bytes = Path.read_bytes

    def noted(path: Path) -> bytes:
        read.add(path)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    monkeypatch.setattr(Path, "read_text", lambda path, *_, **__: noted(path).decode())
    for samples in (binance, bybit, okx, routes):
        assert samples(data_dir)
    assert there - read == set()
