"""What followers fold from streams, for the roles that share it: the market, an account, and what both rest on.

- `market_view`: one instrument's book, best quote and last trade, and whether they may be relied on.
- `account`: one venue account: positions, own orders, and how far they reach together; `working_orders`: orders that still
  bind it; `positions`: position and profit of one instrument from its fills.
- `message_fields`: the fields of messages that compiled code reads, grouped by message.
- `causes`: the messages that a decision rests on. `recent`: the last so many things. `saturating`: numbers that stop at a
  bound where they would wrap around.

Each role folds its own copy, because roles share streams and never memory.
"""
