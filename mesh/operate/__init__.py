"""What an operator can do to trading: halt, reduce, resume, cancel, flatten, reset; and what `up` does before it ends.

- `scope`: which accounts, and what of them, a word is about. `trading_modes`: modes as agents tell them.
- `withdrawal`: has orders canceled, and looks until the venue has confirmed that they are gone.
- `operator`: the commands; `outcome`: what each did, for programs and for people, and its exit status.

An operator's word goes to every agent that can keep it, at once: risk decides, execution acts, and each alone is enough.
Where execution is dead its reaper cancels. What was done is told by the venue's own account, as execution or the reaper
has it, never by what was asked: a command ends when the orders are gone, or tells what is left.
"""
