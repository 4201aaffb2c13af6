"""`tickmesh doctor`: what this host is like, what the agents want of it, and how to get there.

- `examine`: every check in turn, for a configuration if there is one.
- `cpu`: clock source, isolation, frequency, idle states, siblings, interrupts. `system`: clock synchronisation, memory,
  limits, network buffers. `install`: disk, folders, ports, versions, compiled modules.
- `keys`: whose the keys of venue accounts are, and what they may do.
- `findings`: what a check reports, and the host's files that it reads.

A check only reads: what to change is said as a command and never done, because a host is its owner's. What cannot be read
is UNKNOWN and not fine.
"""
