"""The paper venue: Binance's spot protocol on loopback, over a recorded capture or a seeded order-flow model.

```
 capture ──► recorded ─┐ frames          ┌─► streams ──► market subscribers
 flow ─► matching ─► model ─► exchange ──┤
                         ▲ orders        └─► user_stream ──► account subscribers
 REST ─► signing ─► entry ─► trading ─► account
```

`exchange.PaperExchange` is all of it without sockets, clocks or randomness; `server` puts it on a port, the simulator
drives it in virtual time. A recorded market does not feel the account's orders: they queue behind recorded size
(`queueing`). In the model's engine they are orders like any other. We chose to keep recorded frames as the bytes that
were received, because what a parser is tested on should be what a venue sent; so nothing can be sent on a stream that
was not recorded. Trading is by the spot protocol for USDT-M captures too: their symbols are then bought and sold as
if they were spot. The account lives as long as the process.
"""

from agents.paper.agent import build, shell
from agents.paper.describe import describe

__all__ = ["build", "describe", "shell"]
