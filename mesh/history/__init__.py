"""What an agent's log says after the fact: also that of a machine that is dead, of which only the folder is left.

- `journal`: one log read record by record from a time to a time, with what is damaged in it; `wall_clock`: the wall time of
  each record; `moment`: a time as a person writes it.
- `journal_text`: records as lines and as JSON.

Nothing here asks an agent, and nothing writes.
"""
