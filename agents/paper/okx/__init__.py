"""OKX's v5 protocol, as the paper venue answers it, and the frames of its markets: spot and linear swaps in one account.

- `dialect`: all of it, as the exchange calls it. `answers`: the envelope and the codes of REST. `instrument_names`: what
  names say of instruments.
- `public_rest`: time, listings, books, bars, trades. `public_stream`: channels subscribed by message, and the heartbeat.
- `market_writer`, `candle_frames`: frames of a market that is not recorded; `recorded_frames`: what recorded frames and
  listings say.
- `authenticator`: headers that are signed, and the login. `rate_limits`: what may be asked in two seconds.
- `trade_rest`: place, cancel, amend, the switch; `order_entry`: what is asked for. `account_rest`: the queries.
- `private_stream`: the account's channels, and orders over a connection. `connections`: what all connections have.
- `order_rows`, `account_rows`: orders, executions, balances and positions as they are told.
"""
