"""The `tickmesh` command.

- `commands`: every command, its options and its exit status. What only one command needs is imported when it runs, because
an
  agent starts by this way too.
"""
