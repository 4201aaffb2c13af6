"""Binance: spot, USDT-M, and COIN-M's market data.

- `feeds`: market data of all; `frames`: its frames read in one pass, in the layout in which they are written;
  `frame_data`: in any layout; `history`: books, trades, bars and time by REST; `listing`: what may be traded, and in which
  steps. `spot`, `usdm`, `coinm`: where each is; `book_rules`: when an update continues a book; `connection_end`: when the
  venue ends a connection.
- `order_account`: what the accounts of all markets do alike; `order_answers`: answers about one order, read in one pass,
  with `answer_fields`, its fields where they stand. `spot_account`, `usdm_account`: what each market has beside, its
  balances and private stream first; `spot_data`, `usdm_data`: what is on the wire, in the venue's own words; `spot_errors`,
  `usdm_errors`: what errors prove; `spot_limits`, `usdm_limits`: what calls weigh. `signer`: how requests are signed.
  `order_wire`: orders over the websocket API.
- `identity`: whose key it is.
"""
