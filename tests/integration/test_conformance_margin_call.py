"""A margin call of Binance USDT-M: it is told, nothing is opened while it stands, and it ends when there is more again."""

import pytest

from schemas.messages import AccountMargin, TradingState
from schemas.orders import OrderStatus as S
from schemas.orders import Reason, Side, TimeInForce, TradingMode
from tests.integration.conformance import ENVIRONMENT, PARTIES, Rig, run
from tests.unit.agents.submissions import approved, submission


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def called(rig: Rig) -> list[int]:
    return [each.mode for each in rig.told(TradingState) if each.reason == Reason.LIQUIDATION_NEAR]


def test_a_margin_call_lets_nothing_open_until_it_is_over() -> None:
    async def test() -> None:
        async with Rig(PARTIES["binance-usdm"], "socket", speed=0.2) as rig:
            await rig.ready()
            rig.submit("T1", rig.taking())
            await rig.ends("T1", S.FILLED)
            await rig.settled()
            values, account = rig.exchange.trading.values, rig.exchange.account
            left_e8 = values.total_maintenance_e8("USDT") * 10 // 9 - values.total_profit_e8("USDT")
            taken_e8 = account.balance("USDT").total_e8 - left_e8
            account.transfer("USDT", -taken_e8)
            await rig.until(lambda: called(rig) == [TradingMode.REDUCING])
            await rig.until(lambda: rig.told(AccountMargin)[-1].equity_e8 < taken_e8 // 100)
            assert "MARGIN_CALL: BTCUSDT" in rig.figures().trouble
            order = approved("T2", rig.party.lots, rig.resting(), Side.BUY, TimeInForce.GTC)
            answer = rig.execution.ask(rig.execution.agent, submission(order))
            assert (answer.accepted, answer.reason) == (False, Reason.TRADING_REDUCING)
            rig.exchange.trading.transfer("USDT", taken_e8, rig.execution.wall_ns)
            await rig.until(lambda: called(rig) == [TradingMode.REDUCING, TradingMode.ACTIVE])
            rig.submit("T3", rig.resting())
            await rig.ends("T3", S.NEW)
            await rig.settled()

    run(test())
