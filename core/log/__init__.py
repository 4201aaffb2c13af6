"""The publication log: append-only, memory-mapped, read while it is written.

- `writer`: appends frames, rotates and removes segments, syncs; the file format and its reasons stand there.
- `segment`: one mapped file; `index`: where each stream's records lie in it; `recovery`: what a torn or damaged end means.
- `view`: a log opened for reading by position; `reader`: one record after the other; `tail`: follows a live log of another
  process.
- `moved`: segments that lie elsewhere, with a link in their place.
- `epoch`: the start counter of an agent, durable before its first use.
"""

from core.log.epoch import claim_epoch
from core.log.reader import LogReader
from core.log.writer import LogWriter

__all__ = ["LogReader", "LogWriter", "claim_epoch"]
