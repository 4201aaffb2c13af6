"""Bybit's v5 protocol, as the paper venue answers it, and the frames of its markets: spot and linear in one account.

- `recorded_frames`: what recorded frames and listings say.
"""
