"""What a run did: figures for programs, text for people, and a verdict.

- `figures`: one object of all figures, whose keys are kept stable; `text`: the same as text; `verdict`: all that shows to
  be wrong, a line each.
- `status`: the report of a mesh that runs, asked from outside; `run_record`: what only `up` knows of it; `live_view`: the
  screen that renews itself.
- `conditions`: what holds trading back. `throughput`: messages a second, from statuses one after the other; `top_of_book`:
  best prices, asked of market data; `balances`: what the venues say that their accounts hold; `equality`: whether positions
  are that.

Figures are what agents answer and venues state; only what none of them can know, as restarts, is told by `up` itself.
"""
