"""A whole mesh on this machine: `tickmesh up`, and what it starts from.

- `up`: from the start to the report. `supervisor`: starts processes in order, watches them, starts again what fell, stops
  in reverse.
- `default_config`: the configuration of a run that was given none; `desk_config`: that of several venues;
  `model_venues`: what is modelled where nothing was recorded. `run_folders`: where such runs live, and which is the newest.
  `anchors`: has anchors made while it runs.
  `starter`: the files that `tickmesh new` writes. `recording`: the process of `tickmesh record`.
- `rerun_lint`: what in a strategy's source may decide otherwise when it is run again.

A supervisor holds no state that an agent needs: agents find each other by the configuration alone, and each runs under
systemd as well as here. When it dies its agents are asked to end, because nothing should trade that nobody watches.
"""
