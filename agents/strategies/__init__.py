"""Strategies that come with Tickmesh: small, and meant to be read before writing one's own.

A strategy is named in the configuration as `module:Class` or `FILE.py:Class`; see `agents.signal.strategy` for what it
must be.

- `agents.strategies.ema_cross:EmaCross`: buys when a fast average crosses above a slow one, sized by ATR.
- `agents.strategies.book_imbalance:BookImbalance`: leans with the weight of the book, a little at a time.
- `agents.strategies.venue_spread:VenueSpread`: buys a coin where it is cheap and sells it where it is dear.
"""
