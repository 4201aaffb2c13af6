"""The `tickmesh` command.

- `commands`: the commands, their options and their exit status; `making`: those that make what a newcomer does not have
  yet; `operating`: those that act on trading; `recording`: the one that keeps what venues send; `backtesting`: the one
  that runs agents over it; `sweeping`: the one that does so in many variants; `comparing`: the one that holds a run
  against the simulated venue; `forking`: the one that runs the rest of a day otherwise; `data`: those for what was
  recorded; `archiving`: the one for the archive itself; `history`: those that read what was, out of the logs;
  `replaying`: those that run it again; `moved`: where moved segments of logs were brought to.
  `options`: what several of them are given.

What only one command needs is imported when it runs, because an agent starts by this way too.
"""
