"""The configuration of a run at several venues that are modelled: one desk above an account at each.

Each venue has what it has in a run of its own (`default_config`), called by its name: paper venue, market data, execution,
reaper. Signal, risk, portfolio and archive are one for all; strategies trade everywhere, and spreads between neighbours.
"""

import itertools
import operator
from collections.abc import Iterable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from mesh.run.default_config import default_tree
from mesh.run.model_venues import MODELS
from schemas.markets import CATEGORIES

OF_VENUE = ("paper", "md", "execution", "reaper")
"""Agents that each venue has of its own."""
CURRENCY = "USDT"
COIN = "BTC"
SPREAD: dict[str, Any] = {"entry_bps": 1.5, "exit_bps": 0.5, "half_life_ms": 5_000}
"""What the model's markets, which know nothing of each other, differ by again and again."""
ACCOUNT_LIMITS: dict[str, Any] = {"short_allowed": True, "correlation_max": 1.0}
"""Of one coin an account has spot and contracts, which move together; the desk compares coins."""
DESK_LIMITS: dict[str, Any] = {
    "exposure_gross_max": "250000",
    "exposure_net_max": "150000",
    "coin_exposure_max": "100000",
    "correlation_max": 0.95,
}


def desk_tree(state_dir: Path, ports: Sequence[int], venues: Sequence[str]) -> dict[str, Any]:
    """Return the configuration as a tree of plain dicts and lists.

    Args:
        state_dir: Where logs, epochs and the archive go.
        ports: Where the paper venue of each listens on loopback.
        venues: Names of `model_venues.MODELS`, each once.
    """
    trees = {venue: default_tree(state_dir, port, venue=venue) for venue, port in zip(venues, ports, strict=True)}
    first = trees[venues[0]]
    instruments: list[dict[str, Any]] = []
    agents: dict[str, dict[str, Any]] = {}
    for index, (venue, tree) in enumerate(trees.items(), start=1):
        count = len(instruments)
        instruments += [each | {"venue": venue, "id": count + n} for n, each in enumerate(tree["instruments"], start=1)]
        agents |= _agents_of(venue, 10 * index, tree["agents"])
        agents[f"paper-{venue}"]["seed"] = index
    names = {venue: [_named(each) for each in instruments if each["venue"] == venue] for venue in venues}
    every = [name for found in names.values() for name in found]
    market_data, executions = ([f"{role}-{venue}" for venue in venues] for role in ("md", "execution"))
    signal = first["agents"]["signal"] | {"id": 1, "market_data": market_data}
    signal["strategies"] = _everywhere(trees.values(), every) + _spreads(venues, instruments)
    risk = first["agents"]["risk"] | {"id": 2, "market_data": market_data, "execution": executions, "desk": DESK_LIMITS}
    risk["limits"] = risk["limits"] | ACCOUNT_LIMITS
    agents["signal"], agents["risk"] = signal, risk
    agents["portfolio"] = {"role": "portfolio", "id": 3, "execution": executions, "market_data": market_data}
    sources = [name for name in agents if not name.startswith("paper-")]
    agents["archive"] = {"role": "archive", "id": 4, "sources": sources}
    return {
        "mesh": first["mesh"],
        "desk": {"currency": CURRENCY},
        "venues": [tree["venues"][0] | {"id": n, "name": v} for n, (v, tree) in enumerate(trees.items(), start=1)],
        "instruments": instruments,
        "agents": agents,
    }


def _agents_of(venue: str, first_id: int, agents: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a venue's own agents, by names that say whose they are."""
    found = {}
    for number, role in enumerate(OF_VENUE):
        table = agents[role] | {"id": first_id + number}
        for key, value in (("venue", venue), ("execution", f"execution-{venue}"), ("market_data", [f"md-{venue}"])):
            if key in table:
                table[key] = value
        found[f"{role}-{venue}"] = table
    return found


def _everywhere(trees: Iterable[dict[str, Any]], symbols: list[str]) -> list[dict[str, Any]]:
    """Return the venues' common strategies, on `symbols`; one begins without bars if any of the venues has none for it."""
    tables = zip(*(tree["agents"]["signal"]["strategies"] for tree in trees), strict=True)
    return [reduce(operator.or_, each) | {"instruments": symbols} for each in tables]


def _spreads(venues: Sequence[str], instruments: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a spread of each two neighbours, of contracts where a venue has them: of two spot legs none can be sold."""
    legs = {}
    for venue in venues:
        found = [each for each in instruments if each["venue"] == venue and each["base"] == COIN]
        contracts = [each for each in found if _is_contract(each)]
        legs[venue] = (contracts or found)[0]
    return [
        {
            "name": f"spread-{one}-{other}",
            "path": "agents.strategies.venue_spread:VenueSpread",
            "instruments": [_named(legs[one]), _named(legs[other])],
            "params": SPREAD,
        }
        for one, other in itertools.pairwise(venues)
        if _is_contract(legs[one]) or _is_contract(legs[other])
    ]


def _is_contract(instrument: dict[str, Any]) -> bool:
    kind, _ = MODELS[instrument["venue"]]
    return str(instrument.get("category") or CATEGORIES[kind][0]) != "spot"


def _named(instrument: dict[str, Any]) -> str:
    return f"{instrument['venue']}:{instrument['symbol']}"
