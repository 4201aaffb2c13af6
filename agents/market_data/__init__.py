"""Market data: one venue's websocket frames in, normalised messages out, one for each frame and in order of arrival.

- `agent`: connections, subscriptions, snapshots of books, and all that is not a plain frame.
- `frame_path`: the way of a frame while all is well: read, applied, published, checked.
- `feeds`: what is known of one feed and of one book; `book_check`: our best prices against the venue's own ticker.

A book that cannot be proven right is published as stale and made anew, never patched: a trader can wait for a book, and
cannot unlearn a wrong one.
"""

from agents.market_data.agent import build, shell

__all__ = ["build", "shell"]
