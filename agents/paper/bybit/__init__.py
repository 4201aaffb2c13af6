"""Bybit's v5 protocol, as the paper venue answers it, and the frames of its markets: spot and linear in one account.

- `dialect`: all of it, as the exchange calls it. `answers`: the envelope and the codes of REST.
- `public_rest`: time, listings, books, bars, trades. `public_stream`: topics subscribed by message, and the heartbeat.
- `market_writer`: frames of a market that is not recorded; `recorded_frames`: what recorded frames and listings say.
"""
