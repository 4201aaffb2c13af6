"""The agents: why it is done. One module per role, found by the role's name.

Each module has `build(name, config)`, which returns the role's `Agent`: a plain state machine without sockets, threads,
clock or randomness. Roles that talk to a venue also have `shell(name, config, agent)`, the thin layer of I/O round it.
Agents never import each other; what two of them share stands in `agents.instruments`, and what is a venue's own in
`agents.venues`.
"""
