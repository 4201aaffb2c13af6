"""Portfolio: exact positions, profit and equity, from order events and marks alone.

- `agent`: books fills, publishes positions and equity. `marks`: what it follows, and what positions are valued by.
"""

from agents.portfolio.agent import build

__all__ = ["build"]
