"""The paper venue's market: where its frames come from, and what orders meet there.

- `market`: what every source has in common.
- `recorded`: a capture sent again, with a book to trade on; `queueing`: the account's orders behind recorded quantity;
  `queue_models`: where they stand after cancellations.
- `capture`: all frames of a session; `capture_files`: line by line; `capture_sizes`: ticks and lots; `capture_summary`:
  what it holds, told beforehand. `recorded_venue`: what is asked of a venue about frames that were recorded of it.
- `klines`: bars of what was traded; `bar_streams`: the same, told to whoever hears them.
- `model`: a seeded market; `flow`: which order comes next; `matching`: price-time priority. `market_writer`: what a
  dialect writes of it; `top_levels`: how the best levels differ from those told before.
"""
