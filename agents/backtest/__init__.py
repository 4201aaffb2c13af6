"""Backtest: the configured agents, unchanged, over recorded data, against the venue of `agents.paper` in one process.

```
 capture ─► market data agent ─► its log ─┐ in recorded time                ┌─► orders, answers: after a latency
 archive ─────────────────────────────────┴─► venue_market ◄─ exchange ◄────┘
                                          └─► (feed latency) ─► signal, risk, execution, portfolio ─► OUT/logs
```

Each message of the recording is read once: the venue has it at the venue's own time, the agents at the time of its receipt
(`mesh.sim.venue_side`). So an order meets the market as it is when the order arrives, and nobody knows what an agent could
not know. The market data agent runs in a pass of its own before, so that its log can be played again and again. There is
no wall clock and no chance but by a seed: the same data, configuration and seed give the same bytes.

- `run`: the whole of it, from a configuration to a result. `sources`: what is played; `market_data`: made of captures.
  `desk`: the replay with agents and venues. `venue_market`: the market of a venue. `assumptions`: the models that are
  configured.
- `facts`: what came of it. `result`: what is written of that. `sweep`: many backtests of one configuration. `parity`: the
  orders of a run that was, through the same venue. `fork`: the rest of a run with other settings. `places`: where in a
  configuration what these set stands.
"""

from agents.backtest.run import play, run
from agents.backtest.sources import ArchiveSource, CaptureSource, played_logs

__all__ = ["ArchiveSource", "CaptureSource", "play", "played_logs", "run"]
