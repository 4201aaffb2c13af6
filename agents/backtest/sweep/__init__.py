"""Sweep: one backtest for each of many variants of a configuration, and how far their best is to be believed.

```
captures ─► market data, once ─► logs ══► (mapped by every process of a node)
grid ─► variants ─► workers: one backtest each ─► OUT/variants.jsonl ─► table, walk-forward, heat map
```

Market data is read once: the logs that it is made into are files which each process maps, so that a node holds them in
memory once. A variant has a key, the hash of all that its result depends on; a result that stands in OUT under its key
is not computed again, which is why a sweep goes on where it was stopped. What is told has no place for time, order or
number of workers, so that the same sweep gives the same table anywhere.

A sweep that reports the best of many reports luck too. So the result tells what the best would have been worth when it was
chosen on earlier data only (`walk_forward`), how probable it is that the choice is overfitted, and what Sharpe ratio the
best of so many would have by chance (`overfitting`).

- `sweeping`: the whole of it. `grid`: the grammar of `--grid`, and where a name stands in a configuration.
- `market`: market data, made once. `variant`: one backtest. `outcomes`: results that stand on disk.
- `workers`: processes of this machine. `ray_workers`: those of a Ray cluster.
- `walk_forward`, `overfitting`: figures of how far the best is to be believed; `judgement`: the same in sentences.
- `table`: rows, JSON and Parquet. `page`: the same to look at.
"""

from agents.backtest.sweep.grid import Axis, parse_axis
from agents.backtest.sweep.sweeping import SweepAsked, SweepTold, sweep

__all__ = ["Axis", "SweepAsked", "SweepTold", "parse_axis", "sweep"]
