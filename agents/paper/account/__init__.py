"""The paper venue's account: what it holds and owes, and what becomes of its orders.

- `account_log`: the account as the fold of its events; `balances`: free and locked, exact to 10**-8.
- `entry`: a new order, checked in Binance's order; `trading`: accepted, matched, filled, canceled, looked up.
- `reports`: what the venue says of it all, in Binance's shapes.
"""
