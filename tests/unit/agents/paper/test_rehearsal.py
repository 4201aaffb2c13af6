"""A configuration rehearsed: what it does, that it does it again, and what it cannot rehearse."""

from pathlib import Path
from typing import Any

import pytest

from agents.paper.rehearsal import Rehearsal
from mesh.config import parse
from mesh.run.default_config import default_tree
from schemas.errors import ConfigError
from schemas.markets import bar_length_ms
from schemas.messages import Approved, OrderFilled, Trade, VenueBar
from schemas.units import MS


def tree(folder: Path) -> dict[str, Any]:
    return default_tree(folder / "state", 1)


def test_every_agent_does_its_part_in_virtual_time(tmp_path: Path) -> None:
    with Rehearsal(parse(tree(tmp_path)), tmp_path / "logs") as rehearsal:
        rehearsal.run(15)
        assert sum(isinstance(each, Trade) for each in rehearsal.published("md")) > 200
        approved = [each for each in rehearsal.published("risk") if isinstance(each, Approved)]
        fills = [each for each in rehearsal.published("execution") if isinstance(each, OrderFilled)]
    assert {fill.client_order_id for fill in fills} <= {each.client_order_id for each in approved}
    assert fills
    assert not (tmp_path / "state").exists()


def test_venue_that_is_not_paper_is_refused(tmp_path: Path) -> None:
    changed = tree(tmp_path)
    changed["venues"].append(changed["venues"][0] | {"id": 2, "name": "other"})
    changed["agents"]["md"]["venue"] = "other"
    changed["instruments"] += [{**each, "id": 10 + each["id"], "venue": "other"} for each in changed["instruments"]]
    with pytest.raises(ConfigError, match=r"agents\.md\.venue: 'other' is no paper venue.*\(allowed: paper\)"):
        Rehearsal(parse(changed), tmp_path / "logs")


@pytest.mark.parametrize(
    ("venue", "feed", "seconds"),
    [("binance", "kline_1s", 5), ("okx", "kline_1s", 5), ("binance-usdm", "kline_1m", 121), ("bybit", "kline_1m", 121)],
)
def test_a_feed_of_bars_is_published_bar_by_bar(tmp_path: Path, venue: str, feed: str, seconds: int) -> None:
    changed = default_tree(tmp_path / "state", 1, venue=venue)
    changed["agents"] = {name: changed["agents"][name] for name in ("paper", "md")}
    changed["instruments"] = [each | {"feeds": [feed]} for each in changed["instruments"]]
    with Rehearsal(parse(changed), tmp_path / "logs") as rehearsal:
        rehearsal.run(seconds)
        bars = [each for each in rehearsal.published("md") if isinstance(each, VenueBar)]
    opens = sorted({each.open_ns for each in bars})
    assert opens == [opens[0] + n * bar_length_ms(feed) * MS for n in range(len(opens))]
    assert len(bars) == len(opens) * len(changed["instruments"]), "one of each instrument"
