"""The venue's switch, on every venue that has one: it cancels what an execution agent left that is heard no more."""

import asyncio

import pytest

from schemas.orders import OrderStatus as S
from tests.integration.conformance import ENVIRONMENT, PARTIES, Rig, run

SWITCHES = {"okx-spot": True, "okx-swap": True, "binance-usdm": False}
"""Whether the switch tells our orders from others of the account."""


@pytest.mark.parametrize("name", SWITCHES)
def test_orders_of_an_agent_that_is_gone_are_canceled(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)

    async def test() -> None:
        async with Rig(PARTIES[name], "socket", speed=1.0) as rig:
            await rig.ready()
            rig.submit("T1", rig.resting() // 2)
            await rig.ends("T1", S.NEW)
            await rig.until(lambda: "10" in rig.figures().dead_man_switch)
            others = rig.place_by_hand("T2", rig.resting() // 2)
            log = list(rig.execution.published)
            await rig.execution.shell.stop()
            async with asyncio.timeout(20):
                while rig.status_at_venue("T1") != "CANCELED":
                    await asyncio.sleep(0.1)
            assert others.open == SWITCHES[name]
            rig.execution = await rig.run_execution(log)
            await rig.ends("T1", S.CANCELED)
            await rig.settled()

    run(test())
