"""How the sources are kept: small files and functions, a test beside each module, packages that tell what is in them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.source_tree import PACKAGES, ROOT, files, module_name

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
EVERYTHING = (*PACKAGES, "bench", "tests")


def test_files_are_short() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in [*files(*EVERYTHING, kinds=(".py", ".pyi", ".pyx", ".pxd")), ROOT / "setup.py"]
    }
    assert {path: lines for path, lines in sizes.items() if lines > FILE_LINES_MAX} == {}


def test_functions_are_short() -> None:
    long = {
        f"{path.relative_to(ROOT)}: {name}": lines
        for path in [*files(*EVERYTHING), ROOT / "setup.py"]
        for name, lines in functions(path)
        if lines > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_one_name_is_one_class() -> None:
    places: dict[str, set[str]] = {}
    for path in files(*PACKAGES, kinds=(".py", ".pyx")):
        for name in re.findall(r"^(?:cdef )?class ([A-Za-z]\w*)", path.read_text(encoding="utf-8"), re.MULTILINE):
            places.setdefault(name, set()).add(module_name(path))
    assert len(places) > 200
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Return each function of a source and how many lines it takes."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield node.name, node.end_lineno - node.lineno + 1
    else:
        yield from cython_functions(text.splitlines())


CYTHON_FUNCTION = re.compile(r"^(\s*)(?:cdef|cpdef|def)\s+(?:(?!class |struct |enum |extern |union )[^=(]*?)(\w+)\s*\(")


def cython_functions(lines: list[str]) -> Iterator[tuple[str, int]]:
    """Return each function with a body, told by indentation, and how many lines it takes."""
    for start, line in enumerate(lines):
        found = CYTHON_FUNCTION.match(line)
        if found is None:
            continue
        head, depth = start, 0
        while True:
            code = lines[head].split("#")[0].rstrip()
            depth += sum(code.count(c) for c in "([{") - sum(code.count(c) for c in ")]}")
            if depth <= 0:
                break
            head += 1
        if not code.endswith(":"):
            continue
        end = head
        for place in range(head + 1, len(lines)):
            if lines[place].strip():
                if len(lines[place]) - len(lines[place].lstrip()) <= len(found[1]):
                    break
                end = place
        yield found[2], end - start + 1


def test_functions_of_cython_are_counted() -> None:
    text = """
cdef int f(
    int a
) except -1:
    first

    last

cdef class C:
    cdef int g(self)
    def h(self):
        pass
