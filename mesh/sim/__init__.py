"""The same engines without sockets and clocks.

- `simulator`: in virtual time, on a network that loses, doubles, cuts and kills, all of it by one seed.
- `replay`: in recorded time, as fast as they go. `recording`: what a publisher sent, out of its log or memory;
  `replay_merge`: recorded messages straight to who follows them, until something else is due.
"""
