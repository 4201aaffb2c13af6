"""Execution: the one writer of a venue account. Places, follows, cancels and reconciles orders.

- `agent`: how its parts go together. `private_stream`: the account's stream; `spare_stream`: the one that takes over from
  it; `stream_key`: where it is, if its address runs out. `order_entry`: which orders it takes on; `approval`: the decision
  that each must show. `requests`: whatever else it is asked.
- `order_desk`: creates, cancels, books. `order_lookup`: what became of an order that no reply tells of. `order_table`:
  states as the fold of events. `statements`: what the venue's mean for them. `order_figures`: what is shown of them.
  `lifetimes`: how long they may rest.
- `logged_state`: what of all that the log is folded into; `order_anchor`: the table of orders as plain values.
- `safeguards`: what guards the account beside. `opening_orders`: which orders open a position. `mass_cancel`: canceling
  those of a scope. `trading_modes`: what an operator has stopped. `peer_watch`: orders whose owners are gone.
  `life_cycle`: stop and start. `account_view`: what operators are told. `flatten`: closing what is held when risk cannot.
  `quotes`: at which prices. `brackets`: take-profits and stops. `replacements`: orders in place of others; `amendments`:
  those that the venue makes of them.
- `key_look`: whose key it is, and what it may do, looked at by `tickmesh doctor`.
- `readiness`: whether the account agrees with its venue; `account_balances`: what it holds there; `bookings`: what of it an
  operator has booked.
- `listed_once`: what a venue lists beside orders, told once; `transfers`: deposits and withdrawals.
- `contracts`: what the venue tells of contracts; `venue_margin`: positions and margin as it states them; `position_check`:
  those positions and ours; `contract_terms`: margin mode and leverage; `margin_call`: the venue wants more; `funding`: what
  longs and shorts pay each other.
- `dead_man_switch`: has the venue cancel all when execution is gone, where it can.
- `order_connection`: whether orders go over a websocket.
- `venue_calls`: which calls are out; `budget`: what the venue lets an account do. `venue_time`: the venue's clock;
  `venue_watch`: the circuit breaker on creates, and bans.
- `fill_lookup`: fills as the venue lists them. `reconciliation`: our view and the venue's.

An order is created once. What cannot be proven is UNKNOWN, and ends by evidence of the venue alone.
"""

from agents.execution.agent import build, shell
from agents.execution.key_look import look_at_key

__all__ = ["build", "look_at_key", "shell"]
