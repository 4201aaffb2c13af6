"""Market data: one venue's frames in, normalised messages out, one for each frame and in order of arrival.

- `agent`: subscriptions, snapshots, silence, and whatever comes seldom.
- `listing`: what the venue lists of the instruments; `subscriptions`: subscribing by message, where the venue wants that.
- `frame_path`: the way of a frame while all is well. `feeds`: what is known of one feed and one book.
- `listing`: what the venue lists, asked for now and then.
- `book_check`: the built book against the venue's own ticker.
"""

from agents.market_data.agent import build, shell

__all__ = ["build", "shell"]
