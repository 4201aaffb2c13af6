"""Portfolio: exact positions, profit and equity, from order events and marks alone.

- `agent`: folds fills into positions and publishes them with what they are worth.
- `marks`: the order events of accounts and the marks of what they trade, as they are followed.

It trusts no balance of a venue: what it says can be worked out again from the logs, to the last digit.
"""

from agents.portfolio.agent import build

__all__ = ["build"]
