"""Signal: keeps the market of its instruments, runs strategies on it, and asks risk for what they want.

- `agent`: follows market data and accounts, and tells strategies in turn. `shard`: the market of one signal agent and the
  strategies that see it; `bars`: bars from trades, by the venue's time.
- `strategy`: what a strategy is, and the context through which it asks; `strategy_path`: where its class is found.
- `signal_client`: what strategies ask for, on its way to risk, and what became of it.

A strategy is a plain class with no way to send an order: it says what it wants, and risk decides. Several signal agents
split the instruments between them, because a strategy's work is what grows.
"""

from agents.signal.agent import build

__all__ = ["build"]
