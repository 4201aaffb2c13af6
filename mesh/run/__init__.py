"""`tickmesh up`: a whole mesh on this machine, from its start to its report.

- `up`: starts, watches, settles, stops, reports. `supervisor`: keeps the processes running, as systemd would.
- `default_config`: the configuration of a run that was given none. `run_folders`: where such runs lie, and which is the
  newest.
- `starter`: what `tickmesh new` writes.
"""
