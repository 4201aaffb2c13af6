"""A host that tells nothing yet."""

from pathlib import Path

import pytest

from mesh.doctor.findings import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "root")
