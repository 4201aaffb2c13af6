"""What a person sees of a running mesh."""

import io
from decimal import Decimal

import pytest
from rich.console import Console

from mesh.report import AgentLine, BookLine, Decisions, LinkLine, Orders, Pnl, Report, Ticks
from mesh.view import Lines, Picture, make_view, render
from schemas.messages import AgentStatus, LinkStatus
from schemas.streams import Kind, StreamState, stream_id

REPORT = Report(
    ticks=Ticks(120, 119, 118),
    links=[LinkLine("md", "signal", "TRADE/1/1", 60, 2, 1)],
    books=[BookLine("BTCUSDT", 30, 29)],
    signals=5,
    decisions=Decisions(4, {"PRICE_COLLAR": 1}),
    orders=Orders(4, 3, 0, 1, 0, 0, 0, 0),
    positions={"BTCUSDT": Decimal("0.00999")},
    account={"BTCUSDT": Decimal("0.00999")},
    pnl=Pnl(Decimal("1.5"), Decimal("-0.25"), Decimal("0.75"), Decimal("1000000.5")),
    latency_ns={"md>signal": {"count": 60, "p50": 120_400, "p99": 900_000, "p999": 1_000_000, "max": 25_000_000}},
    agents=[AgentLine("md", "live", 0, 50 << 20), AgentLine("signal", "degraded", 2, 60 << 20)],
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
    return Picture("model", elapsed_s, REPORT, STATUSES, {"BTCUSDT": ("60000.10", "60000.20")}, 42.4)


def test_screen_shows_every_figure() -> None:
    console = Console(file=io.StringIO(), width=160)
    console.print(render(picture(12.0)))
    assert isinstance(console.file, io.StringIO)
    rows = [" ".join(row.split()) for row in console.file.getvalue().splitlines()]
    assert rows[0] == "tickmesh model 12 s 42 ticks/s"
    shown = "\n".join(rows)
    for figure in (
        "md live 3 10 s 0 50 MiB",
        "signal degraded 4 10 s 2 60 MiB",
        "BTCUSDT 60000.10 60000.20 29 of 30 0.00999",
        "captured 120 published 119 archived 118",
        "approved 4 PRICE_COLLAR 1",
        "submitted 4 filled 3 canceled 1",
        "realised 1.5 unrealised -0.25 fees 0.75 equity 1000000.5",
        "md > signal gap 100 2 1 4",
        "md>signal 60 120.4 us 900.0 us 1000.0 us 25.0 ms",
    ):
        assert figure in shown


def test_lines_come_every_few_seconds_only() -> None:
    stream = io.StringIO()
    with Lines(stream) as lines:
        for elapsed_s in (0.0, 1.0, 4.9, 5.0, 9.0):
            lines.show(picture(elapsed_s))
        lines.note("the end")
    shown = stream.getvalue().splitlines()
    assert [line.split()[0] for line in shown] == ["0", "5", "the"]
    assert "agents 1/2 live  ticks 119 (42/s)  gaps 4  lost 1  BTCUSDT 60000.10/60000.20" in shown[0]
    assert shown[0].endswith("signals 5  approved 4  denied 1  orders 4  filled 3  P&L 0.50")


@pytest.mark.parametrize("json", [False, True])
def test_without_a_terminal_there_are_lines_on_standard_error(json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    view = make_view(json)
    assert isinstance(view, Lines)
    view.note("hello")
    assert capsys.readouterr() == ("", "hello\n")
