"""How it is computed: compiled, synchronous, without sockets, clocks or logging.

Bytes:
- `frame`: the header of every message; `struct_codec`: plain messages to msgpack and back, with `plain_values`
  and `msgpack` beneath it; `crc32c`: the checksum of log records.
- `json_levels`, `json_scan`: what venues write in JSON, read in one pass.

What follows messages:
- `sequence`: is this the next of its stream? `stream_table`, `stream_map`: objects by stream. `conflator`: the newest
  alone.
- `log`: the publication log.

Trading:
- `book`: quantity by price level, kept in `ladder`s; `levels`: its levels as they are packed in messages.
- `indicators`: rolling ones, step by step in `indicator_steps` over the windows of `rolling`; `correlation`: of several
  series. `arguments`: what both are given, checked.
- `decimals`: text to whole ticks and lots and back, exactly, digit by `digits`. `token_bucket`: how fast orders may
  come.

Python's objects from C:
- `struct_field`: a field of a Struct at its place in the object; `cells`, `integers`: how CPython lays
  floats and ints.
- `interpreter`: for which interpreters this is known. `layouts`: it is tried at each import, by way of `probes`.
- `columns`: rows as typed arrays. `histogram`: latencies at a fixed cost.

We chose to read CPython's objects in place, because a call through its attribute protocol for every field was most of
what a tick cost; we gave up that this works with every build of Python: where it does not, the import of `core` says so.
"""

from core.layouts import check

check()
