"""The paper venue's account: every change is an event in its log before it takes effect.

- `trading`: orders, executions and ends.
- `account_log`: the events and their fold. `balances`: what is free and what is locked.
"""
