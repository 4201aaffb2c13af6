"""Binance: spot, USDT-M, and COIN-M's market data.

- `feeds`: market data of all; `frames`: its frames read in one pass, in the layout in which they are written;
  `frame_data`: in any layout; `history`: books, trades, bars and time by REST; `listing`: what may be traded, and in which
  steps. `spot`, `usdm`, `coinm`: where each is; `book_rules`: when an update continues a book; `connection_end`: when the
  venue ends a connection.
- `spot_account`: REST calls for orders and the private stream; `spot_answers`: answers about one order, read in one
  pass, with `answer_fields`, its fields where they stand; `spot_data`: what is on the wire, in the venue's own words;
  `spot_errors`, `usdm_errors`: what errors prove; `spot_limits`: what calls weigh. `signer`: how requests are signed.
  `order_wire`: orders over the websocket API.
- `identity`: whose key it is.
"""
