"""The reaper: cancels all orders of an account whose execution agent has fallen silent, and proves that none is left.

- `agent`: when it acts, and what it answers. `silence`: how long execution was not heard.
- `sweep`: cancels in rounds until the venue shows nothing open. `account_calls`: the venue's calls that are out.
- `account_answers`: what whoever asks is told is open. `account_clock`: the venue's time, which signed calls carry.

It is a process of its own beside execution, small, and with the right to cancel alone: it never creates an order, keeps no
state of orders, and believes nobody but the venue. We chose silence and not a lease: execution asks nobody before it
trades, so a reaper that is away stops nothing, and one that is wrong costs resting orders and never a position.

What follows from that. Execution that is back in time keeps its orders; how it ended does not matter, so an execution that
was stopped in order and told to leave its orders has as long to come back as one that was killed, and whoever wants them to
rest for longer stops the reaper first (`up` does: it stops in reverse order of the start). A reaper that is told to stop
while an execution that fell silent has left orders cancels them before it goes. Trading is not halted by a reap:
execution that comes back learns from the venue what became of its orders, as after any absence. When execution is heard in
the middle of a reap, the reaper stops at once and leaves the rest to it: two that cancel are no danger, and only one of
them knows why.
"""

from agents.reaper.agent import build, shell

__all__ = ["build", "shell"]
