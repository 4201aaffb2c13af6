"""The recorder: what venues send, kept as it came, with the time of its receipt, in files that the paper venue plays.

```
 venue ──► shell ─► venue_recorder ─► lines ─► segments ─► VENUE-TIME.jsonl.open ─► VENUE-TIME.jsonl.gz
                        │  ▲ frames that two connections tell: takeover, connections
                        └──┴ what a file needs to be played alone: listings, snapshots of books
```

It is a process of its own and no agent: it has no log, no peers and no state but its files, and nothing that trades waits
for it. It comes to the frames by the same adapters, subscriptions and shell as market data does, and writes each before
anything decodes it. The format is that of cryptofeed 3, one JSON object a line, which `agents.paper` reads.

What a loop has received at once is written at once, so SIGKILL costs what was still in the socket and no more: pages of a
file that were written outlive the process. A power cut may cost what the system has not written back (about half a minute);
we gave up a sync for each batch, as it would stall the receipt. A file that a killed process left is finished by the next.

- `recording`: all venues of a configuration. `venue_recorder`: one of them. `loop_context`: its timers and effects.
- `connections`: another one takes over from each before the venue ends it. `takeover`: one stream's way there.
- `book_snapshots`: the snapshots that a file's books begin with.
- `lines`: what a line is. `segments`: the files, their rotation, and what becomes of a torn one.
"""

from agents.recorder.recording import Recorder, RecordingLimits, build

__all__ = ["Recorder", "RecordingLimits", "build"]
