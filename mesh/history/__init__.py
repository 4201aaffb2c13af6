"""What an agent's log says after the fact: also that of a machine that is dead, of which only the folder is left.

- `journal`: one log read record by record from a time to a time, with what is damaged in it; `wall_clock`: the wall time of
  each record; `moment`: a time as a person writes it.
- `journal_text`: records as lines and as JSON.
- `anchoring`: the state of an agent folded from the logs, for its next start and for whoever asks;
  `anchor_rounds`: of all agents of a host, when it is due. `state_at`: what it was at a time.

Nothing here asks an agent.
"""
