"""What is said: messages, streams, order states, errors, limits and configuration.

- `messages`: every message, by who speaks. `streams`: what a publication is about, in four bytes. `orders`: sides, times in
  force, states, and which may follow which.
- `config`: the tables of the configuration. `errors`: what a peer, a venue, a file or a person can do wrong.

Definitions alone: nothing here does anything, and everything else may import it.
"""
