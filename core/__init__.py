"""How it is computed: compiled, synchronous, without sockets, clocks or logging."""
