"""A whole recorded session through the whole mesh: what the venue sent is what was published, and what the archive holds.

`test_slow_subscriber` holds a session of the spot market against its archive in the same way.
"""

from pathlib import Path

import pytest

from mesh.config import load
from tests.integration.recorded import Recorded, assert_archived, assert_report
from tests.integration.whole_mesh import whole_mesh

pytestmark = pytest.mark.whole_mesh
CAPTURES = (
    "raw/binance-usdm/hftbacktest/btcusdt_20230404.dat.gz",
    "raw/binance-usdm/hftbacktest/btcusdt_20230405.dat.gz",
)
COMPARED = 1565
SPEED = 100
RUN_S_MAX = 150.0


@pytest.mark.timeout(240)
def test_session_is_published_and_archived_tick_for_tick(tmp_path: Path, data_dir: Path) -> None:
    paths = [data_dir / capture for capture in CAPTURES]
    options = [each for path in paths for each in ("--capture", path)]
    with whole_mesh(tmp_path) as mesh:
        mesh.start(*options, "--speed", SPEED, "--json", "--state-dir", mesh.state)
        recorded = Recorded(paths)
        assert recorded.comparable == COMPARED
        found = mesh.report(RUN_S_MAX)
        assert_report(found, recorded)
        assert_archived(load(mesh.state / "tickmesh.toml"), recorded)
