"""Whether a run was whole: all that its report shows to be wrong, one line each.

Only what the mesh answers for counts. Positions are held against accounts as far as that can be done (`equality`), ticks
against the archive only if it follows every market data agent.
"""

from collections.abc import Iterator

from mesh.report.equality import compared_venues, differences
from mesh.report.figures import DOWN, LinkLine, Report
from schemas.config import ArchiveConfig, Config, MarketDataConfig

LINKS_MAX = 3
LEFT_MAX = 5


def problems(config: Config, report: Report) -> list[str]:
    """Return what is wrong, the gravest first; empty if nothing is."""
    return [
        *_down(report),
        *_lost(report),
        *_skipped(report),
        *_not_archived(config, report),
        *_unequal_books(report),
        *unequal_positions(config, report),
        *_unknown_orders(report),
        *_left_orders(report),
    ]


def unequal_positions(config: Config, report: Report) -> list[str]:
    """Return the assets of paper venues of which the portfolio's positions are not what the account holds."""
    if any(agent.state == DOWN for agent in report.agents):
        return []
    return [
        text
        for venue in compared_venues(config)
        for text in differences(config, report.positions, report.held, report.contracts, venue)
    ]


def _down(report: Report) -> Iterator[str]:
    down = [agent.name for agent in report.agents if agent.state == DOWN]
    if down:
        yield f"no answer from {', '.join(down)}"


def _lost(report: Report) -> Iterator[str]:
    if report.lost:
        worst = sorted((link for link in report.links if link.lost), key=lambda link: -link.lost)
        named = ", ".join(_name(link) for link in worst[:LINKS_MAX])
        more = f" and {len(worst) - LINKS_MAX} more links" if len(worst) > LINKS_MAX else ""
        yield f"{report.lost} messages were lost: {named}{more}"


def _skipped(report: Report) -> Iterator[str]:
    for link in report.links:
        if link.skipped:
            yield (
                f"{link.skipped} messages of {link.stream} were not kept any more by {link.publisher} when "
                f"{link.subscriber} asked for them"
            )


def _name(link: LinkLine) -> str:
    return f"{link.lost} on {link.publisher} > {link.subscriber} {link.stream}"


def _not_archived(config: Config, report: Report) -> Iterator[str]:
    sources = {name for t in config.agents.values() if isinstance(t, ArchiveConfig) for name in t.sources}
    publishers = {name for name, t in config.agents.items() if isinstance(t, MarketDataConfig)}
    ticks = report.ticks
    if publishers <= sources and ticks.archived < ticks.published:
        yield f"{ticks.published - ticks.archived} of {ticks.published} published ticks are not in the archive"


def _unequal_books(report: Report) -> Iterator[str]:
    for book in report.books:
        if book.equal < book.compared:
            wrong = book.compared - book.equal
            yield f"the book of {book.instrument} is not as the venue's ticker says at {wrong} of {book.compared} updates"


def _unknown_orders(report: Report) -> Iterator[str]:
    if report.orders.unknown:
        yield f"the outcome of {report.orders.unknown} orders is not known"


def _left_orders(report: Report) -> Iterator[str]:
    if report.left:
        named = ", ".join(report.left[:LEFT_MAX])
        more = f" and {len(report.left) - LEFT_MAX} more" if len(report.left) > LEFT_MAX else ""
        yield f"{len(report.left)} orders are left open at the venue: {named}{more}"
