"""How it is computed: compiled, synchronous, without sockets, clocks or logging.

- `frame`: the fixed header and the payload, the same bytes on the wire, in the log and in a repair. `sequence`: whether a
  message is the next of its stream; `stream_table`: objects by stream id; `conflator`: the newest message of each stream.
- `log`: the publication log.
- `struct_codec`: plain messages to msgpack and back; `struct_field`, `int_field`: a field of a Struct, read at its
  place.
- `decimals`: decimal text to whole ticks and lots, exactly; `json_levels`: the levels of a book out of JSON.
- `book`: the order book by price level; `indicators`: rolling figures of one instrument; `correlation`: how several move
  together; `columns`: rows as typed columns.
- `histogram`: latencies at a fixed cost; `token_bucket`: how fast something may be done; `crc32c`: the log's checksum.

Decisions worth keeping. What is here owns its memory and knows no agent, so that it can be tested against a naive model and
replaced. Prices and quantities are integers throughout. Objects of Python and msgspec are read by their layout where a
field would cost more than the work on it; we gave up running on interpreters that lay them out otherwise.
"""
