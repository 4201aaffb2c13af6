"""Binance, spot and USDT-M futures.

- `feeds`: market data of both, frames and snapshots to messages; `frames`: frames read from their bytes in one pass.
- `spot`, `usdm`: where each has its market data, and its rule for books; `listing`: the filters that orders must pass.
- `spot_account`: orders and the private stream of a spot account; `spot_data`: these in the venue's own words;
  `spot_answers`: answers about one order, read from their bytes in one pass.

What is read in one pass is read in the layout in which the venue writes it, and by the slow way whenever it is not: a venue
that moves a field costs us time and never a wrong number.
"""
