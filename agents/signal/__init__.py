"""Signal: strategies on the instruments of one shard, and what they want of risk.

- `agent`: builds and wires them; timers, fills, figures.
- `strategy`: what a strategy is and what it can ask. `strategy_path`: where its class is found.
- `shard`: market, bars and indicators, and which strategy sees what. `bars`: trades to bars.
- `signal_client`: signals on their way to risk, and what became of them.
"""

from agents.signal.agent import build

__all__ = ["build"]
