"""How it travels: one process per agent, joined peer to peer, nothing lost without being found and repaired.

What an agent's author needs stands here; the packages below are read from top to bottom, each uses only those above it.

- `agent`: what reaches an agent and what it can have done, the contract of every role; `message_handler`: the compiled
  short cut of it. `context`: what it has done, as the agent asks for it, and what passes between it and peers and
  venue. `agent_io`: what a shell with websockets and HTTP is to its agent. `roles`: agents and shells, found by name.
- `anchor`: an agent's state at a place in its log; `anchor_store`: such on disk.
- `config`: the configuration file, read once and checked whole; `endpoints`: where each agent is reached, worked out
  from it; `processes`: which processes it makes, an agent each or a group.

- `protocol`: the sans-I/O half of an agent process: engine, links, publications, requests.
- `transport`: sockets, logs read in memory and groups, between an engine and its peers.
- `node`: the live process: loop, clocks, locks, tuning. `sim`: the same engines in virtual and in recorded time.
- `trace`: the way of an order out of the logs. `history`: what a log says after the fact. `doctor`: what the host is like.
  `report`: what a run did, in figures. `operate`: what an operator can do to trading. `run`: a mesh on this machine,
  supervised. `cli`: the `tickmesh` command.

Decisions worth keeping. The protocol is sans-I/O, because only then do production, simulation and recovery run the same
code; we gave up the comfort of writing it as coroutines. Repair is an ordinary request to the publisher, because one
mechanism is enough; we gave up pushing repairs, which would be one round trip faster. On one host the log is the way of
a publication, because it is there in memory before anything is sent; ZeroMQ, which wakes three threads for a message,
is left what is rare, and other hosts. Late join, gap, lost tail and restart are one case, a position short of a target,
because each special case would need its own proof. `trace`, `history`, `report`, `operate`, `run` and `cli` know of
orders and profit; what runs agents does not.
"""
