"""Between an engine and its peers: what comes is handed to it with the time, what it sends leaves at once or is refused.

- `agent_transport`: the sockets of one agent, each with its receiver, drained in bounded rounds.
- `receivers`: from where a frame lies (a socket's memory, a log) to the engine's handlers; conflates, gathers batches, and
  shows to a tap what it takes.
- `sockets`: the one module that imports zmq; `zmq_wire`: sends and receives on one of its sockets by return code.
- `same_host`: the way between agents of one host. `followed_log`: a publisher's log as its follower reads it;
  `unix_connection`: a socket for requests, and the greeting with which it begins; `unix_wire`: its messages, and the
  doorbells that wake followers.
- `group`: agents of one process, which hand each other their frames in memory.
- `event_loop`: the epoll loop of agents that talk to nobody but their peers.
- `tap`: every frame in and out of an agent, for who wants to look; `client`: an operator's questions.

Decisions worth keeping. A frame costs no coroutine, no future and no exception: a drain calls libzmq until it says that
there is no more, and a send returns a code; we gave up pyzmq's own sockets for that, but not its library. A tap changes
nothing: there is one receive path, and it shows what it takes; we gave up the saved test per frame of a path of its own,
which conflated nothing and so showed an agent that nobody runs. A send that cannot be done at once is refused and said to
be: whoever asked keeps the deadline and decides.
"""
