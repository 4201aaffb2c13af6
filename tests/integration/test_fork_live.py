"""`tickmesh fork` of a run on the paper venue: the rest simulated with and without a change, beside what was."""

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from agents.amounts import parse_amount_e8
from core.frame import unpack
from core.log import LogReader
from mesh.protocol.codec import decode_frame
from schemas.messages import OrderFilled
from tests.integration.whole_mesh import WholeMesh, trade_eagerly, whole_mesh

pytestmark = pytest.mark.whole_mesh


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> WholeMesh:
    """Return a mesh that has traded and ended."""
    with whole_mesh(tmp_path_factory.mktemp("run")) as mesh:
        mesh.write_config(trade_eagerly)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        mesh.wait_for_fills(6)
        mesh.wait_s(2.0)
        mesh.ask_to_end()
        mesh.report()
        return mesh


def fills(mesh: WholeMesh, folder: Any = None) -> list[OrderFilled]:
    reader = LogReader(str((folder or mesh.state) / "execution" / "log"))
    messages = [decode_frame(unpack(frame), frame) for _, frame in reader.scan()]
    reader.close()
    return [message for message in messages if isinstance(message, OrderFilled)]


def forked(mesh: WholeMesh, at_ns: int, out: Any, *sets: str) -> dict[str, Any]:
    options = [each for one in sets for each in ("--set", one)]
    ended = mesh.command("fork", mesh.config_file, "--at", at_ns, *options, "--out", out, "--json")
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_the_rest_is_told_as_it_was_as_simulated_and_as_changed(run, tmp_path):
    """With a limit that lets nothing through, all that is held at the end is what was held at the moment."""
    was = fills(run)
    at_ns = was[len(was) // 2].ts_recv_ns + 1
    found = forked(run, at_ns, tmp_path / "out", "agents.risk.limits.order_notional_max=0.01")
    assert found["simulated"] is False
    assert found["started_again"] == ["portfolio", "execution", "risk", "signal"]
    assert list(found["sides"]) == ["run", "unchanged", "changed"]
    real, unchanged, changed = found["sides"].values()
    assert real["fills"] == len([each for each in was if each.ts_recv_ns >= at_ns])
    assert unchanged["orders"] > 0
    assert unchanged["fills"] > 0
    assert changed["denied"]["NOTIONAL_ABOVE_MAXIMUM"] > 0
    assert changed["approved"] == 0
    assert real["equity_at"] == unchanged["equity_at"] == changed["equity_at"]
    parting = found["partings"]["unchanged-changed"]
    assert (parting["agent"], parting["other"]["fields"]["reason"]) == ("risk", "NOTIONAL_ABOVE_MAXIMUM")
    # Fills of before are those of the run, each once; nothing that the venue had was lost or booked twice.
    for side in ("unchanged", "changed"):
        told = Counter((each.instrument_id, each.trade_id) for each in fills(run, tmp_path / "out" / side / "logs"))
        before = Counter((each.instrument_id, each.trade_id) for each in was if each.ts_recv_ns < at_ns)
        assert before <= told
        assert max(told.values()) == 1
    held: Counter[str] = Counter()
    infos = {
        each["id"]: each
        for each in json.loads(run.command("check", "-c", run.config_file, "--json").stdout)["instruments"]
    }
    for each in fills(run, tmp_path / "out" / "changed" / "logs"):
        info = infos[each.instrument_id]
        held[info["symbol"]] += each.side * each.last_qty_lots * parse_amount_e8(info["lot_size"])
        held[info["symbol"]] -= each.commission_e8 if each.commission_asset == info["base"] else 0
    assert {name: parse_amount_e8(qty) for name, qty in changed["positions"].items()} == {
        n: q for n, q in held.items() if q
    }
    assert Decimal(changed["pnl"]) != Decimal(unchanged["pnl"])


def test_without_a_change_there_is_no_third_side(run, tmp_path):
    was = fills(run)
    found = forked(run, was[1].ts_recv_ns, tmp_path / "out")
    assert list(found["sides"]) == ["run", "unchanged"]
    assert found["sets"] == []
    assert found["sides"]["unchanged"]["signals"] > 0
