"""`tickmesh trace` on real runs: every step is held against the logs, read whole and in their own order."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agents.archive.database import connect
from core.frame import Header, payload, unpack
from core.log import LogReader
from mesh.config import load
from mesh.protocol.codec import decode
from schemas.messages import Approved, Denied, Message, OrderFilled, OrderInitialized, OrderUpdated, Position, Signal
from schemas.orders import OrderStatus
from schemas.streams import Kind, stream_id, stream_name
from tests.documents import ROOT, Document
from tests.integration.whole_mesh import WholeMesh, trade_eagerly, whole_mesh

pytestmark = pytest.mark.whole_mesh
Place = tuple[str, str, int, int]
FILLED = 3
BEGINNING = ["venue_frame", "published", "signal", "decision", "order_submitted"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Trade until some orders are filled, trace them all while the agents run, and let the run end."""
    folder = tmp_path_factory.mktemp("run")
    with whole_mesh(folder) as mesh:
        mesh.write_config(trade_eagerly)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        mesh.until(lambda: len(filled(mesh.state)) >= FILLED, "some orders are filled", 60.0)
        ids = filled(mesh.state)[:FILLED]
        live = {order_id: traced(mesh, order_id, "-c", mesh.config_file) for order_id in ids}
        mesh.ask_to_end()
        mesh.report()
        after = {order_id: traced(mesh, order_id, "--state-dir", mesh.state) for order_id in ids}
        return {"mesh": mesh, "ids": ids, "live": live, "after": after, "records": records(mesh.state)}


