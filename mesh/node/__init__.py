"""The live process of one agent or of a group: real sockets, real clocks, one event loop.

- `node`: starts and stops its agents, and ends the process for any fault; `hosted_agent`: one of them with its log, engine,
  transport and shell.
- `duty_cycle`: what every wake-up is wrapped in: the agents brought up to date, one input, then what is due next.
- `instance_lock`: one process per agent. `log_sync`: makes the log durable every few milliseconds, in a thread beside the
  loop. `tuning`: CPU, scheduler and memory of the process. `sd_notify`: tells the service manager how we are.

Decisions worth keeping. An agent lives in one thread; the one beside it syncs its log, and a sync that fails ends the
process, because nothing may be sent that a restart would not know. The garbage collector looks where the duty cycle has it
look, and never amid a tick. A second process for an agent ends before it touches anything.
"""
