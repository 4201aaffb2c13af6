"""What a run did, in figures: one object, whose keys are kept stable (`mesh.report.text` has it as text).

Everything is taken from the statuses that the agents gave, so the report of a running mesh and the one at its end are
made the same way. Money and quantities are exact decimals from end to end. A link's `lost` is what its subscriber gave
up plus what it had not got when all was quiet, by what the publisher says that it published: nothing missing is left
out because nobody noticed.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from core.histogram import LatencyHistogram
from mesh.report import conditions
from mesh.report.balances import Gains, account, contracts, gains, holdings
from mesh.report.equality import compared_venues, differences, followed_venues
from mesh.report.throughput import Rate
from schemas.config import Config
from schemas.figures import (
    ArchiveFigures,
    BookFigures,
    DecisionFigures,
    ExecutionFigures,
    MarketDataFigures,
    OrderFigures,
    PaperFigures,
    PnlFigures,
    PortfolioFigures,
    RiskFigures,
    RoleFigures,
    SignalFigures,
)
from schemas.messages import AgentStatus, LinkStatus
from schemas.streams import StreamClass, StreamState, stream_class, stream_name
from schemas.venue_config import instrument_names

DOWN = "down"

F = TypeVar("F", bound=RoleFigures)


class Ticks(msgspec.Struct, frozen=True):
    """Venue frames with a tick: sent by the venue, published by market data, rows in the archive.

    A trade that was missed and asked for afterwards is one in each of them.
    """

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
    skipped: int = 0


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
    """Profit and loss in the desk's currency, before fees; funding is a part of what was realised."""

    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    equity: Decimal
    funding: Decimal = Decimal(0)


