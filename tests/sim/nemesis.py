"""What may happen to a desk: agents and the venue die, networks fail and crawl, the venue misbehaves, hands interfere.

Each seed draws some of the faults (so that a rare pair meets often), then one after the other at random. Everything comes
from the one generator that is handed in.
"""

import random
from collections.abc import Callable, Sequence

import msgspec

from tests.sim.desk import AGENTS, MS, SECOND, Desk

Fault = Callable[[Desk, random.Random], None]


def nemesis(desk: Desk, rng: random.Random, steps: int, always: Sequence[Fault] = ()) -> None:
    """Let `steps` faults happen, about half a second after each other: of kinds that are drawn, and those of `always`."""
    kinds = [*rng.sample(FAULTS, rng.randint(4, 10)), *always]
    for _ in range(steps):
        desk.run(rng.uniform(0.1, 0.8))
        rng.choice(kinds)(desk, rng)


def kill_agents(desk: Desk, rng: random.Random) -> None:
    names = rng.sample(AGENTS, rng.choice((1, 1, 2, 3, len(AGENTS))))
    for name in names:
        desk.simulator.crash(name)
        if rng.random() < 0.3:
            desk.run(rng.uniform(0.01, 0.2))
    for name in rng.sample(names, len(names)):
        desk.run(rng.uniform(0.05, 0.8))
        desk.simulator.start(name)


def kill_venue(desk: Desk, rng: random.Random) -> None:
    desk.crash_venue()
    if rng.random() < 0.3:
        kill_agents(desk, rng)
    desk.run(rng.uniform(0.05, 1.5))
    desk.restart_venue()


def cut_off(desk: Desk, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 2))):
        one, other = rng.sample(AGENTS, 2)
        desk.simulator.partition(one, other, int(rng.uniform(0.05, 2.5) * SECOND))


def deafen(desk: Desk, rng: random.Random) -> None:
    subscriber = desk.simulator.nodes[rng.choice(AGENTS)]
    links = subscriber.engine.status().links
    if links:
        link = rng.choice(links)
        desk.simulator.deafen(link.publisher, subscriber.name, link.stream)


def slow_down(desk: Desk, rng: random.Random) -> None:
    before = desk.simulator.network
    latency_ns_max = rng.choice((50, 400, 1200, 3000)) * MS
    desk.simulator.network = msgspec.structs.replace(before, latency_ns_max=latency_ns_max)
    desk.run(rng.uniform(0.3, 2.0))
    desk.simulator.network = before


def lose_calls(desk: Desk, rng: random.Random) -> None:
    desk.venue.request_loss = rng.choice((0.0, 0.1, 0.3))


def close_sockets(desk: Desk, rng: random.Random) -> None:
    desk.fault(fault=rng.choice(("close_user", "close_market")))


def close_user_again_and_again(desk: Desk, rng: random.Random) -> None:
    for _ in range(rng.randint(3, 10)):
        desk.fault(fault="close_user")
        desk.run(rng.uniform(0.05, 0.3))


def refuse_subscription(desk: Desk, rng: random.Random) -> None:
    desk.subscriptions_refused = rng.randint(1, 2)
    desk.fault(fault="close_user")


def limit_rate(desk: Desk, rng: random.Random) -> None:
    desk.fault(fault="rate_limit", count=rng.randint(1, 5), retry_after=rng.randint(1, 4))


def mute_user(desk: Desk, rng: random.Random) -> None:
    desk.fault(fault="mute_user", count=rng.randint(1, 10))


def drop_market(desk: Desk, rng: random.Random) -> None:
    streams = ("", *(f"{each.symbol.lower()}@depth@100ms" for each in desk.config.instruments))
    desk.fault(fault="drop_market", count=rng.randint(1, 20), stream=rng.choice(streams))


def hide_orders(desk: Desk, rng: random.Random) -> None:
    desk.fault(fault="hide", count=rng.randint(1, 3), seconds=rng.uniform(0.1, 8.0))


def delay_replies(desk: Desk, rng: random.Random) -> None:
    desk.fault(fault="delay", count=rng.randint(1, 5), ms=rng.choice((50, 500, 3000, 15_000)))


def drop_replies(desk: Desk, rng: random.Random) -> None:
    desk.fault(fault="drop_reply", count=rng.randint(1, 3))


def fail_creates(desk: Desk, rng: random.Random) -> None:
    fault = rng.choice(("error_before", "error_after"))
    desk.fault(fault=fault, count=rng.randint(1, 3), status=rng.choice((500, 502, 503, 504)))


def sell_by_hand(desk: Desk, rng: random.Random) -> None:
    desk.sell_by_hand(rng)


FAULTS: tuple[Fault, ...] = (
    kill_agents,
    kill_venue,
    cut_off,
    deafen,
    slow_down,
    lose_calls,
    close_sockets,
    close_user_again_and_again,
    refuse_subscription,
    limit_rate,
    mute_user,
    drop_market,
    hide_orders,
    delay_replies,
    drop_replies,
    fail_creates,
    sell_by_hand,
)
