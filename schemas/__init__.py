"""What is said: messages, streams, order states, errors, limits and configuration.

- `messages`: every message, one module for each who speaks; `streams`: what a publication is about, in four bytes.
- `orders`: sides, states and which may follow which, and the reasons of denials.
- `counters`: what agents count, each with a sentence; `units`: of time.
- `errors`: what a peer, a venue, a file or a person can do wrong, and the exit status of each.
- `figures`: what each role tells of itself in its status, one Struct for each role.
- `markets`: the kinds of venues, what each trades, and the feeds of its instruments.
- `venue_worlds`: the test networks and demo accounts of venues.
- `config`: the configuration, one Struct for each table; `venue_config`: those of venues and instruments;
  `backtest_config`: that of backtests; `config_types`: what their values may be.

Everything else imports this package, and it imports nothing else of Tickmesh.
"""
