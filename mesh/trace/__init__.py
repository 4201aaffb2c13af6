"""What passed, read after the fact from the logs, or live from a tap.

- `way`: the way of one order, from the venue frame to its fills; `text`: the same as lines. `logs`: the logs of a state
  folder.
- `tap_text`: records of a tap as lines or JSON. `message_text`: a message as plain values, for both.
"""
