"""The paper venue: Binance's spot protocol on loopback, over a recorded capture or a seeded order-flow model.

```
 capture ──► recorded ─┐ frames          ┌─► stream_hub ──► market subscribers
 flow ─► matching ─► model ─► exchange ──┤
                         ▲ orders        └─► user_stream ──► account subscribers
 REST ─► authenticator ─► entry ─► trading ─► account_log ─► balances
                                     └─► log ──► account_log of the next start
```

- `agent`: serves, logs what happens to the account, tells its figures; `server`: the port, with the market's timer.
- `exchange`: the venue without sockets, clocks or randomness; `simulated`: in virtual time; `rehearsal`: with the agents of
  a configuration, in this process.
- `market`, `account`, `api`: what moves, what the account holds, what clients see.
- `orders`, `money`: orders and amounts, exact; `refusals`: how the venue refuses; `faults`: how it is told to misbehave.

 A recorded market does not feel the account's orders: they queue behind recorded size
(`queueing`). In the model's engine they are orders like any other. We chose to keep recorded frames as the bytes that
were received, because what a parser is tested on should be what a venue sent; so nothing can be sent on a stream that
was not recorded. Trading is by the spot protocol for USDT-M captures too: their symbols are then bought and sold as
if they were spot.

The account outlives the process (`account_log`): every change of it is an event in the agent's log, and a restart folds
them. The market does not: a capture is played from its first frame again, the model begins anew from its seed, and open
orders arrive on it as if they were new, behind what stands at their price. Ids of orders, trades and the model's updates
are never used twice. `balances` of the configuration are what the account begins with; for an asset that it began with
before, a later value has no effect.
"""

from agents.paper.agent import build, shell
from agents.paper.market.capture_summary import describe
from agents.paper.market.model_capture import make_capture

__all__ = ["build", "describe", "make_capture", "shell"]
