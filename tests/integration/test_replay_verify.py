"""`tickmesh replay verify` on a real run: agents in processes and in a group, killed once, decide as they did."""

import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.frame import unpack
from core.log import LogReader
from mesh.protocol.codec import decode_frame
from mesh.protocol.recorded_inputs import starts_in
from schemas.errors import ExitStatus
from schemas.messages import StrategyState
from schemas.orders import Reason
from schemas.streams import STATES_STREAM
from tests.integration.whole_mesh import WholeMesh, trade_eagerly, whole_mesh
from tests.sim.telling import Told

pytestmark = pytest.mark.whole_mesh
GROUP = ("signal", "risk")
TELLING = Path(__file__).parents[1] / "sim/telling.py"
KILLED = ("execution", "desk", "md", "portfolio")
LIMIT = 'order_notional_max = "10000"'
RECORDED = ("execution", "md", "portfolio", "reaper", "risk", "signal")


def recorded(tree: dict[str, Any]) -> None:
    trade_eagerly(tree)
    tree["mesh"]["record_inputs"] = "always"
    symbols = [each["symbol"] for each in tree["instruments"]]
    tree["agents"]["signal"]["strategies"].append(
        {"name": "telling", "path": f"{TELLING}:Telling", "instruments": symbols, "bar_ms": 200}
    )
    for name in GROUP:
        tree["agents"][name]["group"] = "desk"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> WholeMesh:
    """Return a mesh that has traded and ended, most of its processes killed once."""
    with whole_mesh(tmp_path_factory.mktemp("run")) as mesh:
        mesh.write_config(recorded)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        mesh.wait_for_fills(2)
        for name in KILLED:
            os.kill(mesh.pid(name), signal.SIGKILL)
            mesh.wait_s(0.5)
        mesh.wait_until_live()
        mesh.wait_s(2.0)
        mesh.ask_to_end()
        mesh.report()
        return mesh


def verified(mesh: WholeMesh, *arguments: object) -> list[dict[str, Any]]:
    ended = mesh.command("replay", "verify", mesh.state, "--json", *arguments)
    assert ended.returncode in (ExitStatus.OK, ExitStatus.FAILED), ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_every_start_of_every_agent_is_equal(run: WholeMesh) -> None:
    found = verified(run)
    assert [each for each in found if not each["equal"] or each["note"]] == []
    starts = {(name, epoch) for name in RECORDED for epoch in starts_in(Path(run.state) / name)}
    assert {(each["agent"], each["epoch"]) for each in found} == starts
    killed = {"execution", "md", "portfolio", *GROUP}
    assert {name for name, epoch in starts if epoch == 2} >= killed
    assert all(each["inputs"] > 10 for each in found)
    assert sum(each["outputs"] for each in found) > 100


def test_state_tells_what_a_strategy_itself_saw(run: WholeMesh) -> None:
    listed = run.command("journal", "signal", "-c", run.config_file, "--stream", "SIGNAL/0/0", "--json")
    assert listed.returncode == 0, listed.stderr
    asked = [each for each in map(json.loads, listed.stdout.splitlines()) if each["message"]["strategy"] == "telling"]
    assert {each["epoch"] for each in asked} >= {1, 2}
    for each in (asked[len(asked) // 3], asked[-1]):
        event = f"{each['stream']} {each['epoch']}/{each['seq']}"
        ended = run.command("state", "signal", "-c", run.config_file, "--event", event, "--json")
        assert ended.returncode == 0, ended.stderr
        found = json.loads(ended.stdout)
        told = msgspec.msgpack.decode(state_of(run, each), type=Told)
        values = found["seen"]["indicators"]["telling"][told.instrument]["200"]
        assert values.pop("count") > 0
        # JSON has no number for what is not known yet.
        assert values == {name: None if math.isnan(value) else value for name, value in told.indicators.items()}
        assert found["figures"]["strategies"]["telling"]["fills"] == told.fills


def state_of(run: WholeMesh, place: dict[str, Any]) -> bytes:
    """Return what a strategy saved, whose text in the journal is cut."""
    reader = LogReader(str(run.state / "signal/log"))
    (frame,) = reader.read(STATES_STREAM, place["epoch"], place["seq"] - 1, count_max=1, bytes_max=1)
    reader.close()
    message = decode_frame(unpack(frame), frame)
    assert isinstance(message, StrategyState)
    return message.state


def test_another_configuration_is_shown_where_it_decides_otherwise_first(run: WholeMesh, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    text = run.config_file.read_text()
    assert text.count(LIMIT) == 1
    other.write_text(text.replace(LIMIT, 'order_notional_max = "1"'))
    (first, *_) = verified(run, "--agent", "risk", "--with", other)
    assert not first["equal"]
    # What was recorded first may have been denied too, by a check that comes later than the one for an order's notional.
    above = f"reason={int(Reason.NOTIONAL_ABOVE_MAXIMUM)} "
    assert above not in first["difference"]["recorded"]
    assert "Denied" in first["difference"]["made"]
    assert above in first["difference"]["made"]
    shown = run.command("replay", "verify", run.state, "--agent", "risk", "--with", other)
    assert shown.returncode == ExitStatus.FAILED
    assert "first difference at input" in shown.stdout


def test_what_is_not_recorded_is_told(run: WholeMesh, tmp_path: Path) -> None:
    for arguments in ((tmp_path,), (run.state, "--agent", "archive"), (tmp_path / "none",)):
        ended = run.command("replay", "verify", *arguments)
        assert ended.returncode == ExitStatus.UNAVAILABLE
    assert run.command("replay", "verify", "1999-12-31", "-c", run.config_file).returncode == ExitStatus.NO_INPUT
