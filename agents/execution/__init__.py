"""Execution: the one writer of a venue account. Places, follows, cancels and reconciles limit orders.

- `agent`: the account's streams, timers and health. `order_entry`: which orders are taken on; `approval`: the decision of
  risk that stands behind each.
- `order_desk`: all that is done about single orders; `order_table`: their state as the fold of published events.
- `venue_calls`: the REST calls that are out. `fill_lookup`: fills as the venue lists them. `reconciliation`: bringing our
  view in line with the venue's.

The venue is right about the account and we are right about what we asked: an order whose fate is not proven stays open
until the venue has said it. What is published is first in the log, so a restart knows what it may have sent.
"""

from agents.execution.agent import build, shell

__all__ = ["build", "shell"]
