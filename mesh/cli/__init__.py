"""The `tickmesh` command.

- `commands`: what runs, watches and explains a mesh, its options and its exit statuses; `making`: what makes files to
  begin with.

What only one command needs is imported when it runs, because an agent starts by this way too.
"""
