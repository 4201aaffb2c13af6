"""What a run did, in figures: one object, whose keys are kept stable (`mesh.report.text` has it as text).

Everything is taken from the statuses that the agents gave, so the report of a running mesh and the one at its end are
made the same way. Money and quantities are exact decimals from end to end. A link's `lost` is what its subscriber gave
up plus what it had not got when all was quiet, by what the publisher says that it published: nothing missing is left
out because nobody noticed.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from core.histogram import LatencyHistogram
from mesh.report.balances import account, gains
from mesh.report.throughput import Rate
from schemas.config import Config
from schemas.messages import AgentStatus, LinkStatus
from schemas.streams import StreamClass, StreamState, stream_class, stream_name

DOWN = "down"


class Ticks(msgspec.Struct, frozen=True):
    """Venue frames with a tick: sent by the venue, published by market data, rows in the archive."""

    captured: int
    published: int
    archived: int


class LinkLine(msgspec.Struct, frozen=True):
    """One stream of one publisher as one subscriber got it, and whether it is `live` there, or what it waits for."""

    publisher: str
    subscriber: str
    stream: str
    received: int
    repaired: int
    lost: int
    gaps: int = 0
    state: str = "live"


class BookLine(msgspec.Struct, frozen=True):
    """One order book against the venue's own best bid and ask: how often compared, how often equal."""

    instrument: str
    compared: int
    equal: int


class DecisionCounts(msgspec.Struct, frozen=True):
    """What risk answered; denials by reason."""

    approved: int
    denied: dict[str, int]


class OrderCounts(msgspec.Struct, frozen=True):
    """Orders by the state that they are in, of all that were submitted; `open` are all that may still trade."""

    submitted: int
    filled: int
    partially_filled: int
    canceled: int
    rejected: int
    unknown: int
    expired: int
    open: int


class Pnl(msgspec.Struct, frozen=True):
    """Profit and loss in the quote currency; realised and unrealised are before fees."""

    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    equity: Decimal


class AgentLine(msgspec.Struct, frozen=True):
    """One agent: `live`, `degraded` (a stream that it follows is not live) or `down`; rates are messages a second."""

    name: str
    state: str
    restarts: int
    rss_bytes: int
    received_per_s: float = 0.0
    published_per_s: float = 0.0


class Top(msgspec.Struct, frozen=True):
    """Best bid and ask of an instrument, None for a side that is empty or not known."""

    bid: Decimal | None
    ask: Decimal | None


class Report(msgspec.Struct, frozen=True):
    """The figures of a run."""

    ticks: Ticks
    links: list[LinkLine]
    books: list[BookLine]
    signals: int
    decisions: DecisionCounts
    orders: OrderCounts
    positions: dict[str, Decimal]
    account: dict[str, Decimal]
    pnl: Pnl
    latency_ns: dict[str, dict[str, int]]
    agents: list[AgentLine]
    fills: int
    balances: dict[str, dict[str, Decimal]]
    tops: dict[str, Top]
    elapsed_s: float

    @property
    def lost(self) -> int:
        """Messages that a subscriber did not get and never will."""
        return sum(link.lost for link in self.links)


def build(
    config: Config,
    statuses: Mapping[str, AgentStatus],
    *,
    published: Mapping[str, AgentStatus] | None = None,
    restarts: Mapping[str, int] | None = None,
    archived: int | None = None,
    earlier: Ticks | None = None,
    opening: Mapping[str, Mapping[str, int]] | None = None,
    rates: Mapping[str, Rate] | None = None,
    tops: Mapping[str, tuple[str, str]] | None = None,
    elapsed_s: float | None = None,
) -> Report:
    """Return the report of the agents of `config`.

    Args:
        config: The mesh.
        statuses: The agents' statuses; an agent without one is down.
        published: Earlier statuses, by which links are held to have got everything that was published then.
        restarts: How often each agent was started again.
        archived: Ticks in the archive, if they were counted there; else what the archives say.
        earlier: Ticks of earlier runs with the same state folder, which are not counted.
        opening: What execution's balances were at first, by agent (`balances.opening_e8`).
        rates: Messages a second of each agent.
        tops: Best bid and ask by symbol, as texts, empty where they are not known.
        elapsed_s: How long the mesh has run; else as long as the agent that has run for longest.
    """
    figures = _Figures(statuses)
    gained = gains(config, statuses, opening or {})
    if elapsed_s is None:
        elapsed_s = max((status.uptime_ns for status in statuses.values()), default=0) / 1e9
    return Report(
        ticks=_ticks(figures, archived, earlier or Ticks(0, 0, 0)),
        links=_links(statuses, published or {}),
        books=[_book(book) for book in figures.lists("market_data", "books")],
        signals=figures.total("signal", "signals"),
        decisions=_decisions(figures),
        orders=_orders(figures),
        positions=_positions(config, figures.decimals("portfolio", "positions")),
        account={symbol: _plain(qty) for symbol, qty in account(config, gained).items()},
        pnl=_pnl(figures),
        latency_ns=_latency(statuses),
        agents=[
            _agent(name, statuses.get(name), (restarts or {}).get(name, 0), (rates or {}).get(name, Rate()))
            for name in config.agents
        ],
        fills=figures.total("portfolio", "fills"),
        balances={venue: {a: _plain(qty) for a, qty in assets.items()} for venue, assets in gained.items()},
        tops={symbol: Top(_price(bid), _price(ask)) for symbol, (bid, ask) in (tops or {}).items()},
        elapsed_s=round(elapsed_s, 3),
    )


