"""The connection for orders is replaced before the venue ends it, while orders go through: none is lost, none is refused.

The venue closes each connection at the end of its life, or a while after it has announced that, whatever is out on it.
"""

import asyncio
import json
import os
import time
from typing import Any

import msgspec
import pytest

from agents.venues.binance.spot_limits import ORDER as SPOT_ORDER
from agents.venues.binance.usdm_limits import ORDER as USDM_ORDER
from schemas.config import Config
from schemas.orders import OrderStatus as S
from tests.integration.conformance import ENVIRONMENT, PARTIES, Party, Rig, run

LIFE_S = 1.6
ANSWER_MS = 150
"""How long each answer takes: at each take-over there are orders out."""
EVERY_S = 0.12
"""Fewer orders than the venue takes in ten seconds."""
RENEWALS = 2
NOTICE_S = 0.6

LONG = bool(os.environ.get("TICKMESH_LONG"))
pytestmark = pytest.mark.parametrize("name", ["binance", "binance-usdm"] if LONG else ["binance"])


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


class Renewing(Rig):
    """The suite's venue and agent; which connections were there, and which orders came by REST, is kept."""

    def __init__(self, party: Party, life_s: float) -> None:
        """Have the agent believe that the venue ends connections after `life_s`."""
        super().__init__(party, "socket")
        self._life_s = life_s
        self.by_rest = 0
        """How many orders came by REST."""
        self.carriers: list[int] = []
        """The connections over which orders came, in their order."""

    def _config(self, port: int) -> Config:
        config = super()._config(port)
        venue = msgspec.structs.replace(config.venues[0], connection_life_ms=int(self._life_s * 1000))
        return msgspec.structs.replace(config, venues=(venue,))

    def listen(self) -> None:
        """Take note of which way orders come from now on."""
        answer, take = self.exchange.http, self.exchange.ws_message

        def http(method: str, path: str, *rest: Any) -> Any:
            self.by_rest += method in ("POST", "DELETE") and path in (SPOT_ORDER, USDM_ORDER)
            return answer(method, path, *rest)

        def ws_message(number: int, text: str, wall_ns: int) -> None:
            if '"order.place"' in text and number not in self.carriers:
                self.carriers.append(number)
            take(number, text, wall_ns)

        self.exchange.http, self.exchange.ws_message = http, ws_message  # type: ignore[method-assign]

    async def end_old_connections(self) -> None:
        """Be a venue whose connections live for `life_s`."""
        since: dict[int, float] = {}
        while True:
            there = self.exchange.dialect.hub.all()
            for number in there:
                since.setdefault(number, time.monotonic())
            for number in [each for each in there if time.monotonic() - since[each] > self._life_s]:
                self.exchange.dialect.ws_close(number)
                self.server._close(number)
            await asyncio.sleep(0.02)

    async def trade_until(self, condition: Any) -> list[str]:
        """Have one order after another created until `condition` holds, and each canceled; return their names."""
        names: list[str] = []
        self.fault("delay", ms=ANSWER_MS, count=1_000_000)
        while not condition():
            names.append(f"T{len(names) + 1}")
            self.submit(names[-1], self.resting())
            due_s = time.monotonic() + EVERY_S
            await self.until(lambda due_s=due_s: time.monotonic() >= due_s)
        for name in names:
            await self.ends(name, S.NEW)
        return names

    def count(self, counter: str) -> int:
        """Return a counter of the agent."""
        return int(self.execution.counters.get(counter, 0))


def test_orders_go_on_over_many_ends_of_the_connection(name: str) -> None:
    async def test() -> None:
        async with Renewing(PARTIES[name], LIFE_S) as rig:
            ends = asyncio.ensure_future(rig.end_old_connections())
            await rig.ready()
            rig.listen()

            def renewed() -> bool:
                assert rig.figures().orders_over == "socket"
                return len(rig.carriers) > RENEWALS

            names = await rig.trade_until(renewed)
            told = [state for each in names for state in rig.statuses(each)]
            assert S.UNKNOWN not in told
            assert S.REJECTED not in told
            assert rig.count("order_socket_lost") == 0
            assert rig.by_rest == 0
            await rig.until(lambda: not set(rig.carriers[:-1]) & set(rig.exchange.dialect.hub.all()))
            rig.fault("clear")
            await rig.settled()
            ends.cancel()

    run(test())


def test_an_announced_end_takes_no_order_with_it(name: str) -> None:
    async def test() -> None:
        async with Renewing(PARTIES[name], 3_600.0) as rig:
            await rig.ready()
            rig.listen()
            end_s = 0.0

            def shut_down_and_over() -> bool:
                nonlocal end_s
                if not end_s and S.NEW in rig.statuses("T3"):
                    body = json.dumps({"fault": "shutdown", "seconds": NOTICE_S}).encode()
                    rig.exchange.http("POST", "/paper/fault", "", {}, body, time.time_ns())
                    end_s = time.monotonic() + NOTICE_S + 0.5
                return bool(end_s) and time.monotonic() > end_s

            names = await rig.trade_until(shut_down_and_over)
            told = [state for each in names for state in rig.statuses(each)]
            assert S.UNKNOWN not in told
            assert S.REJECTED not in told
            assert rig.figures().orders_over == "socket"
            assert rig.count("order_socket_lost") == 0
            assert rig.by_rest <= 2, "those of the time until the second connection was there"
            assert len(rig.carriers) == 2
            rig.fault("clear")
            await rig.settled()

    run(test())
