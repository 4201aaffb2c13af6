"""Free ports for what tests start on loopback: below the range that the kernel gives to connections.

Each process that runs tests has a block of ports of its own, so that two of them never find the same port free.
"""

import socket
from itertools import cycle

PORTS_EACH = 3
FIRST, BEYOND = 10_000, 20_000
BLOCK = 600


def free_ports(count: int) -> list[int]:
    """Return ports whose next two are free as well, none of them soon again; each range is bound once to see."""
    found: list[int] = []
    for _ in range(BLOCK // PORTS_EACH):
        if len(found) == count:
            return found
        port = next(_candidates)
        if all(_is_free(port + i) for i in range(PORTS_EACH)):
            found.append(port)
    raise AssertionError("no free ports on loopback")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _claim_block() -> int:
    """Return the first port of a block that no other process has; it is this one's until it ends."""
    for begin in range(FIRST, BEYOND - BLOCK + 1, BLOCK):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0tickmesh-tests-{begin}")
        except OSError:
            claim.close()
        else:
            claim.detach()
            return begin
    raise AssertionError("more processes run tests than there are blocks of ports")


_begin = _claim_block()
_candidates = cycle(range(_begin, _begin + BLOCK, PORTS_EACH))
