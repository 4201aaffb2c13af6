"""Venue adapters: how one exchange says things, turned into what Tickmesh says.

- `base`: what every adapter speaks of a feed; `reports`: what a venue states about an account.
- `book_sync`: a book snapshot joined with the updates round it; `depth_update`: one depth frame, read.
- `http_ws`: websockets and REST of an agent, the one module here that does I/O; `credentials`: key and secret, from where
  the configuration says.
- `binance`: spot and USDT-M futures.

Adapters are plain functions of bytes and integers: they build REST calls, name websocket URLs, decode frames and replies,
and know each venue's rule for joining a book snapshot with its updates. They hold no sockets and no clock; `http_ws` knows
nothing of orders or books. The roles `market_data` and `execution` hold the state and take the decisions.

Websockets are our own because a feed must not lose or conflate a frame; REST requests are signed by ccxt, which knows
every venue's rules for that, and sent by our own session, because what is proven about a failed request must not be lost
in an exception.
"""
