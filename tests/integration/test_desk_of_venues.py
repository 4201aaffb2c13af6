"""Three venues, one desk: both legs of a spread trade, nothing is lost, and a venue that stands still costs one leg."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.instruments import InstrumentTable
from mesh.config import load
from mesh.trace.logs import Logs
from schemas.config import Config
from schemas.figures import SignalFigures, StrategyFigures
from schemas.messages import E8, OrderFilled
from schemas.streams import Kind, stream_id
from tests.integration.whole_mesh import WholeMesh, assert_nothing_lost, whole_mesh

pytestmark = pytest.mark.whole_mesh

VENUES = ("binance", "bybit", "okx")
EXECUTIONS = tuple(f"execution-{venue}" for venue in VENUES)
SPREAD = "spread-bybit-okx"
ORDER_NOTIONAL = 500
"""The most that one order of the spread is worth, and so what one leg may hold beyond the other."""
BEYOND = 1.2
"""The least order of a leg on top of it, and the slippage."""
STOPPED_S = 4.0
FILLS_S_MAX = 90.0
END_S_MAX = 90.0


@pytest.mark.timeout(300)
def test_three_venues_are_one_desk_and_one_that_stands_still_costs_a_leg_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That positions are what each of the three accounts holds, `up` itself says by its exit status."""
    with whole_mesh(tmp_path) as mesh:
        monkeypatch.setenv("XDG_RUNTIME_DIR", mesh.run_dir)
        mesh.config_file = mesh.state / "tickmesh.toml"
        named = [word for venue in VENUES for word in ("--venue", venue)]
        mesh.start(*named, "--json", "--state-dir", mesh.state)
        mesh.until(mesh.config_file.exists, "the configuration is written", FILLS_S_MAX)
        mesh.until(lambda: all(spread(mesh).values()), "both legs of the spread are held", FILLS_S_MAX)
        with mesh.stopped("paper-okx"):
            mesh.wait_s(STOPPED_S)
        before = spread_fills(mesh)
        mesh.until(lambda: spread_fills(mesh) > before, "the spread trades again", FILLS_S_MAX)
        halted = mesh.command("halt", "--venue", "binance", "--reason", "one of three", "-c", mesh.config_file)
        assert halted.returncode == 0, halted.stderr
        trading = {name: each.figures.trading for name, each in mesh.statuses("risk", *EXECUTIONS).items()}  # type: ignore[union-attr]
        assert trading["risk"][0] == "HALTED account=1: operator: one of three"
        assert [name for name, lines in trading.items() if "HALTED all: operator: one of three" in lines] == [
            "execution-binance"
        ]
        mesh.ask_to_end()
        found: dict[str, Any] = mesh.report(END_S_MAX)
        config = load(mesh.config_file)
    assert_nothing_lost(found)
    assert set(found["accounts"]) == set(VENUES)
    legs = list(fills_of_spread(mesh.state, config))
    assert {instrument for instrument, _, _ in legs} == {"BTCUSDT-LINEAR", "BTC-USDT-SWAP"}
    net = worst = 0.0
    for _, qty, price in legs:
        net += qty
        worst = max(worst, abs(net) * price)
    assert worst <= BEYOND * ORDER_NOTIONAL


def spread(mesh: WholeMesh) -> dict[str, float]:
    """Return what the spread holds, by instrument, as its agent tells."""
    figures = spread_figures(mesh)
    return {"": 0.0} if figures is None else {name: float(qty) for name, qty in figures.positions.items()}


def spread_fills(mesh: WholeMesh) -> int:
    """Return how many fills the spread has, as its agent tells."""
    figures = spread_figures(mesh)
    return 0 if figures is None else figures.fills


def spread_figures(mesh: WholeMesh) -> StrategyFigures | None:
    """Return the figures of the spread, None while its agent does not answer."""
    found = mesh.statuses("signal").get("signal")
    figures = None if found is None else found.figures
    return figures.strategies.get(SPREAD) if isinstance(figures, SignalFigures) else None


def fills_of_spread(state: Path, config: Config) -> Iterator[tuple[str, float, float]]:
    """Return instrument, signed quantity and price of the fills of the spread, in the order in which they were told."""
    infos = InstrumentTable(config).by_id
    logs = Logs(state, config)
    records = [
        record
        for venue in config.venues
        for record in logs.records(f"execution-{venue.name}", stream_id(Kind.ORDER, venue.id, 0))
        if isinstance(record.message, OrderFilled) and record.message.strategy == SPREAD
    ]
    logs.close()
    for record in sorted(records, key=lambda each: each.header.send_ns):
        fill = record.message
        assert isinstance(fill, OrderFilled)
        info = infos[fill.instrument_id]
        yield info.name, fill.side * info.qty_e8(fill.last_qty_lots) / E8, info.px_e8(fill.last_px_ticks) / E8
