"""One instrument as it is judged: its feed, what the venue takes, and the account that it is traded on.

An instrument is of one venue, and a venue's orders go to one account: from here on, whoever has the market has the account,
and nothing is looked up.

This file is compiled (`judged_market.pxd` has the C types).
"""

from agents.risk.judged_account import JudgedAccount
from agents.state.market_view import MarketView
from agents.state.venue_filters import Filters, filters_of
from schemas.streams import Kind, stream_id


class JudgedMarket:
    """A market, its account, and the stream that decisions about it are published on."""

    def __init__(self, feed: MarketView, account: JudgedAccount) -> None:
        """Begin with what the configuration says of it."""
        self.feed = feed
        self.account = account
        self.filters: Filters = filters_of(feed.info, None)
        self.base, self.quote = feed.info.config.base, feed.info.config.quote
        self.on_margin = feed.info.margin
        self.decision_stream = stream_id(Kind.DECISION, 0, feed.info.id)
