"""Parity: a run's own orders through the simulated venue, on the market of that run, beside what became of them.

```
 logs of execution ─► orders: created, amended, canceled, when ──┐
 logs of market data (or captures, or an archive) ─► the market ─┼─► venue of a backtest, under each model ─┐
 own hops ─► latencies ──────────────────────────────────────────┘                                          ▼
 logs of execution ─► what the venue did with them ──────────────────────────────► beside each other, per order
```

No strategy is in the way: an order is sent because the run sent it, whatever became of the one before. So what differs is
the venue's doing alone: where an order stood in the queue, and when it arrived. The model under which least differs is
named, unless the orders do not tell it from another one.

- `parity`: the whole of it. `run_orders`: what was sent, and its real life. `run_market`: where the market lies.
- `entry_hops`: how long orders were on their way. `venue_models`: the models that are tried.
- `playing`: the orders through the venue. `likelihood`: how well a model fits, and whether others fit as well.
- `order_pair`: one order, real and simulated. `parity_figures`: all of them in sum. `parity_result`: what is written.
  `parity_text`: what is shown.
"""

from agents.backtest.parity.parity import ParityAsked, parity

__all__ = ["ParityAsked", "parity"]
