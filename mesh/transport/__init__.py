"""How frames travel: every socket, mapped log and in-memory way between agents.

- `agent_transport`: the sockets of one agent, each with what empties it. `sockets`: the one module that imports zmq.
- `receivers`: from a socket's memory, or a log's, to the engine's handlers; `zmq_wire`: receive and send by return
  code, without a coroutine or an exception per message.
- `same_host`: between agents of one host: `followed_log`, a publisher's log read in memory, and `unix_connection`, who
  is joined to whom over Unix sockets, whose messages and bells are in `unix_wire`.
- `group`: between agents of one process.
- `event_loop`: the loop of an agent that talks to nobody but its peers.
- `tap`: every frame in and out, for who wants to look. `client`: questions of an operator to live agents.
"""
