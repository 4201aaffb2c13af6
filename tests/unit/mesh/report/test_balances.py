"""What venues say that their accounts hold and gained, and of which instrument."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.frame import pack
from core.log import LogWriter
from mesh import config
from mesh.protocol.codec import encode, type_number
from mesh.report import balances
from mesh.run import default_config
from schemas.config import Config
from schemas.figures import PaperBalance
from schemas.messages import CancelOrder, Message, Reconciled
from schemas.streams import Kind, stream_id
from tests.unit.mesh.report.test_figures import changed, status

E8 = 10**8


@pytest.fixture
def tree(tmp_path: Path) -> dict[str, Any]:
    return default_config.default_tree(tmp_path, 8090)


def real(tree: dict[str, Any]) -> Config:
    """Return the configuration with a venue that is no paper venue."""
    del tree["agents"]["paper"]
    return config.parse(tree)


def write_log(folder: Path, *messages: Message) -> None:
    log = LogWriter(str(folder / "execution/log"), segment_bytes=1 << 20)
    for seq, message in enumerate(messages, start=1):
        log.append(
            pack(
                stream=stream_id(Kind.ORDER, 1),
                type=type_number(message),
                sender=5,
                epoch=1,
                seq=seq,
                payload=encode(message),
            )
        )
    log.sync()
    log.close()


def test_execution_tells_of_a_venue_that_is_no_paper_venue(tree: dict[str, Any], tmp_path: Path) -> None:
    made = real(tree)
    (tmp_path / "execution").mkdir()
    first = Reconciled(0, 0, 1, {"BTC": E8, "BNB": 5}, {})
    write_log(tmp_path, CancelOrder("T1", 0), first, Reconciled(0, 1, 1, {"BTC": 2 * E8}, {}))
    opening = balances.opening_e8(made)
    assert opening == {"execution": {"BTC": E8, "BNB": 5}}
    figures = changed("execution", balances={"BTC": 3 * E8 // 2, "ETH": 7})
    found = balances.gains(made, {"execution": status("execution", made, figures=figures)}, opening)
    assert found == {"paper": {"BTC": Decimal("0.5"), "BNB": Decimal(-5) / E8, "ETH": Decimal(7) / E8}}
    assert balances.account(made, found, {}) == {"BTCUSDT": Decimal("0.5"), "ETHUSDT": Decimal(7) / E8}


def test_balances_that_no_message_integer_holds_are_told_too(tree: dict[str, Any], tmp_path: Path) -> None:
    made = real(tree)
    (tmp_path / "execution").mkdir()
    write_log(tmp_path, Reconciled(0, 0, 1, {}, {}, {"BTC": "1000000000000000000.00000001"}))
    opening = balances.opening_e8(made)
    figures = changed("execution", balances={}, amounts={"BTC": "1000000000000000001"})
    found = balances.gains(made, {"execution": status("execution", made, figures=figures)}, opening)
    assert found == {"paper": {"BTC": Decimal("0.99999999")}}


def test_what_an_account_holds_is_told_by_its_paper_venue_else_by_execution(tree: dict[str, Any]) -> None:
    made = config.parse(tree)
    held = PaperBalance(free="5", locked="1", initial="2", transferred="3.5")
    statuses = {
        "paper": status("paper", made, figures=changed("paper", account={"BTC": held})),
        "execution": status("execution", made, figures=changed("execution", balances={}, amounts={"BTC": "7"})),
    }
    assert balances.holdings(made, statuses) == {"paper": {"BTC": Decimal(6)}}
    del statuses["paper"]
    assert balances.holdings(made, statuses) == {"paper": {"BTC": Decimal(7)}}


def test_what_was_paid_in_is_no_gain(tree: dict[str, Any]) -> None:
    made = config.parse(tree)
    held = PaperBalance(free="5", locked="1", initial="2", transferred="3.5")
    figures = changed("paper", account={"BTC": held})
    assert balances.gains(made, {"paper": status("paper", made, figures=figures)}, {}) == {
        "paper": {"BTC": Decimal("0.5")}
    }


def test_without_a_log_here_there_is_no_start_to_tell_from(tree: dict[str, Any]) -> None:
    made = real(tree)
    assert balances.opening_e8(made) == {}
    assert balances.gains(made, {"execution": status("execution", made)}, {}) == {}


def test_log_of_an_execution_at_the_paper_venue_is_not_asked(tree: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "execution").mkdir()
    write_log(tmp_path, Reconciled(0, 0, 1, {"BTC": E8}, {}))
    assert balances.opening_e8(config.parse(tree)) == {}


def test_gain_is_of_the_instrument_that_is_traded(tree: dict[str, Any]) -> None:
    tree["instruments"][1] |= {"symbol": "BTCAUD", "quote": "AUD"} | {"base": "BTC"}
    for table in tree["agents"].values():
        for each in (table, *table.get("strategies", ())):
            if "instruments" in each or table["role"] == "execution":
                each["instruments"] = ["BTCUSDT"]
    assert balances.account(config.parse(tree), {"paper": {"BTC": Decimal(1)}}, {}) == {"BTCUSDT": Decimal(1)}


def test_asset_that_another_instrument_is_paid_with_cannot_be_told_apart(tree: dict[str, Any]) -> None:
    tree["instruments"][1] |= {"symbol": "ETHBTC", "quote": "BTC"}
    for table in tree["agents"].values():
        for each in (table, *table.get("strategies", ())):
            if "instruments" in each:
                each["instruments"] = ["BTCUSDT", "ETHBTC"]
    gained = {"paper": {"BTC": Decimal(1), "ETH": Decimal(2)}}
    assert balances.account(config.parse(tree), gained, {}) == {"ETHBTC": Decimal(2)}


def test_positions_in_contracts_are_told_by_the_paper_venue_beside_coins(tree: dict[str, Any]) -> None:
    swap = dict(tree["instruments"][0]) | {"id": 3, "symbol": "BTC-SWAP", "category": "linear"}
    tree["venues"][0]["kind"] = "bybit"
    tree["instruments"] = [dict(tree["instruments"][0]) | {"category": "spot"}, swap]
    for name in ("md", "signal", "execution"):
        tree["agents"][name].pop("instruments", None)
    made = msgspec.convert(tree | {"agents": {"paper": tree["agents"]["paper"]}}, Config)
    coins = {"BTC": PaperBalance(free="2", locked="1", initial="0")}
    figures = changed("paper", account=coins, contracts={"BTC-SWAP": "-0.50000000"})
    statuses = {"paper": status("paper", made, figures=figures)}
    held = balances.contracts(made, statuses)
    assert held == {"paper": {"BTC-SWAP": Decimal("-0.5")}}
    assert balances.account(made, balances.holdings(made, statuses), held) == {
        "BTCUSDT": Decimal(3),
        "BTC-SWAP": Decimal("-0.5"),
    }
