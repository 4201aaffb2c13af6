"""Signal: strategies on the instruments of one shard, and what they want of risk.

- `agent`: builds and wires them; timers, fills, figures. `lifecycle`: when strategies begin, and one that raises.
- `strategy`: what a strategy is. `strategy_context`: what it can ask and know. `strategy_path`: where its class is found.
- `runner`: one strategy, and the wall between it and the others. `feed_watch`: whether feeds may be acted on, told to it.
- `shard`: market, bars and indicators, and which strategy sees what. `bars`: trades to bars. `bar_series`: bars as they are
  handed on, each interval once. `warm_up`: the venue's bars of before, and in place of those that could not be built.
- `signal_client`: signals on their way to risk, and what became of them. `order_terms`: figures as text, exactly in ticks
  and lots. `order_event` and `order_news`: what strategies are told of their signals and orders.
- `logged_state`: what of all that logs are folded into. `seen`: what strategies see, for who looks back.
"""

from agents.signal.agent import build

__all__ = ["build"]