def traced(mesh: WholeMesh, order_id: str, *where: object) -> dict[str, Any]:
    """Return what `trace --json` prints."""
    ended = mesh.command("trace", order_id, *where, "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def scanned(state: Path, agent: str) -> list[tuple[Header, Message]]:
    """Return an agent's whole log in its own order."""
    log = LogReader(str(state / agent / "log"))
    frames = [frame for _, frame in log.scan()]
    log.close()
    return [(unpack(frame), decode(unpack(frame).type, payload(frame))) for frame in frames]


def records(state: Path) -> dict[Place, tuple[Header, Message]]:
    """Return every record of every log by agent, stream, epoch and seq."""
    agents = [path.parent.name for path in state.glob("*/log")]
    return {
        (agent, stream_name(header.stream), header.epoch, header.seq): (header, message)
        for agent in agents
        for header, message in scanned(state, agent)
    }


def filled(state: Path) -> list[str]:
    """Return the client order ids of filled orders, in the order in which they were filled."""
    if not (state / "execution/log").is_dir():
        return []
    fills = [message for _, message in scanned(state, "execution") if isinstance(message, OrderFilled)]
    return [fill.client_order_id for fill in fills if fill.status == OrderStatus.FILLED]


def each(run: dict[str, Any], check: Callable[[str, dict[str, Any]], None]) -> None:
    for order_id in run["ids"]:
        check(order_id, run["after"][order_id])


def place(step: dict[str, Any]) -> Place:
    return step["agent"], step["stream"], step["epoch"], step["seq"]


@pytest.mark.timeout(240)
def test_every_filled_order_has_its_way_from_venue_frame_to_equity(run: dict[str, Any]) -> None:
    def check(order_id: str, found: dict[str, Any]) -> None:
        names = [step["step"] for step in found["steps"]]
        assert names[: len(BEGINNING)] == BEGINNING, names
        assert {"fill", "position", "equity"} <= set(names)
        assert (found["client_order_id"], found["status"], found["notes"]) == (order_id, "FILLED", [])

    each(run, check)


def test_times_are_in_order_and_add_up(run: dict[str, Any]) -> None:
    def check(_: str, found: dict[str, Any]) -> None:
        at = [step["at_ns"] for step in found["steps"]]
        assert at == sorted(at)
        assert [step["since_ns"] for step in found["steps"]] == [now - at[0] for now in at]
        assert [step["delta_ns"] for step in found["steps"]] == [
            now - before for before, now in zip([at[0], *at], at, strict=False)
        ]
        for step in found["steps"][1:]:
            assert step["recv_ns"] <= step["decided_ns"] <= step["send_ns"] == step["at_ns"]
        way = [(step["recv_ns"], step["send_ns"]) for step in found["steps"][1 : len(BEGINNING)]]
        assert all(received > sent for (_, sent), (received, _) in pairwise(way))
        submitted = next(step for step in found["steps"] if step["step"] == "order_submitted")
        assert found["tick_to_order_ns"] == submitted["since_ns"] > 0

    each(run, check)


def test_every_step_is_a_record_of_the_log_that_it_names(run: dict[str, Any]) -> None:
    def check(_: str, found: dict[str, Any]) -> None:
        frame, *published = found["steps"]
        for step in published:
            header, message = run["records"][place(step)]
            assert (step["at_ns"], step["origin_ns"]) == (header.send_ns, header.origin_ns)
            assert step["type"] == type(message).__name__
        header, _ = run["records"][place(frame)]
        assert frame["at_ns"] == header.origin_ns
        assert place(frame) == place(published[0])

    each(run, check)


def test_all_that_the_decision_rests_on_is_found_and_older(run: dict[str, Any]) -> None:
    def check(order_id: str, found: dict[str, Any]) -> None:
        [initialized] = [
            message
            for _, message in run["records"].values()
            if isinstance(message, OrderInitialized) and message.client_order_id == order_id
        ]
        [(stream, epoch, seq)] = initialized.causes
        header, approved = run["records"]["risk", stream_name(stream), epoch, seq]
        assert header.sender == initialized.approver
        assert isinstance(approved, Approved)
        assert [(c["stream"], c["epoch"], c["seq"]) for c in found["causes"]] == [
            (stream_name(stream), epoch, seq) for stream, epoch, seq in approved.causes
        ]
        for cause in found["causes"]:
            _, message = run["records"][place(cause)]
            assert cause["type"] == type(message).__name__
            assert cause["age_ns"] >= 0
        assert {cause["agent"] for cause in found["causes"] if cause["of"] == "signal"} == {"md"}

    each(run, check)


def test_signal_began_with_the_frame_that_is_told(run: dict[str, Any]) -> None:
    def check(_: str, found: dict[str, Any]) -> None:
        frame, published, signal, decision = found["steps"][:4]
        _, message = run["records"][place(signal)]
        assert isinstance(message, Signal)
        assert published["seq"] in [
            seq for stream, _, seq in message.causes if stream_name(stream) == published["stream"]
        ]
        assert frame["origin_ns"] == signal["origin_ns"] == decision["origin_ns"] == frame["at_ns"]
        assert decision["message"]["signal_id"] == message.signal_id

    each(run, check)


def test_fills_are_those_of_the_order_events(run: dict[str, Any]) -> None:
    def check(order_id: str, found: dict[str, Any]) -> None:
        events = {
            position: message
            for position, (_, message) in run["records"].items()
            if isinstance(message, OrderInitialized | OrderUpdated | OrderFilled)
            and message.client_order_id == order_id
        }
        told = [step for step in found["steps"] if step["stream"].startswith("ORDER/")]
        assert [place(step) for step in told] == list(events)
        fills = [message for message in events.values() if isinstance(message, OrderFilled)]
        shown = [step["message"] for step in told if step["step"] == "fill"]
        assert [(s["trade_id"], s["last_qty_lots"], s["last_px_ticks"]) for s in shown] == [
            (fill.trade_id, fill.last_qty_lots, fill.last_px_ticks) for fill in fills
        ]
        assert found["filled_lots"] == sum(fill.last_qty_lots for fill in fills)
        assert found["venue_order_id"] == fills[0].venue_order_id

    each(run, check)


def test_position_is_the_first_that_counts_the_fill(run: dict[str, Any]) -> None:
    def check(_: str, found: dict[str, Any]) -> None:
        fills = [step for step in found["steps"] if step["step"] == "fill"]
        counted = [step for step in found["steps"] if step["step"] == "position"]
        for fill, position in zip(fills, counted, strict=True):
            stream = stream_name(stream_id(Kind.POSITION, 1, fill["message"]["instrument_id"]))
            counting = [
                seq
                for (_, name, _, seq), (_, message) in run["records"].items()
                if name == stream and isinstance(message, Position) and message.order_seq >= fill["seq"]
            ]
            assert (position["stream"], position["seq"]) == (stream, min(counting))

    each(run, check)


def test_running_agents_tell_the_same_as_their_logs_do_later(run: dict[str, Any]) -> None:
    for order_id in run["ids"]:
        live, after = run["live"][order_id]["steps"], run["after"][order_id]["steps"]
        assert [step for step in live if step in after] == live
        assert len(live) >= len(BEGINNING) + 1


def test_order_is_found_by_the_venues_id_too(run: dict[str, Any]) -> None:
    mesh: WholeMesh = run["mesh"]
    first = run["after"][run["ids"][0]]
    assert traced(mesh, first["venue_order_id"], "--state-dir", mesh.state) == first


def test_unknown_order_ends_with_66_and_tells_where_it_was_searched(run: dict[str, Any]) -> None:
    mesh: WholeMesh = run["mesh"]
    ended = mesh.command("trace", "T9no", "--state-dir", mesh.state)
    assert (ended.returncode, ended.stdout) == (66, "")
    assert "'T9no'" in ended.stderr
    assert "execution ORDER/1/0" in ended.stderr
    assert str(mesh.state) in ended.stderr


def test_lines_for_people_have_every_step(run: dict[str, Any]) -> None:
    mesh: WholeMesh = run["mesh"]
    order_id = run["ids"][0]
    ended = mesh.command("trace", order_id, "-c", mesh.config_file)
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0].startswith(f"order {order_id} (venue ")
    steps = run["after"][order_id]["steps"]
    for step, line in zip(steps, lines[2:], strict=False):
        assert f" {step['step']} " in line
        assert f"{step['stream']} {step['epoch']}/{step['seq']}" in line


