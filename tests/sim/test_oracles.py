"""The oracles of the simulated desk see what they are there to see: each breach of an invariant, and no other thing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from agents.risk.agent import RiskAgent
from agents.risk.limits import parse_limits
from agents.venues.adapters import ADAPTERS
from agents.venues.binance.spot_account import SpotAccount
from agents.venues.reports import CallResult, Verdict
from core.frame import FLAG_SNAPSHOT, Header
from mesh.agent import Start, Subscription, VenueReply
from mesh.sim.simulator import Network
from schemas.messages import Approved, Denied, Message
from schemas.orders import Reason, Side
from schemas.streams import Kind, stream_id
from tests.sim import account_oracles
from tests.sim.account_oracles import equity_difference_e8, ownerless_orders, refused_reductions
from tests.sim.desk import MS, Desk
from tests.sim.oracles import StreamOracle

STATE = stream_id(Kind.MARK, 1, 1)
EVENT = stream_id(Kind.ORDER, 1, 0)


def judged(subscription: Subscription, *positions: tuple[int, int] | tuple[int, int, int]) -> list[str]:
    """Return which invariants a follower finds broken that is given these positions (and flags) in turn."""
    violations: list[str] = []
    oracle = StreamOracle("risk", [subscription], violations)
    for epoch, seq, *flags in positions:
        header = Header(
            stream=subscription.stream, type=1, sender=1, epoch=epoch, seq=seq, flags=flags[0] if flags else 0
        )
        oracle.applied(subscription.publisher, header)
    return [text.split()[0] for text in violations]


FIRST = Subscription("execution", EVENT, start=Start.FIRST)
NEXT = Subscription("execution", EVENT)
AFTER = Subscription("execution", EVENT, start=Start.FIRST, position=(1, 7))
MARK = Subscription("md", STATE)
SNAP = FLAG_SNAPSHOT


@pytest.mark.parametrize(
    ("subscription", "positions", "broken"),
    [
        pytest.param(FIRST, [(1, 1), (1, 2), (2, 3)], [], id="events from the first, over a restart"),
        pytest.param(FIRST, [(1, 2)], ["S1"], id="first event not seen"),
        pytest.param(FIRST, [(1, 1), (1, 3)], ["S1"], id="event skipped"),
        pytest.param(FIRST, [(1, 1), (2, 3)], ["S1"], id="event skipped at a restart"),
        pytest.param(FIRST, [(1, 1), (1, 1)], ["S2"], id="event twice"),
        pytest.param(FIRST, [(2, 1), (1, 2)], ["S4"], id="epoch back"),
        pytest.param(NEXT, [(1, 5), (1, 6)], [], id="events from now on"),
        pytest.param(AFTER, [(1, 8)], [], id="events after the position"),
        pytest.param(AFTER, [(1, 9)], ["S1"], id="event after the position skipped"),
        pytest.param(AFTER, [(1, 7)], ["S2"], id="event before the position again"),
        pytest.param(MARK, [(1, 4, SNAP), (1, 5), (2, 1), (2, 2), (3, 9, SNAP)], [], id="state by snapshots"),
        pytest.param(MARK, [(1, 4)], ["S1"], id="state joined without a snapshot"),
        pytest.param(MARK, [(1, 1), (1, 3)], ["S1"], id="state skipped"),
        pytest.param(MARK, [(1, 1), (2, 2)], ["S1"], id="new epoch entered without a snapshot"),
        pytest.param(MARK, [(1, 4, SNAP), (1, 4, SNAP)], ["S2"], id="state twice"),
        pytest.param(MARK, [(2, 4, SNAP), (1, 5)], ["S4"], id="state of an epoch before"),
    ],
)
def test_each_breach_of_a_stream_is_seen(
    subscription: Subscription, positions: list[tuple[int, int] | tuple[int, int, int]], broken: list[str]
) -> None:
    assert judged(subscription, *positions) == broken


@pytest.mark.parametrize(
    ("limit", "broken"), [({"position_max": "10000"}, "O4 "), ({"open_orders_max": 10**12}, "O4:")]
)
def test_a_desk_whose_risk_forgets_a_limit_is_found_out(tmp_path: Path, limit: dict[str, Any], broken: str) -> None:
    found: set[str] = set()
    for seed in range(3, 9):
        desk = Desk(tmp_path / str(seed), seed, network=Network(latency_ns_max=20 * MS), open_orders_max=1)
        desk.start()
        risk = desk.simulator.nodes["risk"].agent
        assert isinstance(risk, RiskAgent)
        (account,) = risk._desk.accounts
        account.limits = parse_limits(msgspec.structs.replace(risk._config.limits, **limit), "limits")
        desk.run(30)
        found |= {text[: len(broken)] for text in desk.violations}
        if found:
            break
    assert found == {broken}


class _Credulous(SpotAccount):
    """An account for which a create that was not answered was rejected: it may be at the venue all the same."""

    def order_verdict(self, reply: VenueReply) -> Verdict:
        verdict = super().order_verdict(reply)
        unproven = verdict.result == CallResult.UNKNOWN and reply.call.method == "POST"
        return Verdict(CallResult.REFUSED, int(Reason.VENUE_REJECTED), verdict.text) if unproven else verdict


def test_a_desk_that_takes_silence_for_a_rejection_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spot = ADAPTERS["binance_spot"]
    monkeypatch.setitem(ADAPTERS, "binance_spot", replace(spot, account=lambda venue, infos: _Credulous(venue, infos)))
    desk = Desk(tmp_path, 3, open_orders_max=1)
    desk.start()
    desk.run(3)
    for _ in range(20):
        desk.fault(fault="mute_user", count=50)
        desk.fault(fault="error_after", count=3, status=504)
        desk.run(1)
    assert "O4:" in {text[:3] for text in desk.violations}


def test_a_desk_whose_execution_forgets_the_owners_is_found_out(tmp_path: Path) -> None:
    found = 0
    for seed in range(1, 9):
        desk = Desk(tmp_path / str(seed), seed, execution={"peer_timeout_ms": 10**9}, hold_ms=60_000)
        desk.start()
        desk.run(3)
        for _ in range(100):
            if desk.venue.exchange.trading.ledger.open:
                break
            desk.run(0.05)
        desk.simulator.crash("signal")
        desk.run(8)
        found += len(ownerless_orders(desk, {"signal"}))
    assert found > 0


def test_a_limit_that_keeps_anyone_in_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, 3)
    desk.start()
    desk.run(30)
    assert refused_reductions(desk) == []
    read = account_oracles.log_of

    def denying(desk: Desk, name: str) -> Iterator[tuple[Header, Message]]:
        """Yield a log in which risk has denied every sale that it approved."""
        for header, message in read(desk, name):
            if isinstance(message, Approved) and message.side == Side.SELL:
                yield (
                    header,
                    Denied(
                        message.signal_id,
                        message.strategy,
                        message.instrument_id,
                        int(Reason.ORDER_RATE),
                        {},
                        message.causes,
                    ),
                )
            else:
                yield header, message

    monkeypatch.setattr(account_oracles, "log_of", denying)
    assert refused_reductions(desk)[0].startswith("O8: ORDER_RATE")


def test_money_that_nobody_was_told_of_is_found_out(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 3)
    desk.start()
    desk.run(20)
    desk.venue.exchange.trading.account.transfer("USDT", -5 * 10**8)
    desk.run(3)
    assert equity_difference_e8(desk) == 5 * 10**8
