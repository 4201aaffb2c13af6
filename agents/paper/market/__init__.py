"""The paper venue's market: a recorded capture, or a model of order flow.

- `market`: what both have in common.
- `recorded`: a capture sent again as it was, in its own time. `capture`, `capture_files`, `capture_sizes`,
  `capture_summary`: its frames, its files, its price and quantity units, and what it holds. `starting_book`: the book with
  which it begins; `queueing`: how the account's orders fill on it.
- `model`: the market of the model; `flow`: the orders that arrive in it, by a seed; `matching`: the engine that matches
  them; `model_capture`: what it would send, written as a capture.
"""
