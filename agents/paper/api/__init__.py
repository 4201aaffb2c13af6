"""The paper venue as its clients see it: Binance's REST and websockets, without sockets.

- `call`: one HTTP call and its reply. `authenticator`: keys, signatures, timestamps; `rate_limits`: weights and orders.
- `public_rest`, `private_rest`: the endpoints; `catalog`: what is listed.
- `stream_hub`: who listens to which market stream; `user_stream`: who to the account.
"""
