"""The report: its figures from statuses made by hand, its JSON, its lines."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.histogram import LatencyHistogram
from mesh import config
from mesh.processes import start_order
from mesh.report import figures as report
from mesh.report import text as report_lines
from mesh.report.throughput import Rate
from mesh.run import default_config
from mesh.run.up import is_quiet
from schemas.config import Config
from schemas.figures import (
    ArchiveFigures,
    BookFigures,
    DecisionFigures,
    ExecutionFigures,
    Figures,
    HeldFigures,
    MarketDataFigures,
    OrderFigures,
    PaperBalance,
    PaperFigures,
    PnlFigures,
    PortfolioFigures,
    ReaperFigures,
    RiskFigures,
    SignalFigures,
    TickFigures,
)
from schemas.messages import AgentStatus, LinkStatus
from schemas.streams import Kind, StreamState, stream_id

TRADES = stream_id(Kind.TRADE, 1, 1)
BOOK = stream_id(Kind.BOOK, 1, 1)
KEYS = [
    "ticks",
    "links",
    "books",
    "signals",
    "decisions",
    "orders",
    "positions",
    "account",
    "pnl",
    "latency_ns",
    "agents",
    "fills",
    "balances",
    "tops",
    "elapsed_s",
    "counters",
    "trading",
    "trouble",
    "left",
    "held",
    "contracts",
    "weaker",
    "accounts",
]
FIGURES: dict[str, Figures] = {
    "paper": PaperFigures(
        market="model",
        captured=0,
        sent=120,
        frames_sent=150,
        frames_unheard=0,
        done=False,
        connections=3,
        account={
            "BTC": PaperBalance(free="0.00000000", locked="0.00999000", initial="0"),
            "USDT": PaperBalance(free="999400.5", locked="0", initial="1000000"),
        },
        positions={"BTCUSDT": "0.00999"},
        commission={},
        orders={"FILLED": 2},
        open_orders=2,
        fills=5,
        creates_by_client_id_max=1,
    ),
    "market_data": MarketDataFigures(
        ticks=TickFigures(received=120, published=120),
        published_before=0,
        books=[BookFigures(instrument="BTCUSDT", id=1, levels=40, compared=30, equal=30, unequal=[])],
        listing="",
        faults={},
        feeds={},
    ),
    "signal": SignalFigures(signals=3, bars=0, books_damaged=0, late_trades=0, strategies={}),
    "risk": RiskFigures(
        decisions=DecisionFigures(approved=2, denied={"PRICE_COLLAR": 1}),
        released=0,
        trading=[],
        open=HeldFigures(orders=2, reserved=0, unknown=0),
        exposure_gross="0",
        positions={},
        feed_faults={},
        books_damaged=0,
    ),
    "execution": ExecutionFigures(
        trading=[],
        orders=OrderFigures(
            submitted=4,
            external=1,
            new=0,
            partially_filled=1,
            pending_cancel=0,
            unknown=0,
            filled=2,
            canceled=1,
            rejected=0,
            expired=0,
        ),
        open=[],
        reconciled=True,
        trouble="",
        passes=1,
        balances={},
    ),
    "reaper": ReaperFigures(armed=True, state="watching", silent_ms=0, canceled=0, left=0, positions={}, trouble=""),
    "portfolio": PortfolioFigures(
        positions={"BTCUSDT": "0.00999"},
        pnl=PnlFigures(realised="0", unrealised="-1.25", fees="0.60012345", equity="999998.14987655"),
        fills=5,
        fees_by_asset={},
    ),
    "archive": ArchiveFigures(rows={}, archived_ticks=120, pending=0, batches=1, gap_messages=0, away="", positions={}),
}


def changed(role: str, **changes: Any) -> Figures:
    """Return the figures of a role, some of them other than above; the orders of execution are named by state."""
    if "orders" in changes:
        changes["orders"] = replace(FIGURES["execution"].orders, **changes["orders"])
    return replace(FIGURES[role], **changes)


def status(name: str, made: Config, **changes: Any) -> AgentStatus:
    role = str(made.agents[name].__struct_config__.tag)
    fields = {
        "name": name,
        "role": role,
        "state": "live",
        "epoch": 2,
        "uptime_ns": 10**9,
        "rss_bytes": 50 << 20,
        "published": {},
        "links": (),
        "counters": {},
        "latency": {},
        "figures": FIGURES[role],
    }
    return AgentStatus(**fields | changes)


@pytest.fixture
def made(tmp_path: Path) -> Config:
    return config.parse(default_config.default_tree(tmp_path, 8090))


@pytest.fixture
def statuses(made: Config) -> dict[str, AgentStatus]:
    return {name: status(name, made) for name in made.agents}


def link(stream: int, epoch: int, seq: int, *, lost: int = 0) -> LinkStatus:
    return LinkStatus("md", stream, StreamState.LIVE, epoch, seq, seq - 1, 1, lost, 1, 0)


def test_json_has_the_documented_keys(made: Config, statuses: dict[str, AgentStatus]) -> None:
    tops = {"BTCUSDT": ("60000.10", "60000.20"), "ETHUSDT": ("", "")}
    rates = {"paper": Rate(1.5, 20.0)}
    built = report.build(made, statuses, archived=119, tops=tops, rates=rates, elapsed_s=12.34567)
    found = json.loads(report.encode(built))
    assert list(found) == KEYS
    assert found["ticks"] == {"captured": 120, "published": 120, "archived": 119}
    assert found["books"] == [{"instrument": "BTCUSDT", "compared": 30, "equal": 30}]
    assert found["signals"] == 3
    assert found["decisions"] == {"approved": 2, "denied": {"PRICE_COLLAR": 1}}
    assert found["orders"] == {
        "submitted": 4,
        "filled": 2,
        "partially_filled": 1,
        "canceled": 1,
        "rejected": 0,
        "unknown": 0,
        "expired": 0,
        "open": 2,
    }
    assert found["positions"] == {"BTCUSDT": 0.00999, "ETHUSDT": 0}
    assert found["account"] == {"BTCUSDT": 0.00999, "ETHUSDT": 0}
    assert found["balances"] == {"paper": {"BTC": 0.00999, "USDT": -599.5}}
    assert found["fills"] == 5
    assert found["tops"] == {"BTCUSDT": {"bid": 60000.10, "ask": 60000.20}, "ETHUSDT": {"bid": None, "ask": None}}
    assert found["elapsed_s"] == 12.346
    assert found["agents"][0] == {
        "name": "paper",
        "state": "live",
        "restarts": 0,
        "rss_bytes": 52428800,
        "received_per_s": 1.5,
        "published_per_s": 20.0,
    }


def test_counters_are_told_by_agent_without_zeros(made: Config, statuses: dict[str, AgentStatus]) -> None:
    statuses["md"] = status("md", made, counters={"repairs": 2, "book_gap": 1, "pauses": 0})
    assert report.build(made, statuses).counters == {"md": {"book_gap": 1, "repairs": 2}}


def test_mesh_has_run_as_long_as_its_oldest_agent_where_nobody_tells(
    made: Config, statuses: dict[str, AgentStatus]
) -> None:
    statuses["md"] = status("md", made, uptime_ns=90 * 10**9)
    assert report.build(made, statuses).elapsed_s == 90.0


def test_decimals_are_numbers_digit_for_digit(made: Config, statuses: dict[str, AgentStatus]) -> None:
    data = report.encode(report.build(made, statuses))
    assert b'"equity":999998.14987655' in data
    assert json.loads(data, parse_float=Decimal)["pnl"]["fees"] == Decimal("0.60012345")


def test_ticks_of_a_finished_capture_are_all_that_were_recorded(made: Config, statuses: dict[str, AgentStatus]) -> None:
    statuses["paper"] = status("paper", made, figures=changed("paper", captured=500, sent=480, done=True))
    assert report.build(made, statuses).ticks.captured == 500
    statuses["paper"] = status("paper", made, figures=changed("paper", captured=500, sent=480))
    assert report.build(made, statuses).ticks.captured == 480


def test_trades_that_were_asked_for_afterwards_count_as_sent(made: Config, statuses: dict[str, AgentStatus]) -> None:
    filled = TickFigures(received=120, published=120, filled=20)
    statuses["md"] = status("md", made, figures=changed("market_data", ticks=filled))
    statuses["paper"] = status("paper", made, figures=changed("paper", captured=0, sent=100))
    found = report.build(made, statuses).ticks
    assert (found.captured, found.published) == (120, 120)
    statuses["paper"] = status("paper", made, figures=changed("paper", captured=120, sent=100, done=True))
    assert report.build(made, statuses).ticks.captured == 120, "a capture that is over has them all"


def test_ticks_of_earlier_processes_count_and_those_of_earlier_runs_do_not(
    made: Config, statuses: dict[str, AgentStatus]
) -> None:
    statuses["md"] = status("md", made, figures=changed("market_data", published_before=30))
    ticks = report.build(made, statuses, earlier=report.Ticks(0, 10, 5)).ticks
    assert (ticks.published, ticks.archived) == (140, 115)


def test_what_a_subscriber_has_not_got_at_the_end_counts_as_lost(
    made: Config, statuses: dict[str, AgentStatus]
) -> None:
    statuses["md"] = status("md", made, published={TRADES: 10, BOOK: 7})
    statuses["signal"] = status("signal", made, links=(link(TRADES, 1, 8, lost=1), link(BOOK, 2, 7)))
    found = report.build(made, statuses, published=statuses)
    assert [each.lost for each in found.links] == [3, 0]


def test_state_stream_of_an_earlier_epoch_misses_all_of_the_present_one(made: Config) -> None:
    publisher = status("md", made, published={BOOK: 7})
    assert report.missing(link(BOOK, 1, 900), publisher) == 7
    assert report.missing(link(BOOK, 2, 9), publisher) == 0
    assert report.missing(link(TRADES, 1, 9), publisher) == 0


def test_agent_that_does_not_answer_is_down(made: Config, statuses: dict[str, AgentStatus]) -> None:
    del statuses["risk"]
    found = report.build(made, statuses, restarts={"risk": 2})
    assert next(each for each in found.agents if each.name == "risk") == report.AgentLine("risk", "down", 2, 0)
    assert found.lost == 0


def test_histograms_of_one_hop_are_merged(made: Config, statuses: dict[str, AgentStatus]) -> None:
    for name, value in (("signal", 1000), ("risk", 3000)):
        histogram = LatencyHistogram()
        histogram.record(value)
        statuses[name] = status(name, made, latency={"md>x": histogram.to_bytes()})
    hop = report.build(made, statuses).latency_ns["md>x"]
    assert hop["count"] == 2
    assert hop["max"] == 3000


def test_text_has_one_line_a_link(made: Config, statuses: dict[str, AgentStatus]) -> None:
    statuses["signal"] = status("signal", made, links=(link(TRADES, 1, 8),))
    lines = report_lines.text(report.build(made, statuses, tops={"BTCUSDT": ("1.50", "")}, elapsed_s=10)).splitlines()
    assert "elapsed     10.0 s" in lines
    assert "market      BTCUSDT: bid 1.50, ask not known" in lines
    assert "links       1: received 7, repaired 1, gaps 1, lost 0" in lines
    assert "balances    paper: BTC 0.00999, USDT -599.5" in lines
    assert "agent       risk: live, restarts 0, 50 MiB, in 0/s, out 0/s" in lines
    assert "link        md > signal TRADE/1/1: received 7, repaired 1, lost 0" in lines
    assert "decisions   approved 2, denied 1, PRICE_COLLAR 1" in lines


def test_mesh_is_quiet_when_figures_stand_still_and_links_are_level(
    made: Config, statuses: dict[str, AgentStatus]
) -> None:
    statuses["md"] = status("md", made, published={TRADES: 8})
    statuses["signal"] = status("signal", made, links=(link(TRADES, 2, 8),))
    assert is_quiet(made, statuses, statuses)


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("paper", {"sent": 121}),
        ("archive", {"pending": 1}),
        ("signal", {"signals": 4}),
        ("execution", {"orders": {"unknown": 1}}),
        ("portfolio", {"positions": {"BTCUSDT": "0.00998"}}),
    ],
)
def test_mesh_is_not_quiet_while_anything_is_under_way(
    made: Config, statuses: dict[str, AgentStatus], name: str, figures: dict[str, Any]
) -> None:
    role = str(made.agents[name].__struct_config__.tag)
    after = statuses | {name: status(name, made, figures=changed(role, **figures))}
    assert not is_quiet(made, statuses, after)


def test_mesh_is_not_quiet_while_a_link_is_behind_or_an_agent_silent(
    made: Config, statuses: dict[str, AgentStatus]
) -> None:
    before = statuses | {"md": status("md", made, published={TRADES: 9})}
    after = before | {"signal": status("signal", made, links=(link(TRADES, 2, 8),))}
    assert not is_quiet(made, before, after)
    assert not is_quiet(made, statuses, {n: s for n, s in statuses.items() if n != "risk"})
    assert not is_quiet(made, statuses, statuses | {"risk": status("risk", made, state="degraded")})


def test_market_data_starts_last_and_the_archive_first(made: Config) -> None:
    assert start_order(made) == ["archive", "paper", "portfolio", "execution", "reaper", "risk", "signal", "md"]
