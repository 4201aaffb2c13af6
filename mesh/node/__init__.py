"""A live process: its agents on one event loop, with real sockets and real clocks.

- `node`: starts, drives and ends it; the one place that catches every exception.
- `hosted_agent`: one agent in it: its right to run, its log, its engine, its sockets and its shell.
- `duty_cycle`: what every wake-up is wrapped in: one input at a time, and what is due next.
- `instance_lock`: one process per agent. `log_sync`: makes logs durable beside the loop.
- `tuning`: how the process sits on its host. `sd_notify`: tells the service manager how it is.
"""
