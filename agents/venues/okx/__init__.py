"""OKX v5, spot and linear swaps: one unified account, instruments of both side by side.

- `market`: where the venue is, and what the adapter is made of.
- `feeds`: market data; `subscriptions`: how channels are asked for. `frames`: what comes, read in one pass in the layout in
  which it is written (`frame_fields`: what stands in it); `frame_data`: the same through typed decoders, which take any
  layout; `marks`: a mark price and its funding, which come apart. `book_rules`: when an update continues a book;
  `checksum`: the one that books once carried.
- `history`: books, bars and time by REST; `listing`: what may be traded, and in which steps.
- `account`: calls for orders; `answers`: what comes back, `outcomes`: what codes prove; `account_events`: the private
  stream; `account_data`: what is on the wire, in the venue's own words, and `reading`: the same as reports; `contracts`:
  how contracts are set, what is held of them, and their funding; `transfers`: what came in or went out.
- `order_wire`: the same over the private websocket. `paths`: where all this is; `signer`: how requests are signed.

A book begins with a snapshot in the stream, or, should none come, with one that is fetched; both are prepared for.
Frames of 2021 and 2022 carry no sequence numbers: there the checksum alone proves a book (`book_rules`).
- `identity`: whose key it is.
"""
