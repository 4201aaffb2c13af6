"""Free ports for agents joined over TCP: below the range that the kernel gives to connections."""

import socket

PORTS_EACH = 3


def free_ports(count: int) -> list[int]:
    """Return ports whose next two are free as well; each range is bound once to see."""
    found: list[int] = []
    port = 21_000
    while len(found) < count:
        if all(_is_free(port + i) for i in range(PORTS_EACH)):
            found.append(port)
        port += PORTS_EACH
        assert port < 30_000, "no free ports on loopback"
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
