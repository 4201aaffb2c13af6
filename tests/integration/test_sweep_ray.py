"""`tickmesh sweep --ray` on a cluster of two nodes of this machine, one of which is killed: the table of a local sweep.

Ray is never in the environment of agents, so the cluster and the command run in another (`make sweep-ray` makes it). With
TICKMESH_LONG there are 200 variants, else 27.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mesh.run.default_config import make_capture
from tests.source_tree import ROOT

PYTHON = ROOT / ".venv" / "ray" / "bin" / "python"
LONG = bool(os.environ.get("TICKMESH_LONG"))
GRIDS = {
    False: ("--grid", "threshold=0.1,0.3,0.5", "--grid", "agents.risk.limits.order_notional_max=300:700:50"),
    True: ("--grid", "threshold=0.05:0.95:0.1", "--grid", "cooldown_ms=200:4000:200"),
}
TIMEOUT_S = 900 if LONG else 150

pytestmark = [
    pytest.mark.skipif(not PYTHON.exists(), reason="Ray has an environment of its own: `make sweep-ray` makes it"),
    pytest.mark.timeout(3 * TIMEOUT_S),
]

CLUSTER = """
import subprocess, sys, time
from pathlib import Path

from ray.cluster_utils import Cluster

out, killed_after, *args = sys.argv[1:]
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
second = cluster.add_node(num_cpus=1)
done = Path(out, "variants.jsonl")
sweep = subprocess.Popen([*args, "--ray", cluster.address, "--out", out])
shared = []
while sweep.poll() is None and not (len(shared) == 2 and done.read_bytes().count(b"\\n") >= int(killed_after)):
    time.sleep(0.01)
    shared = sorted(path.parent.name for path in Path("/dev/shm").glob("tickmesh-sweep-*/ready"))
# Its processes get SIGKILL.
cluster.remove_node(second, allow_graceful=False)
status = sweep.wait()
left = sorted(path.name for path in Path("/dev/shm").glob("tickmesh-sweep-*") if path.name in shared)
cluster.shutdown()
print("nodes with market data:", len(shared), "left:", len(left))
sys.exit(status)
"""


def test_a_killed_node_costs_its_own_variants_and_the_table_is_the_same(tmp_path):
    capture = tmp_path / "model.gz"
    make_capture(capture, seed=7, duration_s=20.0 if LONG else 10.0)
    args = ("-m", "mesh", "sweep", "--capture", str(capture), *GRIDS[LONG], "--walk-forward", "4")
    local, remote = tmp_path / "local", tmp_path / "remote"
    subprocess.run([sys.executable, *args, "--out", str(local)], check=True, capture_output=True, timeout=TIMEOUT_S)
    middle = "80" if LONG else "4"
    command = [str(PYTHON), "-c", CLUSTER, str(remote), middle, str(PYTHON), *args]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "it is played again" in ended.stderr
    assert ended.stdout.endswith("nodes with market data: 2 left: 0\n")
    assert "(raylet)" not in ended.stdout
    assert sums(remote) == sums(local)
    count = len((remote / "variants.jsonl").read_text().splitlines())
    assert count == (201 if LONG else 28)


def sums(out: Path) -> bytes:
    """Return the table."""
    return (out / "sweep.json").read_bytes()
