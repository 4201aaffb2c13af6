"""Group mode: the trading agents in one process, the others outside; nothing that the report states may differ."""

from pathlib import Path
from typing import Any

from core.log import LogReader
from tests.integration.whole_mesh import AGENTS, assert_nothing_lost, links, trade_eagerly, whole_mesh

GROUP = ("md", "signal", "risk", "execution")
RUN_S = 12


def in_one_group(tree: dict[str, Any]) -> None:
    trade_eagerly(tree)
    for name in GROUP:
        tree["agents"][name]["group"] = "desk"


def test_a_group_trades_and_loses_nothing_inside_and_outside(tmp_path: Path) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(in_one_group)
        mesh.start("-c", mesh.config_file, "--duration", RUN_S, "--json")
        statuses = mesh.wait_until_live()
        pids = mesh.agent_pids()
        assert len(pids) == len(AGENTS) - len(GROUP) + 1, "one process for the group, one for each other agent"
        assert mesh.pid("desk") in pids
        assert {statuses[name].rss_bytes for name in GROUP} & {statuses["archive"].rss_bytes} == set()
        found = mesh.report()
    assert_nothing_lost(found)
    assert {agent["name"] for agent in found["agents"]} == set(AGENTS)
    assert found["orders"]["submitted"] > 0
    assert found["decisions"]["approved"] + sum(found["decisions"]["denied"].values()) == found["signals"] > 0
    for subscriber in ("signal", "risk", "portfolio"):
        assert sum(link["received"] for link in links(found, publisher="md", subscriber=subscriber)) > 0
    assert {"md>signal", "signal>risk", "risk>execution", "risk", "tick>risk"} <= set(found["latency_ns"])
    log = LogReader(str(mesh.state / "risk" / "log"))
    decided = sum(1 for _ in log.scan())
    log.close()
    assert decided >= found["signals"], "members log what they decide, as in a process of their own"


def test_a_member_shows_its_frames_to_a_tap(tmp_path: Path) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(in_one_group)
        mesh.start("-c", mesh.config_file, "--duration", RUN_S, "--json")
        mesh.wait_until_live()
        shown = mesh.command("tap", "signal", "-c", mesh.config_file, "--count", 200, "--json")
        assert shown.returncode == 0, shown.stderr
        assert '"peer":"md"' in shown.stdout.replace(" ", ""), "what came through the group is shown too"
        assert_nothing_lost(mesh.report())
