"""How it travels: one process per agent, joined peer to peer, nothing lost without being found and repaired.

    agent.py       what reaches an agent and what it can have done: the contract of every role
    engine.py      the sans-I/O half of an agent process: log, links, requests, timers
      publication.py   numbers, logs and sends; answers repairs from the log
      link.py          one subscription: LIVE, GAP, SYNCING, DOWN, and the way back to LIVE
      requests.py      deadlines, safe repeats, honest outcomes
      codec.py         payloads
    node.py        drives an engine live: uvloop, sockets, clocks
      turns.py         what every wake-up is wrapped in: one input at a time, and what is due next
      transport.py     the sockets of one agent, each with what empties it
      local.py         the way between agents of one host: logs read in memory, Unix sockets for requests
      local_wire.pyx   one such socket, and the bells that wake followers
      inlet.pyx        from a socket's memory, or a log's, to the engine's handlers
      sockets.py       the one module that imports zmq
      wire.pyx         receive and send by return code, without a coroutine or an exception per message
      tap.py           every frame in and out, for who wants to look
    simulator.py   drives engines in virtual time, on a network that loses, doubles, cuts and kills
    replay.py      drives engines in recorded time, as fast as they go
      recording.pyx    what a publisher sent, out of its log or memory
      lane.pyx         recorded messages straight to who follows them, until something else is due
    supervisor.py  starts, watches, restarts and stops the processes of one host
    cli.py         the `tickmesh` command

Decisions worth keeping: the protocol is sans-I/O, because only then do production, simulation and recovery run the same
code; we gave up the comfort of writing it as coroutines. Repair is an ordinary request to the publisher, because one
mechanism is enough; we gave up pushing repairs, which would be one round trip faster. On one host the log is the way of a
publication, because it is there in memory before anything is sent; ZeroMQ, which wakes three threads for a message, is left
what is rare, and other hosts. Late join, gap, lost tail and restart are one case, a position short of a target, because
each special case would need its own proof.
"""
