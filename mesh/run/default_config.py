"""The configuration of a run that was given none: every role on this machine, against the paper venue.

It is made as the tree that its TOML file would hold and goes through the same checks, so that a user can copy the file
of a run and go on from there. A capture says for itself which market and instruments it has; without one, the paper
venue's order-flow model trades `MODEL_INSTRUMENTS` of the kind of venue that is asked for. Where the paper venue takes no
orders in a venue's protocol, nothing trades: market data is published and archived.

Equity and exposure add up in one quote currency. Where a capture has several, the one with most instruments is traded;
the others are published by a market data agent of their own, archived and compared all the same.
"""

import contextlib
import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from mesh.roles import role_module, role_of
from mesh.run.model_venues import MODEL_INSTRUMENTS, MODELS
from schemas.config import Config, ExecutionConfig, InstrumentConfig, PaperConfig
from schemas.errors import AddressTakenError, CaptureError, ConfigError

VENUE = "paper"
VENUE_ID = 1
HOST = "127.0.0.1"
CREDENTIALS = "TICKMESH_PAPER"
ORDER_PATHS = {"binance_spot": "/ws-api/v3", "binance_usdm": "/ws-fapi/v1"}
"""Where the paper venue takes orders over a websocket, where that has an address of its own."""
TRADERS = ("signal", "risk", "execution", "reaper", "portfolio")

CASH = "1000000"
SEGMENT_BYTES = 1 << 22
"""Preallocated for each agent: a run that is looked at once should not fill the disk."""

MARKET_DATA_LOG_BYTES = 1 << 30
"""Market data is archived and comes anew from the venue: its log is for repairs, some millions of ticks far back."""
LEAD_IN_MS = 1_000
LEAD_IN_MS_TWO = 10_000
"""The venue's clock starts with the first connection: time for the second market data agent to connect too."""

KINDS_WITH_SECONDS = ("binance_spot", "okx")
"""The kinds of venues that have bars of a second, as long as those that strategies take by themselves."""

PORTS = range(20_000, 30_000)
"""Below those that Linux gives to connections (net.ipv4.ip_local_port_range, from 32768 on): some seconds pass until the
venue binds its port, and whoever connects to somewhere meanwhile might be given it."""

PORT_TRIES = 100

HEADER = """\
# The configuration of one `tickmesh up`, written by it. Copy it, change it, and run `tickmesh up -c FILE`.
# The paper venue's key and secret are taken from {prefix}_KEY and {prefix}_SECRET; `up` makes them up if they are not set.

"""


def describe(captures: Sequence[str]) -> dict[str, Any]:
    """Return what the captures hold: market, instruments, number of ticks, duration.

    Raises:
        CaptureError: If one is missing or not in a known format.
    """
    check_captures(captures)
    found: dict[str, Any] = role_module("paper").describe(captures)
    return found


def make_capture(path: Path, *, seed: int, duration_s: float) -> int:
    """Write a capture of the order-flow model with `MODEL_INSTRUMENTS`; return the number of frames in it.

    Raises:
        CaptureError: If the file cannot be written.
    """
    tables = [_instrument(number, dict(each)) for number, each in enumerate(MODEL_INSTRUMENTS, start=1)]
    instruments = msgspec.convert(tables, list[InstrumentConfig])
    frames: int = role_module("paper").make_capture(path, instruments, seed=seed, duration_s=duration_s)
    return frames


def check_captures(captures: Sequence[str]) -> None:
    """Check that every capture is a file.

    Raises:
        CaptureError: If one is not.
    """
    for path in captures:
        if not os.path.isfile(path):
            raise CaptureError(f"{path}: there is no such capture file")


