"""Binance's protocols, as the paper venue answers them, and the frames of its markets.

- `protocol`: what they have in common. `dialect`: spot, as the exchange calls it; `usdm`: the futures in USDT.
- `authenticator`: key, signature, time. `rate_limits`: weights, counts and their headers. `refusals`: its error codes.
- `public_rest`, `private_rest`: the routes; `paging`: which rows. `catalog`: what is listed, with its filters. `entry`:
  what an arriving order must pass.
- `stream_hub`: who listens to what. `user_stream`: who hears the account, and the websocket API; `order_api`: orders over
  that; `listen_key`: the name of a user data stream. `replace`: cancel and replace. `time_units`: microseconds on spot.
- `reports`: what clients are told of orders and balances.
- `market_writer`, `kline_frames`: frames of a market that is not recorded; `model_capture`: the same as a file.
- `recorded_frames`: what recorded frames say; `starting_book`: the book before the first update.
"""
