"""The sans-I/O half of an agent process: frames and the time come in, frames go out, and nothing here waits for anything.

- `engine`: owns one agent, its log, its links, its requests and its timers; the live node and the simulator drive it.
- `publication`: numbers, logs and hands out what the agent publishes; answers repairs from the log.
- `link`: one subscription, LIVE, GAP, SYNCING or DOWN, and the way back to LIVE.
- `requests`: deadlines, safe repeats, and outcomes that claim no more than is proven.
- `codec`: payloads to bytes and back. `clock`: the monotonic clock, as compiled code reads it for the frames that it
  sends.
"""
