"""Portfolio: exact positions, profit and equity of accounts, from their order events and marks.

- `agent`: what is published and what operators ask. `builder`: makes it of its configuration.
- `marks`: what it follows, and what positions are valued by, guarded against wild prices.
- `followed_account`: one account. `equity_scope`: the equity of one, or of all together.
- `valuation`: what accounts are worth. `inflows`: what came in by no trade, valued once.
- `currencies`: what money of each quote currency is worth. `pegs`: the alarm for those that are not worth one any more.
- `logged_state`: what of all that logs are folded into.
- `equity_series`: day's start and peak. `balance_check`: what the venue holds against what is booked;
  `booked_differences`: what of that an operator has booked.
"""

from agents.portfolio.builder import build

__all__ = ["build"]
