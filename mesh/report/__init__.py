"""What a run did, and how it is now.

- `figures`: the report, one object whose keys are kept stable; `text`: the same on one screen. `verdict`: what is wrong
  with it.
- `balances`: what the accounts gained, by the venues. `top_of_book`: best bid and ask. `throughput`: messages a second.
- `status`: the report of a mesh that runs, made from outside; `run_record`: what `up` keeps for it. `live_view`: what a
  person sees meanwhile.
"""
