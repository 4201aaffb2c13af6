"""Binance's USDT-M futures, as the paper venue answers them: net positions on cross margin, in one-way mode.

- `dialect`: all of it, as the exchange calls it.
- `entry`: what an arriving order or amendment must pass. `refusals`: the codes of futures.
- `trade_rest`, `account_rest`: the signed routes; `marks_rest`: what is public of marks and funding. `modes`: leverage,
  margin and position mode.
- `order_rows`, `account_rows`: what is told of orders, balances and positions, by REST and on the stream.
- `user_stream`: listen keys and the account's events. `order_api`: the websocket API.
- `routes`: which stream is carried under which path.
"""
