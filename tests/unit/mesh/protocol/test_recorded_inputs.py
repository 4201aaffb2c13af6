"""Which inputs are recorded, where, and how much of them is kept."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mesh.agent import Agent
from mesh.config import parse
from mesh.protocol.recorded_inputs import config_of, folder_of, open_inputs, starts_in
from mesh.run.default_config import default_tree
from schemas.config import Config


def config(folder: Path, group: str = "", **mesh: Any) -> Config:
    tree = default_tree(folder, 1)
    tree["mesh"] |= {"log_segment_bytes": 1 << 16} | mesh
    tree["agents"]["risk"]["group"] = group
    tree["agents"]["signal"]["group"] = group
    return parse(tree)


class Outside(Agent):
    rests_on_inputs = False


@pytest.mark.parametrize(
    ("when", "group", "recorded"),
    [
        ("always", "", True),
        ("always", "desk", True),
        ("processes", "", True),
        ("processes", "desk", False),
        ("never", "", False),
    ],
)
def test_inputs_are_recorded_where_it_is_wanted(tmp_path: Path, when: str, group: str, recorded: bool) -> None:
    made = config(tmp_path, group, record_inputs=when)
    inputs = open_inputs("risk", tmp_path / "risk", 1, made, Agent())
    assert inputs.on == recorded
    assert starts_in(tmp_path / "risk") == ([1] if recorded else [])
    inputs.close()


def test_what_rests_on_more_than_its_inputs_is_not_recorded(tmp_path: Path) -> None:
    assert not open_inputs("risk", tmp_path, 1, config(tmp_path), Outside()).on


def test_the_configuration_is_kept_with_them(tmp_path: Path) -> None:
    made = config(tmp_path)
    open_inputs("risk", tmp_path / "risk", 4, made, Agent()).close()
    assert config_of(tmp_path / "risk", 4) == made


def test_retention_removes_whole_starts_oldest_first(tmp_path: Path) -> None:
    made = config(tmp_path)
    for epoch in (1, 2, 3):
        open_inputs("risk", tmp_path, epoch, made, Agent()).close()
    size = sum(file.stat().st_size for file in folder_of(tmp_path, 1).iterdir())
    bounded = msgspec.structs.replace(made, mesh=msgspec.structs.replace(made.mesh, inputs_retention_bytes=2 * size))
    open_inputs("risk", tmp_path, 4, bounded, Agent()).close()
    assert starts_in(tmp_path) == [2, 3, 4]