# The same out of the archive


def queries() -> list[str]:
    """Return the queries of docs/archive.md: the way of an order, hops of all orders, what became of signals."""
    return [block.text for block in Document(ROOT / "docs/archive.md").blocks("sql")]


@pytest.fixture(scope="module")
def archived(run: dict[str, Any]) -> Iterator[Any]:
    """Return the archive of the run, asked in its own database."""
    with closing(connect("archive", load(run["mesh"].config_file))) as client:
        client.command("USE tickmesh")
        yield client


def test_the_archive_joins_an_order_s_way_as_the_logs_have_it(run: dict[str, Any], archived: Any) -> None:
    def check(order_id: str, found: dict[str, Any]) -> None:
        rows = archived.query(queries()[0], parameters={"order": order_id}).result_rows
        times = ("origin_ns", "recv_ns", "decided_ns", "send_ns")
        wanted = {
            (step["step"], *place(step), *(step[name] for name in times))
            for step in found["steps"]
            if step["step"] not in ("venue_frame", "published")
        }
        joined = [(step, agent, stream_name(stream), *rest) for step, agent, stream, *rest in rows]
        assert {row for row in joined if row[0] != "published"} == wanted
        [published] = [step for step in found["steps"] if step["step"] == "published"]
        assert [row for row in joined if row[0] == "published"] == [
            ("published", *place(published), published["origin_ns"], 0, 0, published["send_ns"])
        ]

    each(run, check)


def test_the_archive_has_the_hops_of_every_order(run: dict[str, Any], archived: Any) -> None:
    found = archived.query(queries()[1])
    hops = {row[0]: dict(zip(found.column_names, row, strict=True)) for row in found.result_rows}
    assert all(ns >= 0 for row in hops.values() for name, ns in row.items() if name != "client_order_id")

    def check(order_id: str, told: dict[str, Any]) -> None:
        row = hops[order_id]
        assert row["tick_to_order_ns"] == told["tick_to_order_ns"]
        parts = [ns for name, ns in row.items() if name not in ("client_order_id", "tick_to_order_ns")]
        assert sum(parts) == told["tick_to_order_ns"]

    each(run, check)


def test_the_archive_tells_what_became_of_every_signal(run: dict[str, Any], archived: Any) -> None:
    rows = archived.query(queries()[2]).result_rows
    decided = [m for _, m in run["records"].values() if isinstance(m, Approved | Denied)]
    assert sum(count for _, decision, _, count, _ in rows if decision == "APPROVED") == sum(
        isinstance(message, Approved) and message.signal_id != 0 for message in decided
    )
    denied = [row for row in rows if row[1] == "DENIED"]
    assert sum(row[3] for row in denied) == sum(isinstance(message, Denied) for message in decided)
    assert all(json.loads(figures) is not None for *_, figures in denied)
