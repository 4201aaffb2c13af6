"""Market data: one venue's frames in, normalised messages out, one for each frame and in order of arrival.

- `agent`: hands each input to whose it is. `frame_path`: the way of a frame while all is well.
- `feeds`: what is known of one feed and one book. `health`: which feeds are LIVE.
- `books`: how a book gets whole, and what becomes of one that is not. `breakers`: books that fail again and again.
- `book_check`: the built book against the venue's own ticker.
- `listing`: what the venue lists, asked for now and then. `clock`: how far its clock is from ours.
- `trade_ids`: whether a trade is missing. `trade_gaps`: those that were missed, had from the venue by REST.
- `trade_joins`: likewise where the venue does not number its trades and a connection was gone.
- `past_market`: what was published up to a place in the log, for who looks back.
- `klines`: the venue's bars, for agents that ask. `bars`: those that its stream tells as they end.
- `connections`: another one takes over from each before the venue ends it. `handover`: one stream's way to the other.
- `subscriptions`: subscribing by message, where the venue wants that. `rest_calls`: the REST calls that are out.
"""

from agents.market_data.agent import build, shell

__all__ = ["build", "shell"]
