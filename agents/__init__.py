"""The agents: why it is done. A folder for each role, found by the role's name.

- `market_data`, `signal`, `risk`, `execution`, `portfolio`, `archive`: the six roles, in the order in which a tick passes.
- `paper`: the paper venue, an agent too.
- `instruments`: the configuration's instruments, in exact ticks and lots. `state`: what followers fold from streams, for
  the roles that share it. `venues`: what is a venue's own.
- `strategies`: those that come with Tickmesh; `starter`: what `tickmesh new` gives a trader to begin with.

Each role's package has `build(name, config)`, which returns its `Agent`: a plain state machine without sockets, threads,
clock or randomness. Roles that talk to the outside also have `shell(name, config, agent)`, the thin layer of I/O round it.
Roles never import each other: what one knows of another it has heard from it, because each must be able to run, die and be
replayed alone.
"""
