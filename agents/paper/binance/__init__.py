"""Binance's spot protocol, as the paper venue answers it, and the frames of its markets.

- `dialect`: all of it, as the exchange calls it.
- `authenticator`: key, signature, time. `rate_limits`: weights, counts and their headers. `refusals`: its error codes.
- `public_rest`, `private_rest`: the routes. `catalog`: what is listed, with its filters. `entry`: what an arriving order
  must pass.
- `stream_hub`: who listens to what. `user_stream`: listen keys and the websocket API; `order_api`: orders over that.
  `reports`: what clients are told of orders and balances.
- `market_writer`: frames of a market that is not recorded; `model_capture`: the same as a file.
- `recorded_frames`: what recorded frames say; `starting_book`: the book before the first update.
"""
