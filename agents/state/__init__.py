"""What roles share: mostly what they fold from the streams that they follow, each for itself and all alike.

- `market_view`: the market in one instrument, and whether it may be relied on.
- `account`: one venue account, made of `positions` (from fills, exact), `holdings` (other balances, and what is paid in and
  out) and `working_orders` (what may still trade).
- `account_anchor`: an account as plain values, for an anchor, and back.
- `causes`: which messages a decision rests on. `recent`: the last so many things. `saturating`: numbers that stop at a
  bound.
- `trading_states`: which trading modes hold, and for what. `breaker`: a circuit breaker, the same for every agent.
- `venue_filters`: what the venue takes in one instrument. `bounded_price`: the price of what is to trade at once.
- `book_levels`: a book as text.
- `message_fields`: the fields of messages, as compiled code reads them.

A follower trusts no summary of another agent: what it decides by, it has added up itself, from the first event on.
"""
