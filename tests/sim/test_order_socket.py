"""Orders over the venue's websocket in virtual time: they go that way, and nothing that breaks it doubles or loses one."""

import random
from pathlib import Path

import pytest

from mesh.context import VenueCall
from mesh.sim.simulator import Network
from tests.sim.desk import SECOND, Desk
from tests.sim.test_trading import check_kept, run_until_quiet


def ways(desk: Desk) -> tuple[int, int]:
    """Return how many orders have reached the venue over the websocket and over REST, from now on."""
    counts = [0, 0]
    exchange = desk.venue.exchange
    take, carry_out = exchange.ws_message, exchange.http

    def over_socket(number: int, text: str, wall_ns: int) -> None:
        counts[0] += '"order.place"' in text
        take(number, text, wall_ns)

    def over_rest(method: str, path: str, *rest: object) -> object:
        counts[1] += (method, path) == ("POST", "/api/v3/order")
        return carry_out(method, path, *rest)  # type: ignore[arg-type]

    exchange.ws_message = over_socket  # type: ignore[method-assign]
    exchange.http = over_rest  # type: ignore[assignment, method-assign]
    return counts  # type: ignore[return-value]


def creates_of(desk: Desk) -> list[VenueCall]:
    """Return the creates that execution has its shell make, from now on."""
    made: list[VenueCall] = []
    shell = desk.simulator.shells["execution"]
    carry = shell.call

    def seen(call_id: int, call: VenueCall) -> None:
        if call.method == "POST":
            made.append(call)
        carry(call_id, call)

    shell.call = seen  # type: ignore[method-assign]
    return made


@pytest.mark.parametrize("over", ["socket", "rest"])
def test_orders_go_the_way_that_is_configured(tmp_path: Path, over: str) -> None:
    desk = Desk(tmp_path, 1, execution={"orders_over": over})
    counts = ways(desk)
    desk.start()
    desk.run(10)
    used, unused = counts if over == "socket" else reversed(counts)
    assert used > 10
    assert unused == 0
    assert desk.figures("execution").orders_over == ("socket" if over == "socket" else "REST")
    check_kept(desk)


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_socket_that_breaks_again_and_again_with_orders_in_flight_keeps_the_invariants(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    network = Network(latency_ns_max=rng.choice((1, 50, 400)) * SECOND // 1000)
    desk = Desk(tmp_path, seed, network=network, execution={"orders_over": "socket"})
    counts = ways(desk)
    desk.start()
    desk.run(3)
    for _ in range(12):
        desk.venue.request_loss = rng.choice((0.0, 0.2, 0.5))
        fault = rng.choice(("close_user", "drop_reply", "delay", "error_after", "hide", ""))
        if fault:
            desk.fault(fault=fault, count=rng.randint(1, 3), ms=rng.choice((50, 3_000, 15_000)), seconds=2.0)
        desk.run(rng.uniform(0.05, 1.5))
        if rng.random() < 0.3:
            desk.simulator.crash("execution")
            desk.run(rng.uniform(0.01, 0.5))
            desk.simulator.start("execution")
    desk.heal()
    run_until_quiet(desk)
    assert counts[0] > 0
    check_kept(desk)


@pytest.mark.parametrize("over", ["socket", "rest"])
@pytest.mark.parametrize("after_ms", [0.0, 0.1, 0.3, 0.8, 2.0, 40.0])
def test_an_execution_that_is_killed_with_an_order_at_any_stage_loses_and_doubles_nothing(
    tmp_path: Path, over: str, after_ms: float
) -> None:
    desk = Desk(tmp_path, 5, execution={"orders_over": over})
    handed_over = creates_of(desk)
    desk.start()
    desk.run(3)
    for _ in range(6):
        before = len(handed_over)
        for _ in range(200_000):
            desk.simulator.run(10_000)
            if len(handed_over) > before:
                break
        desk.simulator.run(int(after_ms * 1_000_000))
        desk.simulator.crash("execution")
        desk.run(0.3)
        desk.simulator.start("execution")
        desk.run(4)
    run_until_quiet(desk)
    check_kept(desk)
