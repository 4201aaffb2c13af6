"""Portfolio: exact positions, profit and equity of accounts, from their order events and marks.

- `agent`: what is published and what operators ask. `builder`: makes it of its configuration.
- `marks`: what it follows, and what positions are valued by, guarded against wild prices.
- `valuation`: what the accounts are worth. `inflows`: what came in by no trade, valued once.
- `equity_series`: day's start and peak. `balance_check`: what the venue holds against what is booked.
"""

from agents.portfolio.builder import build

__all__ = ["build"]
