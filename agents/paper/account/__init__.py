"""The paper venue's account: every change is an event in its log before it takes effect.

- `trading`: orders, executions and ends. `new_order`: what is asked for, and the bounds that it must keep. `told`: what
  dialects are told of it.
- `account_log`: the events and their fold. `balances`: what is free and what is locked. `positions`: what is held in
  contracts against margin. `position_values`: what that is worth. `held_contracts`:
  funding and liquidation.
"""
