"""Any exchange that ccxt.pro follows: its market data through ccxt's unified calls, and no orders.

ccxt owns the websockets. It reads the exchange's frames, keeps the book, and hands on what it made of them; so what comes
here are not the venue's messages, and the streams promise less than those of the adapters beside this one. Each carries
that in its `FeedState` (`weaker`, flags of `schemas.streams.Weakness`), and `tickmesh status` shows it:

- Gaps are not found. Some of ccxt's exchanges check sequence numbers and some do not, and none tells; a trade that ccxt
  dropped or never got is missing, and nothing shows it. Of an exchange whose websocket is silent only the silence shows.
- Updates of a book are differences: ccxt's book is looked at when ccxt says that it changed, and held against what was
  seen of it before. Several messages of the venue may be one update, a level that came and went between two looks was
  never seen, and update ids are our own count. A book cannot be held against the venue's ticker at equal ids.
- Of several tickers that come at once ccxt may tell the last one only.
- Where ccxt has no time of the venue for a message, the message has the time of receipt.
- A trade that comes twice is known by its id, as long as that is remembered (10,000 of each instrument). Trades without an
  id are not told apart, and after a reconnection some exchanges tell the last ones again.
- Prices and quantities have gone through binary floats, and are rounded to the 15 significant digits that those keep.

An order is not sent through here: what a create proves must not depend on which exception ccxt makes of an answer. A venue
of this kind under `execution` is refused when the configuration is checked. It cannot be recorded: there are no raw frames.

- `market`: what a venue of kind `ccxt` is made of. `exchange`: which of ccxt's classes it is, and where it is sent.
- `shell`: the loops that watch, one for each feed of an instrument. `unified`: what ccxt's structures say, written as
  frames; `wire`: those frames; `feeds`: their reading behind the venue port. `listing`: what ccxt lists.
"""