"""
    assert list(cython_functions(text.splitlines())) == [("f", 6), ("h", 2)]


def test_every_compiled_module_has_a_source() -> None:
    orphans = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.so")
        if not any(path.with_name(path.name.split(".")[0] + kind).exists() for kind in (".pyx", ".pxd"))
    ]
    assert orphans == []


def test_packages_name_their_modules() -> None:
    unnamed = {}
    for init in files(*PACKAGES, kinds=(".py",)):
        if init.name != "__init__.py":
            continue
        told = set(re.findall(r"\w+", ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""))
        folders = {path.parent.name for path in init.parent.glob("*/__init__.py")}
        modules = {path.stem for kind in ("py", "pyx", "pxd") for path in init.parent.glob(f"*.{kind}")}
        missing = (folders | modules) - told - {"__init__", "__main__"}
        if missing:
            unnamed[module_name(init)] = sorted(missing)
    assert unnamed == {}


TESTED_BY: dict[str, str] = {
    "agents.execution.logged_state": "tests/sim/test_anchors.py",
    "agents.execution.order_anchor": "tests/sim/test_anchors.py",
    "agents.portfolio.logged_state": "tests/sim/test_anchors.py",
    "agents.risk.logged_state": "tests/sim/test_anchors.py",
    "agents.state.account_anchor": "tests/sim/test_anchors.py",
    "mesh.history.anchor_rounds": "tests/integration/test_anchors.py",
    "agents.market_data.past_market": "tests/sim/test_anchors.py",
    "agents.signal.seen": "tests/sim/test_state_at.py",
    "agents.state.book_levels": "tests/sim/test_state_at.py",
    "mesh.history.past_run": "tests/sim/test_state_at.py",
    "mesh.history.places": "tests/sim/test_state_at.py",
    "mesh.history.state_at": "tests/sim/test_state_at.py",
    "mesh.history.state_text": "tests/sim/test_state_at.py",
    "mesh.history.moving": "tests/sim/test_moved_logs.py",
    "mesh.history.anchoring": "tests/sim/test_anchors.py",
    "mesh.run.anchors": "tests/integration/test_anchors.py",
    "mesh.cli.replaying": "tests/integration/test_replay_verify.py",
    "mesh.history.difference": "tests/sim/test_verify.py",
    "mesh.history.input_reader": "tests/unit/mesh/protocol/test_input_log.py",
    "mesh.history.logged_starts": "tests/sim/test_verify.py",
    "mesh.history.published": "tests/sim/test_verify.py",
    "mesh.history.rerun": "tests/sim/test_verify.py",
    "mesh.history.verify": "tests/sim/test_verify.py",
    "agents.portfolio.booked_differences": "tests/unit/agents/portfolio/test_balance_check.py",
    "agents.portfolio.followed_account": "tests/unit/agents/portfolio/test_equity_scope.py",
    "agents.execution.key_look": "tests/integration/test_owner.py",
    "agents.paper.market.recorded_venue": "tests/unit/agents/paper/market/test_capture.py",
    "agents.venues.binance.spot_data": "tests/unit/agents/venues/binance/test_samples.py",
    "agents.venues.binance.order_account": "tests/unit/agents/venues/binance/test_spot_account.py",
    "agents.venues.owner_proof": "tests/integration/test_owner.py",
    "schemas.venue_config": "tests/unit/mesh/test_config.py",
    "schemas.venue_worlds": "tests/unit/agents/venues/test_identity.py",
    "agents.archive.backup": "tests/integration/test_archive_backup.py",
    "agents.archive.columns": "tests/unit/agents/archive/test_tables.py",
    "agents.archive.common_columns": "tests/integration/test_archive_fields.py",
    "agents.archive.database": "tests/integration/test_archive_clickhouse.py",
    "agents.archive.engine": "tests/integration/test_archive_engine.py",
    "agents.archive.reader": "tests/integration/test_archive_reader.py",
    "agents.archive.recordings": "tests/integration/test_archive_recordings.py",
    "agents.archive.row_messages": "tests/integration/test_archive_recordings.py",
    "agents.archive.runs": "tests/integration/test_archive_recordings.py",
    "agents.archive.upkeep": "tests/integration/test_archive_backup.py",
    "agents.archive.versions": "tests/integration/test_archive_versions.py",
    "mesh.cli.archiving": "tests/integration/test_archive_backup.py",
    "mesh.cli.data": "tests/integration/test_import.py",
    "agents.importer.book_rows": "tests/unit/agents/importer/test_tardis_files.py",
    "agents.importer.captures": "tests/integration/test_import.py",
    "agents.importer.delimited": "tests/unit/agents/importer/test_binance_files.py",
    "agents.importer.formats": "tests/integration/test_import.py",
    "agents.importer.holdings": "tests/integration/test_import.py",
    "agents.importer.importing": "tests/integration/test_import.py",
    "agents.importer.parquet_columns": "tests/integration/test_import.py",
    "agents.importer.parquet_export": "tests/integration/test_import.py",
    "agents.importer.parquet_files": "tests/integration/test_import.py",
    "agents.importer.rows": "tests/integration/test_import.py",
    "agents.importer.sink": "tests/integration/test_import.py",
    "agents.archive.row_intake": "tests/property/test_archive_batches_property.py",
    "agents.archive.streams": "tests/unit/agents/archive/test_agent.py",
    "agents.execution.approval": "tests/unit/agents/execution/test_order_entry.py",
    "agents.execution.statements": "tests/unit/agents/execution/test_order_table.py",
    "agents.execution.funding": "tests/unit/agents/execution/test_contracts.py",
    "agents.execution.position_check": "tests/unit/agents/execution/test_contracts.py",
    "agents.execution.contract_terms": "tests/unit/agents/execution/test_contracts.py",
    "agents.paper.binance.kline_frames": "tests/unit/agents/paper/market/test_bar_streams.py",
    "agents.paper.bybit.kline_frames": "tests/unit/agents/paper/market/test_bar_streams.py",
    "agents.paper.okx.candle_frames": "tests/unit/agents/paper/market/test_bar_streams.py",
    "agents.paper.binance.dialect": "tests/integration/test_paper_server.py",
    "agents.paper.binance.entry": "tests/unit/agents/paper/account/test_trading.py",
    "agents.paper.binance.reports": "tests/unit/agents/paper/account/test_trading.py",
    "agents.paper.binance.catalog": "tests/integration/test_paper_ccxt.py",
    "agents.paper.binance.private_rest": "tests/integration/test_paper_server.py",
    "agents.paper.binance.listen_key": "tests/unit/agents/paper/binance/usdm/test_user_stream.py",
    "agents.paper.binance.paging": "tests/unit/agents/paper/binance/usdm/test_trade_rest.py",
    "agents.paper.binance.protocol": "tests/unit/agents/paper/binance/usdm/test_account_rest.py",
    "agents.paper.binance.usdm.account_rows": "tests/unit/agents/paper/binance/usdm/test_account_rest.py",
    "agents.paper.binance.usdm.dialect": "tests/unit/agents/paper/binance/usdm/test_trade_rest.py",
    "agents.paper.binance.usdm.entry": "tests/unit/agents/paper/binance/usdm/test_trade_rest.py",
    "agents.paper.binance.usdm.order_rows": "tests/unit/agents/paper/binance/usdm/test_user_stream.py",
    "agents.paper.binance.usdm.refusals": "tests/unit/agents/paper/binance/usdm/test_trade_rest.py",
    "agents.paper.binance.user_stream": "tests/integration/test_paper_server.py",
    "agents.paper.dialect": "tests/unit/agents/paper/test_dialects.py",
    "agents.paper.bybit.authenticator": "tests/unit/agents/paper/bybit/test_trade_rest.py",
    "agents.paper.bybit.order_entry": "tests/unit/agents/paper/bybit/test_trade_rest.py",
    "agents.paper.bybit.order_rows": "tests/unit/agents/paper/bybit/test_private_stream.py",
    "agents.paper.bybit.rate_limits": "tests/unit/agents/paper/bybit/test_trade_rest.py",
    "agents.paper.bybit.wallet": "tests/unit/agents/paper/bybit/test_account_rest.py",
    "agents.paper.bybit.dialect": "tests/unit/agents/paper/bybit/test_public_stream.py",
    "agents.paper.bybit.answers": "tests/unit/agents/paper/bybit/test_public_rest.py",
    "agents.paper.okx.account_rows": "tests/unit/agents/paper/okx/test_shapes.py",
    "agents.paper.okx.connections": "tests/unit/agents/paper/okx/test_private_stream.py",
    "agents.paper.okx.order_rows": "tests/unit/agents/paper/okx/test_shapes.py",
    "agents.paper.okx.answers": "tests/unit/agents/paper/okx/test_public_rest.py",
    "agents.paper.okx.instrument_names": "tests/unit/agents/paper/okx/test_recorded_frames.py",
    "agents.paper.recordings": "tests/unit/agents/paper/market/test_capture.py",
    "agents.paper.market.top_levels": "tests/unit/agents/paper/bybit/test_market_writer.py",
    "agents.paper.exchange": "tests/unit/agents/paper/test_conservation.py",
    "agents.paper.market.capture_sizes": "tests/unit/agents/paper/market/test_capture.py",
    "agents.paper.binance.recorded_frames": "tests/unit/agents/paper/market/test_capture.py",
    "agents.paper.binance.starting_book": "tests/unit/agents/paper/market/test_recorded.py",
    "agents.paper.refusals": "tests/unit/agents/paper/account/test_new_order.py",
    "agents.paper.server": "tests/integration/test_paper_server.py",
    "agents.paper.simulated": "tests/sim/test_trading.py",
    "agents.paper.simulated_orders": "tests/sim/test_trading.py",
    "agents.paper.simulated_delays": "tests/sim/test_trading.py",
    "agents.backtest.desk": "tests/sim/test_backtest.py",
    "agents.backtest.venue_market": "tests/sim/test_backtest.py",
    "agents.backtest.facts": "tests/integration/test_backtest_command.py",
    "agents.backtest.market_data": "tests/integration/test_backtest_command.py",
    "agents.backtest.run": "tests/integration/test_backtest_command.py",
    "agents.backtest.sources": "tests/integration/test_backtest_command.py",
    "agents.backtest.parity.parity": "tests/sim/test_parity.py",
    "agents.backtest.parity.parity_figures": "tests/sim/test_parity.py",
    "agents.backtest.parity.parity_result": "tests/sim/test_parity.py",
    "agents.backtest.parity.parity_text": "tests/integration/test_parity_command.py",
    "agents.backtest.parity.playing": "tests/sim/test_parity.py",
    "agents.backtest.parity.run_market": "tests/integration/test_parity_command.py",
    "agents.backtest.result.charts": "tests/browser/test_report_page.py",
    "agents.backtest.result.gathering": "tests/integration/test_backtest_result.py",
    "agents.backtest.result.instrument_story": "tests/integration/test_backtest_result.py",
    "agents.backtest.result.report": "tests/browser/test_report_page.py",
    "agents.backtest.result.run_logs": "tests/integration/test_backtest_result.py",
    "agents.backtest.sweep.judgement": "tests/integration/test_sweep_command.py",
    "agents.backtest.sweep.market": "tests/integration/test_sweep_command.py",
    "agents.backtest.sweep.page": "tests/integration/test_sweep_command.py",
    "agents.backtest.sweep.ray_workers": "tests/integration/test_sweep_ray.py",
    "agents.backtest.sweep.sweeping": "tests/integration/test_sweep_command.py",
    "agents.backtest.sweep.variant": "tests/integration/test_sweep_command.py",
    "agents.backtest.sweep.workers": "tests/integration/test_sweep_command.py",
    "agents.backtest.fork.branch": "tests/integration/test_fork_command.py",
    "agents.backtest.fork.forking": "tests/integration/test_fork_command.py",
    "mesh.history.logs_at": "tests/integration/test_fork_live.py",
    "agents.backtest.fork.original": "tests/integration/test_fork_command.py",
    "agents.backtest.fork.rest": "tests/integration/test_fork_command.py",
    "mesh.cli.forking": "tests/integration/test_fork_command.py",
    "mesh.cli.backtesting": "tests/integration/test_backtest_command.py",
    "mesh.cli.comparing": "tests/integration/test_parity_command.py",
    "mesh.cli.sweeping": "tests/integration/test_sweep_command.py",
    "mesh.sim.venue_side": "tests/sim/test_venue_side.py",
    "agents.recorder.loop_context": "tests/integration/test_record_overlap.py",
    "agents.recorder.recording": "tests/integration/test_record.py",
    "agents.recorder.venue_recorder": "tests/integration/test_record.py",
    "agents.signal.strategy": "tests/unit/agents/signal/test_strategy_context.py",
    "agents.starter.mine": "tests/unit/mesh/run/test_starter.py",
    "agents.starter.test_mine": "tests/unit/mesh/run/test_starter.py",
    "agents.venues.binance.frames": "tests/property/test_binance_frames_property.py",
    "agents.venues.binance.order_answers": "tests/property/test_binance_order_answers_property.py",
    "agents.venues.bybit.frames": "tests/property/test_bybit_frames_property.py",
    "agents.venues.bybit.marks": "tests/property/test_bybit_frames_property.py",
    "agents.venues.ccxt_any.market": "tests/unit/agents/venues/ccxt_any/test_exchange.py",
    "agents.venues.ccxt_any.shell": "tests/integration/test_ccxt_any.py",
    "agents.venues.websocket": "tests/integration/test_websocket.py",
    "agents.venues.http_ws": "tests/integration/test_venue_shell.py",
    "agents.venues.okx.frames": "tests/property/test_okx_frames_property.py",
    "agents.venues.order_link": "tests/integration/test_order_link.py",
    "agents.venues.port": "tests/unit/agents/venues/binance/test_feeds.py",
    "agents.venues.market_port": "tests/unit/agents/venues/binance/test_feeds.py",
    "core.conflator": "tests/property/test_conflation_property.py",
    "core.json_levels": "tests/property/test_binance_frames_property.py",
    "mesh.agent": "tests/unit/mesh/protocol/test_engine.py",
    "mesh.message_handler": "tests/unit/mesh/protocol/test_engine.py",
    "mesh.protocol.effects": "tests/unit/mesh/protocol/test_engine.py",
    "mesh.protocol.peers": "tests/unit/mesh/protocol/test_link.py",
    "mesh.cli.making": "tests/integration/test_new.py",
    "mesh.cli.recording": "tests/integration/test_record.py",
    "mesh.node.duty_cycle": "tests/integration/test_node.py",
    "mesh.node.hosted_agent": "tests/integration/test_group_mode.py",
    "mesh.node.instance_lock": "tests/integration/test_instance_lock.py",
    "mesh.node.node": "tests/integration/test_node.py",
    "mesh.node.sd_notify": "tests/integration/test_sd_notify.py",
    "mesh.protocol.publication": "tests/unit/mesh/protocol/test_link.py",
    "mesh.report.status": "tests/integration/test_up.py",
    "mesh.run.recording": "tests/integration/test_record.py",
    "mesh.run.supervisor": "tests/integration/test_supervisor.py",
    "mesh.run.up": "tests/integration/test_up.py",
    "mesh.sim.recording": "tests/sim/test_replay.py",
    "mesh.sim.replay": "tests/sim/test_replay.py",
    "mesh.sim.replay_merge": "tests/sim/test_replay.py",
    "mesh.sim.simulator": "tests/sim/test_mesh_links.py",
    "mesh.transport.agent_transport": "tests/integration/test_node.py",
    "mesh.transport.client": "tests/integration/test_node.py",
    "mesh.transport.event_loop": "tests/integration/test_node.py",
    "mesh.transport.followed_log": "tests/integration/test_same_host.py",
    "mesh.transport.receivers": "tests/integration/test_receive_path.py",
    "mesh.transport.same_host": "tests/integration/test_same_host.py",
    "mesh.transport.sockets": "tests/integration/test_zmq_wire.py",
    "mesh.transport.tap": "tests/integration/test_tap.py",
    "mesh.transport.unix_connection": "tests/integration/test_same_host.py",
    "mesh.transport.unix_wire": "tests/integration/test_same_host.py",
    "mesh.transport.zmq_wire": "tests/integration/test_zmq_wire.py",
    "schemas.messages.orders": "tests/unit/agents/execution/test_order_table.py",
}
"""Modules without a unit test of their name, and where they are tried: what waits or connects needs sockets and processes,
what is compiled stands against a naive model in tests/property, and some do nothing that shows outside a larger piece."""


def test_every_module_with_behaviour_has_its_tests() -> None:
    untested = {name for name in modules_with_behaviour() if not unit_test_of(name).exists() and name not in TESTED_BY}
    assert untested == set()


def test_no_module_is_excused_without_need() -> None:
    known = modules_with_behaviour()
    stale = {name for name in TESTED_BY if name not in known or unit_test_of(name).exists()}
    assert stale == set()
    assert [path for path in TESTED_BY.values() if not (ROOT / path).is_file()] == []


def unit_test_of(name: str) -> Path:
    *folders, module = name.split(".")
    return ROOT.joinpath("tests", "unit", *folders, f"test_{module}.py")


def modules_with_behaviour() -> set[str]:
    """Return the modules in which a function does something; declarations, protocols and tables of constants do not."""
    compiled = {module_name(path) for path in files(*PACKAGES, kinds=(".pyx",))}
    return compiled | {
        module_name(path)
        for path in files(*PACKAGES, kinds=(".py",))
        if path.stem not in ("__init__", "__main__")
        and any(map(acts, ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
    }


def acts(node: ast.AST) -> bool:
    """Return whether this is a function whose body is more than a docstring, `...` or a refusal to be called."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    body = [step for step in node.body if not (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))]
    return any(not isinstance(step, ast.Pass | ast.Raise) for step in body)
