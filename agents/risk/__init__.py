"""Risk: decides every signal, sends what it approved to execution, and holds limits against the worst case.

- `agent`: follows the account and the market, halts and resumes. `decision_path`: what is done with each tick, order event
  and signal, in compiled code.
- `pre_trade`: the judgement on one signal, every limit in turn; `limits`: each limit as a comparison of exact integers;
  `correlations`: how much instruments move together.
- `decisions`: the same signal gets the same answer, across restarts too; `reservations`: what is approved and not shown by
  execution yet; `order_ids`: names of orders, each given once.

The worst case is all approved quantity filled: a limit that holds for it holds whatever the venue does. A denial carries
both sides of the comparison, so that it can be argued with.
"""

from agents.risk.agent import build

__all__ = ["build"]
