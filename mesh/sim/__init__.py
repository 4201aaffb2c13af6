"""The same agents and engines without a live process: in virtual time, or in the time of a recording.

- `simulator`: a whole mesh in one process, on a network that loses, doubles, delays, cuts and kills, by a seed.
- `replay`: recorded messages through the agents of a configuration, as fast as they take them.
- `recording`: what a publisher sent, out of its log or out of memory; `replay_merge`: recordings merged by the time of
  receipt, straight to who follows them, until something else is due; `venue_side`: the same recording as the venue has it,
  sooner.

Decisions worth keeping. Nothing is stood in for but clock and network, because a simulation proves what it runs; what a
seed finds becomes a test by its name. A replay hands messages to engines without frames and sockets, because days of
ticks should take minutes; that it gives the same outputs as a live run is tested, not assumed.
"""
