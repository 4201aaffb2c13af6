"""The venue's switch, on every venue that has one: it cancels what an execution agent left that is heard no more."""

import asyncio
import os

import msgspec
import pytest

from schemas.config import Config
from schemas.orders import OrderStatus as S
from tests.integration.conformance import ENVIRONMENT, PARTIES, Party, Rig, run

LONG = bool(os.environ.get("TICKMESH_LONG"))
SWITCHES = {"okx-spot": True, "okx-swap": True, "binance-usdm": False}
"""Whether the switch tells our orders from others of the account."""
DEAD_MAN_MS = {"okx-spot": 10_000, "okx-swap": 10_000, "binance-usdm": 5_000}
"""OKX takes no less."""
SHORT = {"binance-usdm"}
"""What `make test` goes through; `make conformance` has the rest."""


class Armed(Rig):
    """The suite's venue and agent, whose switch has a time of the test's own."""

    def __init__(self, party: Party, over: str, dead_man_ms: int) -> None:
        """Have a market that is in no hurry."""
        super().__init__(party, over, speed=1.0)
        self._dead_man_ms = dead_man_ms

    def _config(self, port: int) -> Config:
        config = super()._config(port)
        execution = msgspec.structs.replace(config.agents["execution"], dead_man_ms=self._dead_man_ms)
        return msgspec.structs.replace(config, agents=config.agents | {"execution": execution})


@pytest.mark.parametrize("name", [name for name in SWITCHES if LONG or name in SHORT])
def test_orders_of_an_agent_that_is_gone_are_canceled(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)

    async def test() -> None:
        async with Armed(PARTIES[name], "socket", DEAD_MAN_MS[name]) as rig:
            await rig.ready()
            rig.submit("T1", rig.resting() // 2)
            await rig.ends("T1", S.NEW)
            await rig.until(lambda: str(DEAD_MAN_MS[name] // 1000) in rig.figures().dead_man_switch)
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
