"""The paper agent: what it needs of its configuration, and what it tells."""

from pathlib import Path

import msgspec
import pytest

from agents.paper import build
from agents.venues.credentials import Credentials, load_credentials
from schemas.config import Config, PaperConfig
from schemas.errors import CaptureError, ConfigError
from schemas.figures import Figures, PaperBalance
from tests.unit.agents.paper.paper_kit import BTC, KEY, SECRET, VENUE


def config(**paper: object) -> Config:
    table = PaperConfig(id=1, venue="paper", balances={"USDT": "5"}, **paper)  # type: ignore[arg-type]
    venue = msgspec.structs.replace(VENUE, credentials="UNITPAPER")
    return Config(venues=(venue,), instruments=(BTC,), agents={"paper": table})


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNITPAPER_KEY", KEY)
    monkeypatch.setenv("UNITPAPER_SECRET", SECRET)


def test_figures_are_plain_and_complete() -> None:
    figures = build("paper", config()).figures()
    assert figures.market == "model"
    assert figures.account["USDT"] == PaperBalance(free="5.00000000", locked="0.00000000", initial="5.00000000")
    assert figures.positions == {"BTCUSDT": "0.00000000"}
    assert (figures.captured, figures.sent, figures.done, figures.orders) == (0, 0, False, {})
    assert msgspec.json.decode(msgspec.json.encode(figures), type=Figures) == figures


def test_missing_capture_stops_the_start() -> None:
    with pytest.raises(CaptureError, match="nowhere"):
        build("paper", config(captures=("nowhere.gz",)))


def test_unknown_venue_is_named() -> None:
    whole = msgspec.structs.replace(config(), venues=())
    with pytest.raises(ConfigError, match="'paper'"):
        build("paper", whole)


def test_credentials_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    named = msgspec.structs.replace(VENUE, credentials="X")
    assert load_credentials(named, {"X_KEY": "a", "X_SECRET": "b"}) == Credentials("a", "b")
    path = tmp_path / "account.toml"
    path.write_text('key = "a"\nsecret = "b"\n')
    filed = msgspec.structs.replace(VENUE, credentials=f"file:{path}")
    assert load_credentials(filed, {}) == Credentials("a", "b")
    path.write_text('key = "a"\n')
    for venue, said in ((named, "X_KEY and X_SECRET"), (filed, "key and secret must both be set"), (VENUE, "not set")):
        with pytest.raises(ConfigError, match=said):
            load_credentials(venue, {})
