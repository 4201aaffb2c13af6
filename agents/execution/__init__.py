"""Execution: the one writer of a venue account. Places, follows, cancels and reconciles orders.

- `agent`: how its parts go together. `private_stream`: the account's stream. `order_entry`: which orders it takes on;
  `approval`: the decision that each must show. `cancel_requests`: whatever else it is asked.
- `order_desk`: creates, cancels, books. `order_lookup`: what became of an order that no reply tells of. `order_table`:
  states as the fold of events. `order_figures`: what is shown of them. `lifetimes`: how long they may rest.
- `readiness`: whether the account agrees with its venue; `account_balances`: what it holds there.
- `venue_calls`: which calls are out; `budget`: what the venue lets an account do. `venue_time`: the venue's clock;
  `venue_watch`: the circuit breaker on creates, and bans.
- `fill_lookup`: fills as the venue lists them. `reconciliation`: our view and the
  venue's.

An order is created once. What cannot be proven is UNKNOWN, and ends by evidence of the venue alone.
"""

from agents.execution.agent import build, shell

__all__ = ["build", "shell"]
