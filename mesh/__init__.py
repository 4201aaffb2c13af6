"""How it travels: one process per agent, joined peer to peer, nothing lost without being found and repaired.

At the root stands what an agent's author needs, and what every folder beneath uses:

- `agent`: what reaches an agent and what it can have done, the contract of every role; `agent_io`: the shell of one
  that talks to the outside; `message_handler`: what an agent hands to its engine so that a tick costs no call through
  Python.
- `config`: the configuration file, checked whole; `endpoints`: where an agent is reached; `roles`: agents by the name
  of their role; `processes`: which of them share a process.

Folders, each of which uses only those above it:

- `protocol`: the engine, sans I/O: log, links, requests, timers.
- `transport`: how frames reach an engine and leave it.
- `node`: drives engines live, in one process, on one loop.
- `sim`: drives them in virtual time, or with recorded ticks as fast as they go.
- `trace`, `doctor`, `report`: the way of an order, what is wrong with this host, what a run did.
- `run`: a whole mesh on this machine, supervised.
- `cli`: the `tickmesh` command.

`trace`, `report` and `run` know what orders and profit are, because operators ask for that; nothing below imports them.

Decisions worth keeping: the protocol is sans-I/O, because only then do production, simulation and recovery run the same
code; we gave up the comfort of writing it as coroutines. Repair is an ordinary request to the publisher, because one
mechanism is enough; we gave up pushing repairs, which would be one round trip faster. On one host the log is the way of
a publication, because it is there in memory before anything is sent; ZeroMQ, which wakes three threads for a message,
is left what is rare, and other hosts. Late join, gap, lost tail and restart are one case, a position short of a target,
because each special case would need its own proof.
"""
