"""Bybit v5: spot and linear contracts of one unified account, side by side.

- `market`: where the venue is, and what it is made of; `feeds`: its market data, subscribed by message; `frames`: its
  frames read in one pass, in the layouts in which they are written, with `frame_text`, the steps over their text, and
  `marks`, what a ticker says of mark price and funding; `wire`: the same frames typed, in any layout;
  `book_rules`: when an update continues a book; `history`: trades, bars and time by REST; `listing`: what may be traded,
  and in which steps; `waits`: how long the venue asks not to be called.
- `account`: calls for orders and the private stream; `account_answers`: answers and frames of an account taken apart;
  `account_data`: its orders, executions, coins and positions, in the venue's words and in ours; `contracts`: how contracts
  are set, their positions and funding; `transfers`: deposits and withdrawals; `fill_cursor`: how fills are gone through
  from a time on; `outcomes`: what codes prove; `limits`: endpoints, and how much of them there is.
- `order_wire`: orders over the websocket; `signer`: how requests are signed.

Spot and linear have names in common: which is meant is said by the connection of a frame, and by `category` in a request.
- `identity`: whose key it is.
"""