class AccountLine(msgspec.Struct, frozen=True):
    """One account: whether positions are `equal` to what it holds (None if that cannot be told), and its money.

    Its money is told where a portfolio follows several accounts; `not_known` says why its equity is not, if so.
    """

    equal: bool | None
    pnl: Pnl | None = None
    not_known: str = ""


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
    counters: dict[str, dict[str, int]] = {}
    trading: dict[str, list[str]] = {}
    trouble: dict[str, list[str]] = {}
    left: list[str] = []
    held: dict[str, dict[str, Decimal]] = {}
    contracts: dict[str, dict[str, Decimal]] = {}
    weaker: dict[str, str] = {}
    accounts: dict[str, AccountLine] = {}

    @property
    def lost(self) -> int:
        """Messages that a subscriber did not get and never will."""
        return sum(link.lost for link in self.links)

    @property
    def skipped(self) -> int:
        """Messages that a subscriber asked for when its publisher did not keep them any more."""
        return sum(link.skipped for link in self.links)


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
    left: Sequence[str] = (),
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
        left: Orders that should have been canceled before the end, and are still open.
    """
    portfolios = figures_of(statuses, PortfolioFigures)
    gained, held = gains(config, statuses, opening or {}), holdings(config, statuses)
    margined, positions = contracts(config, statuses), _positions(config, portfolios)
    if elapsed_s is None:
        elapsed_s = max((status.uptime_ns for status in statuses.values()), default=0) / 1e9
    return Report(
        ticks=_ticks(statuses, archived, earlier or Ticks(0, 0, 0)),
        links=_links(statuses, published or {}),
        books=[_book(book) for each in figures_of(statuses, MarketDataFigures) for book in each.books],
        signals=sum(each.signals for each in figures_of(statuses, SignalFigures)),
        decisions=_decisions([each.decisions for each in figures_of(statuses, RiskFigures)]),
        orders=_orders([each.orders for each in figures_of(statuses, ExecutionFigures)]),
        positions=positions,
        account={name: _plain(qty) for name, qty in account(config, held, margined).items()},
        pnl=_pnl([each.pnl for each in portfolios]),
        latency_ns=_latency(statuses),
        agents=[
            _agent(name, statuses.get(name), (restarts or {}).get(name, 0), (rates or {}).get(name, Rate()))
            for name in config.agents
        ],
        fills=sum(each.fills for each in portfolios),
        balances={venue: {a: _plain(qty) for a, qty in assets.items()} for venue, assets in gained.items()},
        tops={symbol: Top(_price(bid), _price(ask)) for symbol, (bid, ask) in (tops or {}).items()},
        elapsed_s=round(elapsed_s, 3),
        counters={name: _counted(status) for name, status in statuses.items() if _counted(status)},
        trading={name: told for name, status in statuses.items() if (told := conditions.trading(status))},
        trouble={name: told for name, status in statuses.items() if (told := conditions.trouble(status))},
        held={venue: {a: _plain(qty) for a, qty in assets.items()} for venue, assets in held.items()},
        contracts={venue: {s: _plain(qty) for s, qty in symbols.items()} for venue, symbols in margined.items()},
        left=list(left),
        weaker={name: told for each in figures_of(statuses, MarketDataFigures) for name, told in each.weaker.items()},
        accounts=_accounts(config, portfolios, positions, held, margined),
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


def figures_of(statuses: Mapping[str, AgentStatus], role: type[F]) -> list[F]:
    """Return the figures of the agents of one role."""
    return [status.figures for status in statuses.values() if isinstance(status.figures, role)]


def _ticks(statuses: Mapping[str, AgentStatus], archived: int | None, earlier: Ticks) -> Ticks:
    venues, markets = figures_of(statuses, PaperFigures), figures_of(statuses, MarketDataFigures)
    captured = _captured(venues, markets) if venues else sum(each.ticks.received for each in markets)
    if archived is None:
        archived = sum(each.archived_ticks for each in figures_of(statuses, ArchiveFigures))
    published = sum(each.ticks.published + each.published_before for each in markets)
    return Ticks(captured, published - earlier.published, archived - earlier.archived)


def _captured(venues: Sequence[PaperFigures], markets: Sequence[MarketDataFigures]) -> int:
    """Return the ticks of captures that were played to their end, else those that were sent or asked for afterwards."""
    if all(venue.done for venue in venues):
        return sum(venue.captured for venue in venues)
    sent = sum(venue.captured if venue.done else venue.sent for venue in venues)
    return sent + sum(each.ticks.filled for each in markets)


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
            link.skipped,
        )
        for name, status in statuses.items()
        for link in status.links
    ]


def _positions(config: Config, portfolios: Sequence[PortfolioFigures]) -> dict[str, Decimal]:
    """Return the position in every instrument, 0 where there never was one."""
    names = instrument_names(config.instruments).values()
    return {name: _sum(each.positions.get(name, "0") for each in portfolios) for name in names}


def _accounts(
    config: Config,
    portfolios: Sequence[PortfolioFigures],
    positions: Mapping[str, Decimal],
    held: Gains,
    margined: Gains,
) -> dict[str, AccountLine]:
    """Return each account that a portfolio follows, by its venue."""
    told = {venue: each for portfolio in portfolios for venue, each in portfolio.accounts.items()}
    compared = [venue for venue in compared_venues(config) if venue in held and portfolios]
    found = {}
    for venue in followed_venues(config):
        equal = not any(differences(config, positions, held, margined, venue)) if venue in compared else None
        money = told.get(venue)
        found[venue] = AccountLine(equal, _pnl([money.pnl]), money.not_known) if money else AccountLine(equal)
    return found


def _book(book: BookFigures) -> BookLine:
    return BookLine(book.instrument, book.compared, book.equal)


def _decisions(found: Sequence[DecisionFigures]) -> DecisionCounts:
    denied: dict[str, int] = {}
    for each in found:
        for reason, count in each.denied.items():
            denied[reason] = denied.get(reason, 0) + count
    return DecisionCounts(sum(each.approved for each in found), denied)


def _orders(found: Sequence[OrderFigures]) -> OrderCounts:
    ended = sum(each.filled + each.canceled + each.rejected + each.expired for each in found)
    return OrderCounts(
        submitted=sum(each.submitted for each in found),
        filled=sum(each.filled for each in found),
        partially_filled=sum(each.partially_filled for each in found),
        canceled=sum(each.canceled for each in found),
        rejected=sum(each.rejected for each in found),
        unknown=sum(each.unknown for each in found),
        expired=sum(each.expired for each in found),
        open=sum(each.submitted + each.external for each in found) - ended,
    )


def _pnl(found: Sequence[PnlFigures]) -> Pnl:
    return Pnl(
        realised=_sum(each.realised for each in found),
        unrealised=_sum(each.unrealised for each in found),
        fees=_sum(each.fees for each in found),
        equity=_sum(each.equity for each in found),
        funding=_sum(each.funding for each in found),
    )


def _sum(texts: Iterable[str]) -> Decimal:
    return _plain(sum(map(Decimal, texts), Decimal(0)))


def _latency(statuses: Mapping[str, AgentStatus]) -> dict[str, dict[str, int]]:
    merged: dict[str, LatencyHistogram] = {}
    for status in statuses.values():
        for hop, data in status.latency.items():
            merged.setdefault(hop, LatencyHistogram()).merge(LatencyHistogram.from_bytes(data))
    return {hop: histogram.summary() for hop, histogram in sorted(merged.items())}


def _agent(name: str, status: AgentStatus | None, restarts: int, rate: Rate) -> AgentLine:
    state, rss_bytes = (DOWN, 0) if status is None else (status.state, status.rss_bytes)
    return AgentLine(name, state, restarts, rss_bytes, rate.received_per_s, rate.published_per_s)


def _counted(status: AgentStatus) -> dict[str, int]:
    return {counter: n for counter, n in sorted(status.counters.items()) if n}


def _price(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _plain(value: Decimal) -> Decimal:
    """Return the same number without zeros at its end."""
    return value.quantize(Decimal(1)) if value == value.to_integral() else value.normalize()
