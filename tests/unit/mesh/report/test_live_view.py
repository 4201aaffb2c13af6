"""What a person sees of a running mesh."""

import io
import re
from decimal import Decimal

import msgspec
import pytest
from rich.console import Console

from mesh.report.figures import AgentLine, BookLine, DecisionCounts, LinkLine, OrderCounts, Pnl, Report, Ticks, Top
from mesh.report.live_view import Lines, Picture, make_view, render
from schemas.messages import AgentStatus, LinkStatus
from schemas.streams import Kind, StreamState, stream_id

HOP = {"count": 60, "p50": 120_400, "p99": 900_000, "p999": 1_000_000, "max": 25_000_000}
REPORT = Report(
    ticks=Ticks(120, 119, 118),
    links=[LinkLine("md", "signal", "TRADE/1/1", 60, 2, 0, 3), LinkLine("md", "signal", "BOOK/1/1", 40, 0, 1, 1)],
    books=[BookLine("BTCUSDT", 30, 29)],
    signals=5,
    decisions=DecisionCounts(4, {"PRICE_COLLAR": 2, "MAX_POSITION": 1}),
    orders=OrderCounts(4, 3, 0, 1, 0, 0, 0, 0),
    positions={"BTCUSDT": Decimal("0.00999")},
    account={"BTCUSDT": Decimal("0.00999")},
    pnl=Pnl(Decimal("1.5"), Decimal("-0.25"), Decimal("0.75"), Decimal("1000000.5")),
    latency_ns={"md>signal": HOP, "tick_to_order": HOP | {"p50": 800_000}},
    agents=[AgentLine("md", "live", 0, 50 << 20, 0, 1200.4), AgentLine("signal", "degraded", 2, 60 << 20, 2400, 3)],
    fills=6,
    balances={"paper": {"BTC": Decimal("0.00999")}},
    tops={"BTCUSDT": Top(Decimal("60000.10"), Decimal("60000.20")), "ETHUSDT": Top(Decimal("3000.10"), None)},
    elapsed_s=12.0,
)
LINKS = (
    LinkStatus("md", stream_id(Kind.TRADE, 1, 1), StreamState.LIVE, 1, 60, 60, 2, 0, 3, 0),
    LinkStatus("md", stream_id(Kind.BOOK, 1, 1), StreamState.GAP, 1, 40, 40, 0, 1, 1, 0),
)
STATUSES = {
    "md": AgentStatus("md", "market_data", "live", 3, 10**10, 50 << 20, {}, (), {}, {}),
    "signal": AgentStatus("signal", "signal", "degraded", 4, 10**10, 60 << 20, {}, LINKS, {}, {}),
}


def picture(elapsed_s: float) -> Picture:
    return Picture("model", msgspec.structs.replace(REPORT, elapsed_s=elapsed_s), STATUSES, 42.4)


def drawn(shown: Picture, width: int, height: int) -> list[str]:
    """Return the lines that a terminal of that size shows of a picture."""
    console = Console(file=io.StringIO(), width=width, height=height, record=True)
    console.print(render(shown, console))
    return console.export_text().splitlines()


def squeezed(rows: list[str]) -> str:
    return "\n".join(" ".join(row.split()) for row in rows)


def test_what_holds_trading_back_is_shown_while_it_does() -> None:
    held = {"risk": ["HALTED all: operator: looks wrong", "REDUCING all: DAILY_LOSS: 11000"]}
    report = msgspec.structs.replace(REPORT, trading=held, trouble={"execution": ["private stream closed"]})
    shown = squeezed(drawn(Picture("model", report, STATUSES, 42.4), 160, 50))
    assert "modes risk: HALTED all: operator: looks wrong and 1 more" in shown
    assert "trouble execution: private stream closed" in shown
    assert "modes" not in squeezed(drawn(picture(12.0), 160, 50))


def test_screen_shows_every_figure() -> None:
    shown = squeezed(drawn(picture(12.0), 160, 50))
    assert shown.startswith("tickmesh 12 s 42 ticks/s model\n")
    for figure in (
        "md live 3 10 s 0 50 MiB 0 1200",
        "signal degraded 4 10 s 2 60 MiB 2400 3",
        "BTCUSDT 60000.10 60000.20 29 of 30 0.00999",
        "ETHUSDT 3000.10",
        "captured 120 published 119 archived 118",
        "approved 4 PRICE_COLLAR 2 MAX_POSITION 1",
        "submitted 4 filled 3 canceled 1",
        "fills 6",
        "realised 1.5 unrealised -0.25 fees 0.75 equity 1000000.5",
        "md > signal gap 100 2 1 4",
        "md>signal 60 120.4 us 900.0 us 1000.0 us 25.0 ms",
    ):
        assert figure in shown


