"""What an agent's log says after the fact: also that of a machine that is dead, of which only the folder is left.

- `journal`: one log read record by record from a time to a time, with what is damaged in it; `wall_clock`: the wall time of
  each record; `moment`: a time as a person writes it.
- `journal_text`: records as lines and as JSON.
- `anchoring`: the state of an agent folded from the logs, for its next start and for whoever asks;
  `anchor_rounds`: of all agents of a host, when it is due.
- `state_at`: what an agent was at a time, folded from logs or, by `past_run`, run again on its inputs; `places`: where in
  logs that time is; `state_text`: as lines. `logs_at`: the logs of all as they were then, to start agents on.
- `verify`: each start of an agent is run again on what reached it, and held against its log. `input_reader`: its recorded
  inputs; `published`: what they name, out of the publishers' logs; `logged_starts`: its log, start by
  start; `rerun`: the agent, driven by the inputs; `difference`: the
  first thing that it makes otherwise.

Nothing here asks an agent, and nothing writes but into a folder of its own.
"""