def default_tree(
    state_dir: Path,
    port: int,
    *,
    captures: Sequence[str] = (),
    speed: float = 1.0,
    found: dict[str, Any] | None = None,
    venue: str = "binance",
) -> dict[str, Any]:
    """Return the default configuration as a tree of plain dicts and lists.

    Args:
        state_dir: Where logs, epochs and the archive go.
        port: Where the paper venue listens on loopback.
        captures: Capture files to play, in order.
        speed: How many times as fast as it was recorded.
        found: What the captures hold, as `describe` returns it.
        venue: Which venue of `MODELS` is modelled where there are no captures.
    """
    kind, modelled = MODELS[venue]
    kind = str(found["market"]).replace("-", "_") if found else kind
    instruments = [dict(instrument) for instrument in (found["instruments"] if found else modelled)]
    orders = str(role_module("paper").kind_of_orders(kind))
    symbols, others = _by_currency(instruments) if orders else ([each["symbol"] for each in instruments], [])
    return {
        "mesh": {"state_dir": str(state_dir), "log_segment_bytes": SEGMENT_BYTES},
        "venues": [_venue(kind, orders, port)],
        "instruments": [_instrument(number, each) for number, each in enumerate(instruments, start=1)],
        "agents": {
            "paper": {
                "role": "paper",
                "id": 1,
                "venue": VENUE,
                "listen": f"{HOST}:{port}",
                "captures": [os.path.abspath(path) for path in captures],
                "speed": float(speed),
                "lead_in_ms": LEAD_IN_MS_TWO if others else LEAD_IN_MS,
                "balances": {each["quote"]: CASH for each in instruments if each["symbol"] in symbols},
            },
            "md": _market_data(2, symbols),
            **({"md-others": _market_data(8, others)} if others else {}),
            **(_traders(symbols, kind, all_of_venue=not others) if orders else {}),
            "archive": {
                "role": "archive",
                "id": 7,
                "sources": ["md", *(["md-others"] if others else []), *(TRADERS if orders else ())],
            },
        },
    }


def toml_text(tree: dict[str, Any]) -> str:
    """Return a configuration tree as the text of its file."""
    import tomli_w

    return HEADER.format(prefix=CREDENTIALS) + tomli_w.dumps(tree)


def tree_of(config: Config) -> dict[str, Any]:
    """Return a checked configuration as a tree again, every setting written out."""
    tree: dict[str, Any] = msgspec.to_builtins(config)
    return tree


def with_captures(config: Config, captures: Sequence[str], speed: float | None) -> Config:
    """Return `config` with other captures (if any are given) and another speed (if given) in its paper venues.

    Raises:
        ConfigError: If it has no paper venue.
    """
    if not captures and speed is None:
        return config
    names = [name for name in config.agents if role_of(name, config) == "paper"]
    if not names:
        raise ConfigError("agents: --capture and --speed need an agent of role 'paper' (found: none)")
    agents = dict(config.agents)
    for name in names:
        table = agents[name]
        assert isinstance(table, PaperConfig)
        changes: dict[str, Any] = {} if speed is None else {"speed": speed}
        if captures:
            changes["captures"] = tuple(os.path.abspath(path) for path in captures)
        agents[name] = msgspec.structs.replace(table, **changes)
    return msgspec.structs.replace(config, agents=agents)


def with_orders_left(config: Config) -> Config:
    """Return `config` with orders left at the venue when execution stops."""
    agents = {
        name: msgspec.structs.replace(table, at_stop="leave") if isinstance(table, ExecutionConfig) else table
        for name, table in config.agents.items()
    }
    return msgspec.structs.replace(config, agents=agents)


def captures_of(config: Config) -> list[str]:
    """Return the captures that the paper venues of `config` play."""
    return [path for table in config.agents.values() if isinstance(table, PaperConfig) for path in table.captures]


def provide_credentials(config: Config) -> None:
    """Make up what the environment does not have of the paper venues' credentials; it is never written to disk."""
    paper = {table.venue for table in config.agents.values() if isinstance(table, PaperConfig)}
    for venue in config.venues:
        prefix = venue.credentials
        if venue.name in paper and prefix and not prefix.startswith("file:"):
            for end in ("KEY", "SECRET", "PASSPHRASE"):
                os.environ.setdefault(f"{prefix}_{end}", secrets.token_hex(32))


