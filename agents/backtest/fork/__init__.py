"""Forks: the rest of a run from a moment on, with other settings, beside what it was.

```
run        ──────────────────────┬───────────────────────►  as its logs tell
unchanged  ── played again ──────┼─ agents started again ─►  the run, if nothing is changed: byte for byte
changed    ── played again ──────┴─ with other settings ──►
                              moment
```

What is changed holds for agents that are started again at the moment, as an operator would: on their logs, and with the
market of before behind them. To be started again may itself make a difference, so `unchanged` has the same agents started
again, and what differs between it and `changed` is the change's alone.

Of a live run nothing can be played again: all its agents are started again, on logs that end at the moment, and the rest
is simulated with and without the change, so that nobody takes the simulation's error for the change's effect.

- `forking`: the whole of it. `original`: the run. `changes`: what is set, and whom it concerns.
- `live_state`: what else is known of a live run at a moment.
- `branch`: one continuation. `rest`: what it came to, from its logs. `difference`: where two part.
"""

from agents.backtest.desk import desk_names
from agents.backtest.fork.forking import FILE, Fork, fork_backtest, fork_live
from agents.backtest.fork.original import NoRunError, OriginalRun, original_run

__all__ = ["FILE", "Fork", "NoRunError", "OriginalRun", "desk_names", "fork_backtest", "fork_live", "original_run"]
