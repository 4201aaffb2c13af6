"""Risk: decides every signal, and is the only one that can have an order created.

- `agent`: cancels, proofs, restarts: all that comes seldom. `decision_path`: what comes with every tick and every
  signal.
- `pre_trade`: every limit in turn; `limits`: each as a comparison of exact integers; `filters`: what the venue takes;
  `exposure`: what an order adds to all that is held; `correlations`: what moves together; `buying_power`: what the
  account can pay for; `strategy_limits`: what one strategy may have.
- `modes`: what operators, tripped limits and peers allow now. `controls` sets that: `trips` when a limit is reached,
  `mode_cancels` for what may not rest any more, `flatten` to close what is held.
- `decisions`: the same signal gets the same answer, for ever. `order_ids`: each name once.
- `reservations`: approved orders that execution has not shown yet.

An approval is in the log before anyone hears of it, and holds its quantity from then on: a crash can lose an order, and
never the knowledge that it may exist.
"""

from agents.risk.builder import build

__all__ = ["build"]
