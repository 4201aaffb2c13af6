"""Agents joined over TCP, as on several hosts: the same mesh, the same report."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.ports import free_ports
from tests.integration.whole_mesh import trade_eagerly, whole_mesh

pytestmark = pytest.mark.whole_mesh
FILLS = 10


@pytest.mark.timeout(180)
def test_agents_joined_over_tcp_trade_and_lose_nothing(tmp_path: Path) -> None:
    def over_tcp(tree: dict[str, Any]) -> None:
        trade_eagerly(tree)
        names = list(tree["agents"])
        for name, port in zip(names, free_ports(len(names)), strict=True):
            tree["agents"][name]["tcp"] = f"127.0.0.1:{port}"

    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(over_tcp)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        mesh.wait_for_fills(FILLS)
        mesh.ask_to_end()
        found = mesh.report(timeout_s=120)
    assert found["orders"]["filled"] > 0
    assert {link["lost"] for link in found["links"]} == {0}
    assert found["ticks"]["captured"] == found["ticks"]["published"] == found["ticks"]["archived"] > 0
    assert found["positions"] == found["account"]
    assert found["latency_ns"]["md>signal"]["count"] > 0
