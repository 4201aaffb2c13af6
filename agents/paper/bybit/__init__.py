"""Bybit's v5 protocol, as the paper venue answers it, and the frames of its markets: spot and linear in one account.

- `dialect`: all of it, as the exchange calls it. `answers`: the envelope and the codes of REST. `authenticator`: key,
  signature, time. `rate_limits`: how much may be asked in a second.
- `public_rest`: time, listings, books, bars, trades. `public_stream`: topics subscribed by message, and the heartbeat.
- `order_entry`: what an arriving order must say. `trade_rest`: what changes orders. `account_rest`: signed queries.
  `private_stream`: topics of the account, and orders over a websocket. `order_rows`, `wallet`: what clients are told.
- `market_writer`, `kline_frames`: frames of a market that is not recorded; `recorded_frames`: what recorded frames and
  listings say.
"""
