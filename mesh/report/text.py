"""A report as lines of text, and the pieces that views of it share.

It fits a screen: of the links it has the sums of each pair of agents, and beside them, line by line, the streams on which
anything was out of the ordinary; of the latencies what a tick's way took. `verbose` has every stream, every hop, and every
counter with what it counts.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from mesh.report.figures import AgentLine, DecisionCounts, LinkLine, Pnl, Report
from schemas.counters import description_of

WIDTH = 100
ODD_MAX = 8
"""Streams that are named at most; who wants them all asks for them."""

LIVE = "live"
WAY_OF_A_TICK = ("tick>", "tick_to_order")


def text(report: Report, *, verbose: bool = False) -> str:
    """Return the report as lines for people, on one screen unless `verbose`."""
    ticks, orders, pnl = report.ticks, report.orders, report.pnl
    per_s = ticks.published / report.elapsed_s if report.elapsed_s else 0.0
    lines = [
        f"elapsed     {report.elapsed_s:.1f} s",
        f"ticks       captured {ticks.captured}, published {ticks.published} ({per_s:.0f}/s), archived {ticks.archived}",
        *(f"market      {symbol}: bid {_known(top.bid)}, ask {_known(top.ask)}" for symbol, top in report.tops.items()),
        *(f"book        {b.instrument}: compared {b.compared}, equal {b.equal}" for b in report.books),
        f"signals     {report.signals}",
        f"decisions   approved {report.decisions.approved}, denied {sum(report.decisions.denied.values())}"
        + "".join(f", {reason} {n}" for reason, n in report.decisions.denied.items()),
        "orders      "
        + ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in msgspec.structs.asdict(orders).items()),
        f"fills       {report.fills}",
        f"positions   {_amounts(report.positions)}",
        f"account     {_amounts(report.account)}",
        *(f"balances    {venue}: {_amounts(gained)}" for venue, gained in report.balances.items()),
        f"P&L         {_money(pnl)}",
        *_account_lines(report),
        *(
            f"latency     {hop}: {_percentiles(found)}"
            for hop, found in report.latency_ns.items()
            if verbose or hop.startswith(WAY_OF_A_TICK)
        ),
        *(f"left        {order_id}" for order_id in report.left),
        *(f"agent       {_agent_text(agent)}" for agent in report.agents),
        *condition_lines(report),
        *(f"weaker      {stream}: {told}" for stream, told in report.weaker.items()),
        f"links       {links_text(report.links)}",
        *(_all_links(report.links) if verbose else _pairs_and_odd_links(report.links)),
        *(counter_lines(report) if verbose else ()),
    ]
    return "\n".join(lines)


def link_text(link: LinkLine) -> str:
    """Return the line of one link."""
    counts = f"received {link.received}, repaired {link.repaired}, lost {link.lost}"
    counts += f", skipped {link.skipped}" if link.skipped else ""
    state = "" if link.state == LIVE else f", {link.state}"
    return f"{link.publisher} > {link.subscriber} {link.stream}: {counts}{state}"


def is_odd(link: LinkLine) -> bool:
    """Return whether anything was out of the ordinary on a link: lost, skipped, repaired, or not live."""
    return bool(link.lost or link.skipped or link.repaired) or link.state != LIVE


def links_text(links: Sequence[LinkLine]) -> str:
    """Return the figures of all links together."""
    names = ("received", "repaired", "gaps", "lost")
    return f"{len(links)}: " + ", ".join(f"{name} {sum(getattr(link, name) for link in links)}" for name in names)


def counter_lines(report: Report) -> Iterator[str]:
    """Yield a line for each counter that is not zero, with what it counts."""
    for agent, counted in report.counters.items():
        for name, n in counted.items():
            what = description_of(name)
            yield f"counter     {agent}: {name} {n}" + (f": {what}" if what else "")


def condition_lines(report: Report) -> Iterator[str]:
    """Yield a line for each mode that is set, each breaker that is not closed, and each trouble."""
    for name, found in (("trading", report.trading), ("trouble", report.trouble)):
        for agent, lines in found.items():
            for told in lines:
                yield f"{name:11} {agent}: {told}"


def denials(decisions: DecisionCounts) -> str:
    """Return how many signals were denied, and for which reasons, for people."""
    reasons = ", ".join(f"{reason} {n}" for reason, n in decisions.denied.items())
    return f"denied {sum(decisions.denied.values())}" + (f" ({reasons})" if reasons else "")


def mebibytes(size: int) -> str:
    """Return a size in bytes for people."""
    return f"{size / (1 << 20):.0f} MiB"


def micros(latency_ns: int) -> str:
    """Return a latency in nanoseconds for people."""
    return f"{latency_ns / 1000:.1f} us" if latency_ns < 10_000_000 else f"{latency_ns / 1_000_000:.1f} ms"


def _all_links(links: Sequence[LinkLine]) -> Iterator[str]:
    return (f"link        {link_text(link)}" for link in links)


def _pairs_and_odd_links(links: Sequence[LinkLine]) -> Iterator[str]:
    """Yield what each pair of agents received, then the odd links, the worst first."""
    received: dict[str, int] = {}
    for link in links:
        pair = f"{link.publisher} > {link.subscriber}"
        received[pair] = received.get(pair, 0) + link.received
    # A pair is not torn apart at the end of a line.
    pairs = ", ".join(f"{pair} {n}".replace(" ", "\0") for pair, n in received.items())
    for line in textwrap.wrap(pairs, WIDTH, break_long_words=False, break_on_hyphens=False):
        yield "received    " + line.replace("\0", " ")
    odd = sorted(
        filter(is_odd, links), key=lambda link: (-link.lost - link.skipped, link.state == LIVE, -link.repaired)
    )
    yield from _all_links(odd[:ODD_MAX])
    if len(odd) > ODD_MAX:
        yield f"link        and {len(odd) - ODD_MAX} more that were repaired or are not live; --verbose has them all"


def _agent_text(agent: AgentLine) -> str:
    rates = f"in {agent.received_per_s:.0f}/s, out {agent.published_per_s:.0f}/s"
    return f"{agent.name}: {agent.state}, restarts {agent.restarts}, {mebibytes(agent.rss_bytes)}, {rates}"


def _account_lines(report: Report) -> Iterator[str]:
    """Yield a line that says in how many accounts positions are what the venue says, and each one's money, if several."""
    if len(report.accounts) < 2:
        return
    told = {venue: each.equal for venue, each in report.accounts.items() if each.equal is not None}
    equal = [venue for venue, is_equal in told.items() if is_equal]
    if told:
        all_of = "" if len(equal) == len(told) else f" of {len(told)}"
        unequal = "".join(f", not in {venue}" for venue, is_equal in told.items() if not is_equal)
        yield f"accounts    positions equal in {len(equal)}{all_of} accounts ({', '.join(equal) or 'none'}){unequal}"
    for venue, each in report.accounts.items():
        if each.pnl is not None:
            yield f"accounts    {venue}: {each.not_known or _money(each.pnl)}"


def _money(pnl: Pnl) -> str:
    funding = f" (funding {pnl.funding:f})" if pnl.funding else ""
    realised = f"realised {pnl.realised:f}{funding}, unrealised {pnl.unrealised:f}"
    return f"{realised}, fees {pnl.fees:f}, equity {pnl.equity:f}"


def _known(price: Decimal | None) -> str:
    return "not known" if price is None else f"{price:f}"


def _amounts(amounts: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{name} {value:f}" for name, value in amounts.items()) or "none"


def _percentiles(found: Mapping[str, int]) -> str:
    named: Sequence[str] = ("p50", "p99", "p999", "max")
    return f"count {found['count']}, " + ", ".join(f"{name} {micros(found[name])}" for name in named)
