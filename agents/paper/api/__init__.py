"""Binance's spot protocol, as the paper venue answers it.

- `call`: one request. `authenticator`: key, signature, time. `rate_limits`: weights, counts and their headers.
- `public_rest`, `private_rest`: the routes. `catalog`: what is listed, with its filters.
- `stream_hub`: who listens to what. `user_stream`: listen keys and the websocket API.
"""
