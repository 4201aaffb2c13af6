"""Deposits and withdrawals, on every venue's dialect that tells of them: each is told once, also over a restart."""

import pytest

from schemas.messages import Transfer
from tests.integration.conformance import ENVIRONMENT, PARTIES, Rig, run

LISTING = ("bybit-spot", "bybit-linear", "okx-spot", "okx-swap")
"""Of these the venue also says what came while nobody listened."""
TELLING = ("binance", "binance-usdm", *LISTING)
E8 = 10**8


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def moved(rig: Rig) -> list[tuple[str, str]]:
    return [(each.asset, each.amount) for each in rig.told(Transfer)]


@pytest.mark.parametrize("name", TELLING)
def test_what_comes_in_and_goes_out_is_told_once(name: str) -> None:
    async def test() -> None:
        async with Rig(PARTIES[name], "socket") as rig:
            await rig.ready()
            await rig.settled()
            rig.exchange.trading.transfer("USDT", 1_500 * E8, rig.execution.wall_ns)
            await rig.until(lambda: moved(rig) == [("USDT", "1500")])
            rig.submit("T1", rig.taking())
            rig.exchange.trading.transfer("USDT", -E8 // 2, rig.execution.wall_ns)
            await rig.until(lambda: len(moved(rig)) == 2)
            await rig.settled()
            assert moved(rig) == [("USDT", "1500"), ("USDT", "-0.5")]
            assert rig.figures().balances["USDT"] == rig.exchange.account.balance("USDT").total_e8

    run(test())


@pytest.mark.parametrize("name", LISTING)
def test_what_came_while_nobody_listened_is_told_once(name: str) -> None:
    async def test() -> None:
        async with Rig(PARTIES[name], "socket") as rig:
            rig.exchange.trading.transfer("USDT", 7 * E8, rig.execution.wall_ns)
            await rig.ready()
            await rig.settled()
            log = list(rig.execution.published)
            await rig.execution.shell.stop()
            rig.exchange.trading.transfer("USDT", 300 * E8, rig.execution.wall_ns)
            rig.execution = await rig.run_execution(log)
            await rig.until(lambda: moved(rig) == [("USDT", "300")])
            log += rig.execution.published
            await rig.execution.shell.stop()
            rig.execution = await rig.run_execution(log)
            await rig.ready()
            await rig.settled()
            assert moved(rig) == []

    run(test())
