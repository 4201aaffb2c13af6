"""Venue adapters: how one exchange says things, turned into what Tickmesh says.

Adapters are plain functions of bytes and integers: they build REST calls, name websocket URLs, decode frames and
replies into the types of `agents.venues.base`, and know each venue's rule for joining a book snapshot with its updates.
They hold no sockets and no clock; I/O is in `agents.venues.http_ws` and what stands under it, which know nothing of orders
or books. The roles `market_data` and `execution` hold the state and take the decisions.

- `port`: what a venue is to the roles, `market_port` its market half; `adapters`: which one a configured kind of venue has;
  `signing`: how its requests are signed.
- `venue_clock`: how far a venue's clock is from ours.
- `base`: what every adapter speaks of a feed; `depth_update`: one depth frame, read; `book_sync`: snapshot and updates
  joined. `connection_life`: when another connection takes over from one that the venue will end. `listing_units`: what a
  venue lists, in the configuration's ticks and lots.
- `trade_spans`: messages that stand for several trades.
- `reports`: what a venue states about an account. `credentials`: where key and secret are. `http_ws`: the I/O;
  `websocket`: one websocket of it; `http_client`: its REST connections; `shell_tasks`: what runs in it.
- `identity`: whose key it is, and what is asked of a configuration that trades for real money; `owner_proof`: that nothing
  signed leaves before the venue has told that it is the right account's.
- `order_socket`: orders over a websocket, what is out on it and how each call ends; `order_lines`: which connection has the
  next one, where there are two; `order_link`: that on the event loop.
- `binance`: Binance spot and USDT-M. `bybit`: Bybit v5, spot and linear contracts.
  `okx`: OKX v5, spot and linear swaps. `ccxt_any`: what any other exchange says, through ccxt.pro.

Websockets are kept here because a feed must not lose or conflate a frame, and none may wait in a queue; REST requests are
sent over connections of our own, because what is proven about a failed request must not be lost in an exception and an
order is to leave at once, and signed here, because an order waits for it.
"""
