"""Risk: decides every signal, and is the only one that can have an order created.

- `agent`: proofs, restarts: all that comes seldom; `builder` makes it. `decision_path`: what comes with every tick and
  every signal. `cancels`: passed on in every state.
- `desk`: the accounts that one risk agent stands above, and what is common to them; `judged_account`: what is of one of
  them; `judged_market`: one instrument, with its account at hand.
- `pre_trade`: every limit in turn; `limits`: each as a comparison of exact integers; `filters`: what the venue takes;
  `exposure`: what an order adds to all that its account holds, `desk_exposure`: to all that the desk does, by coins;
  `correlations`: what moves together; `buying_power` and `margin_power`: what the account can pay for, and be margined
  for; `known_equity`: what losses are measured by; `strategy_limits`: what one strategy may have.
- `modes`: what operators, tripped limits and peers allow now. `controls` sets that: `trips` when a limit is reached,
  `mode_cancels` for what may not rest any more, `flatten` to close what is held.
- `decisions`: the same signal gets the same answer, for ever. `order_ids`: each name once.
- `logged_state`: what of all that logs are folded into.
- `reservations`: approved orders that execution has not shown yet.

An approval is in the log before anyone hears of it, and holds its quantity from then on: a crash can lose an order, and
never the knowledge that it may exist.
"""

from agents.risk.builder import build

__all__ = ["build"]