def encode(report: Report) -> bytes:
    """Return the report as one JSON object; decimals are numbers, digit for digit."""
    return msgspec.json.Encoder(decimal_format="number").encode(report)


def missing(link: LinkStatus, publisher: AgentStatus | None) -> int:
    """Return how many messages `publisher` says it published on the link's stream that the subscriber has not got."""
    if publisher is None or link.stream not in publisher.published:
        return 0
    behind = publisher.published[link.stream] - link.seq
    if stream_class(link.stream) is StreamClass.EVENT or link.epoch == publisher.epoch:
        return max(0, behind)
    return publisher.published[link.stream] if link.epoch < publisher.epoch else 0


class _Figures:
    """The roles' own figures: names to numbers, texts, lists and dicts, as far as they are there."""

    def __init__(self, statuses: Mapping[str, AgentStatus]) -> None:
        self._statuses = statuses

    def of(self, role: str, *names: str) -> list[Any]:
        """Return what each agent of `role` has under the nested `names`."""
        found: list[Any] = [status.figures for status in self._statuses.values() if status.role == role]
        for name in names:
            found = [each[name] for each in found if isinstance(each, dict) and name in each]
        return found

    def total(self, role: str, *names: str) -> int:
        return sum(int(value) for value in self.of(role, *names))

    def lists(self, role: str, *names: str) -> list[dict[str, Any]]:
        return [each for found in self.of(role, *names) for each in found]

    def counts(self, role: str, *names: str) -> dict[str, int]:
        merged: dict[str, int] = {}
        for found in self.of(role, *names):
            for name, n in found.items():
                merged[name] = merged.get(name, 0) + int(n)
        return merged

    def decimals(self, role: str, *names: str) -> dict[str, Decimal]:
        merged: dict[str, Decimal] = {}
        for found in self.of(role, *names):
            for name, value in found.items():
                merged[name] = _plain(merged.get(name, Decimal(0)) + Decimal(value))
        return merged


def _ticks(figures: _Figures, archived: int | None, earlier: Ticks) -> Ticks:
    venues = figures.of("paper")
    captured = sum(_captured(venue) for venue in venues)
    if not venues:
        captured = figures.total("market_data", "ticks", "received")
    if archived is None:
        archived = figures.total("archive", "archived_ticks")
    published = figures.total("market_data", "ticks", "published") + figures.total("market_data", "published_before")
    return Ticks(captured, published - earlier.published, archived - earlier.archived)


def _captured(venue: dict[str, Any]) -> int:
    """Return the ticks of a capture that was played to its end, else those that the venue sent."""
    return int(venue["captured"] if venue["done"] else venue["sent"])


def _links(statuses: Mapping[str, AgentStatus], published: Mapping[str, AgentStatus]) -> list[LinkLine]:
    return [
        LinkLine(
            link.publisher,
            name,
            stream_name(link.stream),
            link.received,
            link.repaired,
            link.lost + missing(link, published.get(link.publisher)),
            link.gaps,
            StreamState(link.state).name.lower(),
        )
        for name, status in statuses.items()
        for link in status.links
    ]


def _positions(config: Config, found: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the position in every instrument, 0 where there never was one."""
    return {each.symbol: found.get(each.symbol, Decimal(0)) for each in config.instruments}


def _book(book: dict[str, Any]) -> BookLine:
    return BookLine(str(book["instrument"]), int(book["compared"]), int(book["equal"]))


def _decisions(figures: _Figures) -> DecisionCounts:
    return DecisionCounts(figures.total("risk", "decisions", "approved"), figures.counts("risk", "decisions", "denied"))


def _orders(figures: _Figures) -> OrderCounts:
    counts = figures.counts("execution", "orders")
    ended = sum(counts.get(name, 0) for name in ("filled", "canceled", "rejected", "expired"))
    counts["open"] = counts.get("submitted", 0) + counts.get("external", 0) - ended
    return OrderCounts(*(counts.get(name, 0) for name in OrderCounts.__struct_fields__))


def _pnl(figures: _Figures) -> Pnl:
    found = figures.decimals("portfolio", "pnl")
    return Pnl(*(found.get(name, Decimal(0)) for name in Pnl.__struct_fields__))


def _latency(statuses: Mapping[str, AgentStatus]) -> dict[str, dict[str, int]]:
    merged: dict[str, LatencyHistogram] = {}
    for status in statuses.values():
        for hop, data in status.latency.items():
            merged.setdefault(hop, LatencyHistogram()).merge(LatencyHistogram.from_bytes(data))
    return {hop: histogram.summary() for hop, histogram in sorted(merged.items())}


def _agent(name: str, status: AgentStatus | None, restarts: int, rate: Rate) -> AgentLine:
    state, rss_bytes = (DOWN, 0) if status is None else (status.state, status.rss_bytes)
    return AgentLine(name, state, restarts, rss_bytes, rate.received_per_s, rate.published_per_s)


def _price(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _plain(value: Decimal) -> Decimal:
    """Return the same number without zeros at its end."""
    return value.quantize(Decimal(1)) if value == value.to_integral() else value.normalize()