def free_port() -> int:
    """Return a TCP port of loopback that is free now, of those that no connection is given meanwhile.

    Raises:
        AddressTakenError: If none was found.
    """
    for _ in range(PORT_TRIES):
        port = secrets.choice(PORTS)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise AddressTakenError(f"{HOST}: none of {PORT_TRIES} ports from {PORTS.start} to {PORTS.stop - 1} is free")


def free_ports(count: int) -> list[int]:
    """Return so many different ports that are free now.

    Raises:
        AddressTakenError: If they were not found.
    """
    found: dict[int, None] = {}
    while len(found) < count:
        found[free_port()] = None
    return list(found)


def _venue(kind: str, orders: str, port: int) -> dict[str, Any]:
    return {
        "id": VENUE_ID,
        "name": VENUE,
        "kind": kind,
        "rest_url": f"http://{HOST}:{port}",
        "ws_url": f"ws://{HOST}:{port}",
        **({"ws_api_url": f"ws://{HOST}:{port}{ORDER_PATHS[orders]}"} if orders in ORDER_PATHS else {}),
        "credentials": CREDENTIALS,
    }


def _instrument(number: int, found: dict[str, Any]) -> dict[str, Any]:
    names = (
        *("symbol", "venue_symbol", "category", "base", "quote"),
        *("tick_size", "lot_size", "contract_size", "min_notional", "feeds"),
    )
    return {"id": number, "venue": VENUE} | {name: found[name] for name in names if name in found}


def _by_currency(instruments: Sequence[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Return the symbols that are traded, those of the commonest quote currency, and the others."""
    quotes = [each["quote"] for each in instruments]
    traded = max(dict.fromkeys(quotes), key=quotes.count)
    symbols = [each["symbol"] for each in instruments if each["quote"] == traded]
    return symbols, [each["symbol"] for each in instruments if each["quote"] != traded]


def _market_data(number: int, symbols: list[str]) -> dict[str, Any]:
    return {
        "role": "market_data",
        "id": number,
        "venue": VENUE,
        "instruments": symbols,
        "log_retention_bytes": MARKET_DATA_LOG_BYTES,
    }


def _traders(symbols: list[str], kind: str, *, all_of_venue: bool) -> dict[str, Any]:
    """Return the tables of all that trades."""
    return {
        "signal": _signal(symbols, kind),
        "risk": _risk(),
        "execution": {
            "role": "execution",
            "id": 5,
            "venue": VENUE,
            "market_data": ["md"],
            **({} if all_of_venue else {"instruments": symbols}),
        },
        "reaper": {"role": "reaper", "id": 9, "execution": "execution"},
        "portfolio": {"role": "portfolio", "id": 6, "execution": ["execution"], "market_data": ["md"]},
    }


def _signal(symbols: list[str], kind: str) -> dict[str, Any]:
    """Return the table of strategies; one that takes bars begins without any where the venue has none so short."""
    cold = {} if kind in KINDS_WITH_SECONDS else {"warm_up_bars": 0}
    return {
        "role": "signal",
        "id": 3,
        "market_data": ["md"],
        "risk": "risk",
        "strategies": [
            {"name": "ema_cross", "path": "agents.strategies.ema_cross:EmaCross", "instruments": symbols, **cold},
            {
                "name": "book_imbalance",
                "path": "agents.strategies.book_imbalance:BookImbalance",
                "instruments": symbols,
            },
        ],
    }


def _risk() -> dict[str, Any]:
    return {
        "role": "risk",
        "id": 4,
        "market_data": ["md"],
        "execution": ["execution"],
        "portfolio": "portfolio",
        # Money bounds an order here: a quantity that is small for one instrument is large for another.
        "limits": {
            "order_qty_max": "10000000",
            "order_notional_max": "10000",
            "position_max": "100000000",
            "exposure_gross_max": "100000",
            "exposure_net_max": "100000",
        },
    }
