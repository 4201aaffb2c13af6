"""The paper venue: an exchange on loopback, over a recorded capture or a seeded order-flow model, in several dialects.

```
 capture ──► recorded ─┐ frames           ┌─► subscribers of the market
 flow ─► matching ─► model ─► exchange ─► dialect ─► subscribers of the account
             ▲ writer ◄───────────────────┘  │ HTTP, websockets
             └────────── trading ◄───────────┘
                            └─► account_log ─► balances
                            └─► log ─► account_log of the next start
```

`exchange.PaperExchange` is all of it without sockets, clocks or randomness; `server` puts it on a port, the simulator
drives it in virtual time. What all venues have in common is here once, in no venue's words; a `dialect` has one venue's
paths, fields, signatures, limits and error codes. A recorded market does not feel the account's orders: they queue behind
recorded size (`queueing`). In the model's engine they are orders like any other. We chose to keep recorded frames as the
bytes that were received, because what a parser is tested on should be what a venue sent; so nothing can be sent on a stream
that was not recorded. Contracts in their quote are held as positions against margin; those in their base are not traded.

The account outlives the process (`account_log`): every change of it is an event in the agent's log, and a restart folds
them. The market does not: a capture is played from its first frame again, the model begins anew from its seed, and open
orders arrive on it as if they were new, behind what stands at their price. Ids of orders, trades and the model's
updates are never used twice. `balances` of the configuration are what the account begins with; for an asset that it
began with before, a later value has no effect.

- `agent`: the venue as an agent. `exchange`, `server`, `simulated`: as above; `simulated_orders`: the socket for orders in
  virtual time; `simulated_delays`: how far the venue is there. `rehearsal`: a configuration in virtual time.
- `dialect`: what a dialect is to the exchange; `dialects`: which one a kind of venue has: `binance`, `bybit`, `okx`.
  `call`: one request; `subscribers`: who listens to what. `recordings`: whose recorded frames can be read.
- `market`: where frames come from; `account`: what the account is.
- `orders`, `money`: the venue's orders and its exact arithmetic. `refusals`: why it does not carry something out.
  `faults`: how it misbehaves if told to; `POST /paper/transfer` pays into its account, or out of it;
  `POST /paper/funding` has holding a contract paid for at once.
"""

from agents.paper.agent import build, shell
from agents.paper.binance.model_capture import make_capture
from agents.paper.dialects import kind_of_orders
from agents.paper.market.capture_summary import describe

__all__ = ["build", "describe", "kind_of_orders", "make_capture", "shell"]
