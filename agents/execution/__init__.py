"""Execution: the one writer of a venue account. Places, follows, cancels and reconciles orders.

- `agent`: the account's streams, and what comes seldom. `order_entry`: which orders it takes on; `approval`: the
  decision that each must show.
- `order_desk`: creates, cancels, looks up, books. `order_table`: states as the fold of events.
- `readiness`: whether the account agrees with its venue.
- `venue_calls`: which calls are out. `fill_lookup`: fills as the venue lists them. `reconciliation`: our view and the
  venue's.

An order is created once. What cannot be proven is UNKNOWN, and ends by evidence of the venue alone.
"""

from agents.execution.agent import build, shell

__all__ = ["build", "shell"]
