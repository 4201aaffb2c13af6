"""Group mode: the trading agents in one process, the others outside; nothing that the report states may differ."""

from typing import Any, NamedTuple

import pytest

from core.log import LogReader
from tests.integration.whole_mesh import AGENTS, assert_nothing_lost, links, trade_eagerly, whole_mesh

pytestmark = pytest.mark.whole_mesh
GROUP = ("md", "signal", "risk", "execution")
FILLS = 10


def in_one_group(tree: dict[str, Any]) -> None:
    trade_eagerly(tree)
    for name in GROUP:
        tree["agents"][name]["group"] = "desk"


class Run(NamedTuple):
    """What one run of a mesh in group mode has shown."""

    report: dict[str, Any]
    tapped: str
    decided: int


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a group until it has traded, with a tap at one of its members."""
    with whole_mesh(tmp_path_factory.mktemp("group")) as mesh:
        mesh.write_config(in_one_group)
        mesh.start("-c", mesh.config_file, "--json")
        statuses = mesh.wait_until_live()
        pids = mesh.agent_pids()
        assert len(pids) == len(AGENTS) - len(GROUP) + 1, "one process for the group, one for each other agent"
        assert mesh.pid("desk") in pids
        assert {statuses[name].rss_bytes for name in GROUP} & {statuses["archive"].rss_bytes} == set()
        shown = mesh.command("tap", "signal", "-c", mesh.config_file, "--count", 200, "--json")
        assert shown.returncode == 0, shown.stderr
        mesh.wait_for_fills(FILLS)
        mesh.ask_to_end()
        report = mesh.report()
        log = LogReader(str(mesh.state / "risk" / "log"))
        decided = sum(1 for _ in log.scan())
        log.close()
        return Run(report, shown.stdout, decided)


def test_a_group_trades_and_loses_nothing_inside_and_outside(run: Run) -> None:
    found = run.report
    assert_nothing_lost(found)
    assert {agent["name"] for agent in found["agents"]} == set(AGENTS)
    assert found["orders"]["submitted"] > 0
    assert found["decisions"]["approved"] + sum(found["decisions"]["denied"].values()) == found["signals"] > 0
    for subscriber in ("signal", "risk", "portfolio"):
        assert sum(link["received"] for link in links(found, publisher="md", subscriber=subscriber)) > 0
    assert {"md>signal", "signal>risk", "risk>execution", "risk", "tick>risk"} <= set(found["latency_ns"])
    assert run.decided >= found["signals"], "members log what they decide, as in a process of their own"


def test_a_member_shows_its_frames_to_a_tap(run: Run) -> None:
    assert '"peer":"md"' in run.tapped.replace(" ", ""), "what came through the group is shown too"