def large() -> Picture:
    """Return a mesh of fourteen agents, twelve instruments and thirty links."""
    agents = [AgentLine(f"agent-{n}", "live", 0, 50 << 20, 10, 10) for n in range(14)]
    agents[7] = AgentLine("agent-7", "down", 3, 0)
    symbols = [f"COIN{n}USDT" for n in range(12)]
    report = msgspec.structs.replace(
        REPORT,
        agents=agents,
        links=[LinkLine("agent-0", "agent-1", "TRADE/1/1", 10, 1, 0, 1)] * 30,
        books=[BookLine(symbol, 30, 30) for symbol in symbols],
        tops={symbol: Top(Decimal("1.5"), Decimal("1.6")) for symbol in symbols},
        latency_ns={f"agent-0>agent-{n}": HOP for n in range(12)} | {"tick_to_order": HOP},
    )
    statuses = {a.name: AgentStatus(a.name, "signal", a.state, 1, 10**10, 50 << 20, {}, LINKS, {}, {}) for a in agents}
    return Picture("a-capture-with-a-rather-long-name-20240809.gz, and-another-one.gz", report, statuses, 1234.5)


def test_what_does_not_fit_on_a_small_terminal_is_summarised_and_nothing_cropped() -> None:
    rows = drawn(large(), 80, 24)
    assert len(rows) <= 24
    assert max(map(len, rows)) <= 80
    assert not [row for row in rows[1:] if "…" in row]
    shown = squeezed(rows)
    assert shown.splitlines()[2].startswith("agent-7 down")
    assert re.search(r"^and (\d) more \1 live$", shown, re.MULTILINE)
    assert re.search(r"^and \d+ more$", shown, re.MULTILINE)
    assert "links 30: received 300, repaired 30, gaps 30, lost 0" in shown
    for figure in ("COIN0USDT 1.5 1.6 30 of 30", "fills 6", "equity 1000000.5"):
        assert figure in shown


def test_usual_mesh_fits_on_a_small_terminal_with_every_agent_and_instrument() -> None:
    shown = drawn(picture(12.0), 80, 24)
    assert len(shown) <= 24
    found = squeezed(shown)
    assert "md live 3 10 s 0 50 MiB 0 1200\nsignal degraded 4 10 s 2 60 MiB 2400 3" in found
    assert "BTCUSDT 60000.10 60000.20 29 of 30 0.00999\nETHUSDT 3000.10" in found
    assert "tick_to_order 60 800.0 us 900.0 us" in found
    assert "more" not in found


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (80, 60), (200, 24), (300, 100)])
def test_no_size_of_terminal_is_overrun(width: int, height: int) -> None:
    rows = drawn(large(), width, height)
    assert len(rows) <= height
    assert max(map(len, rows)) <= width


def test_lines_come_every_few_seconds_only() -> None:
    stream = io.StringIO()
    with Lines(stream) as lines:
        for elapsed_s in (0.0, 1.0, 4.9, 5.0, 9.0):
            lines.show(picture(elapsed_s))
        lines.note("the end")
    shown = stream.getvalue().splitlines()
    assert [line.split()[0] for line in shown] == ["0", "5", "the"]
    assert "agents 1/2 live  ticks 119 (42/s)  gaps 4  repaired 2  lost 1  BTCUSDT 60000.10/60000.20" in shown[0]
    assert shown[0].endswith(
        "signals 5  approved 4  denied 3 (PRICE_COLLAR 2, MAX_POSITION 1)  orders 4  filled 3  fills 6  "
        "tick to order p50 800.0 us, p99 900.0 us  P&L 0.50"
    )


@pytest.mark.parametrize("json", [False, True])
def test_without_a_terminal_there_are_lines_on_standard_error(json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    view = make_view(json)
    assert isinstance(view, Lines)
    view.note("hello")
    assert capsys.readouterr() == ("", "hello\n")
