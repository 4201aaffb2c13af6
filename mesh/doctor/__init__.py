"""What of this host costs latency or safety, what it should be, and how to get there.

- `examine`: all checks, and their findings as table and JSON. `findings`: one finding, and the host's files that it is
  read from.
- `cpu`: clock, isolation, frequency, idle states, interrupts. `system`: clock synchronisation, memory, limits, network.
- `install`: what Tickmesh itself needs: disk, sockets' folder, ports, versions, compiled modules.
"""
