"""The agents: why it is done. One folder for each role, found by the role's name.

A role's package has `build(name, config)`, which returns the role's `Agent`: a plain state machine without sockets,
threads, clock or randomness. Roles that talk to a venue also have `shell(name, config, agent)`, the thin layer of I/O
round it.

- `market_data`, `signal`, `risk`, `execution`, `reaper`, `portfolio`, `archive`: the roles; they never import each other.
- `instruments`: ticks, lots and money of what is traded; `amounts`: exact amounts of an asset, of any size. `state`: what
  several roles fold from the streams that they follow.
- `venues`: how an exchange says things. `paper`: an exchange of our own.
- `recorder`: keeps what venues send, beside the roles and without a mesh. `importer`: recorded market data of anybody's
  into the archive, and out of it. `backtest`: the roles over recorded data.
- `strategies`: two to read. `starter`: what a newcomer begins with.
"""
