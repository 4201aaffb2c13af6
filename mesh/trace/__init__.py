"""What passed and why: out of the publication logs after the fact, or from a tap while it passes.

- `way`: the way of one order, from the venue frame that began it to its fills; `text`: that way, a line for each step.
- `logs`: the publication logs of a state folder, by kind, by stream, by cause.
- `message_text`: a message as plain values, for people and JSON; `tap_text`: tap records as lines.
- `stream_filter`: streams chosen by name.

A trace needs no database and no running agent: every message names its causes and stands in its publisher's log.
"""
