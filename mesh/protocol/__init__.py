"""The sans-I/O half of an agent process: everything between bytes and the agent's handlers.

- `engine`: drives one agent: its log, its links, its requests and its timers.
- `effects`: what the agent has done. `peers`: who the others are, and whether their clocks are ours. `latencies`: where
  the time goes.
- `log_fold`: what the agent did in its earlier lives, handed to it before it starts.
- `publication`: numbers and logs what is published, answers repairs from the log.
- `link`: one subscription, and the way back to LIVE. `followed_stream`: what it knows of one stream; `stream_states`: what
  that stream counts as, and what leads from LIVE to GAP, SYNCING, DOWN and back.
- `input_log`: what reached the agent, recorded before it is handed over; `recorded_inputs`: where that is kept.
- `requests`: both ends of a request: deadlines, safe repeats, outcomes that claim no more than is proven.
- `codec`: payloads, with one error for all that bytes can do wrong; `clock`: the monotonic clock for compiled code.

Nothing here opens, reads or waits: frames, answers and the time come in as arguments, and what is to be sent goes out
by calls. We chose that because the same code then runs live, in the simulator and in a replay, and a fault that a seed
finds is a fault of production. Only the time of sending is asked for here, so that a frame says when it really left.
"""
