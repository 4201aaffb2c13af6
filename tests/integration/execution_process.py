"""One execution agent as a real node on its own log: `python execution_process.py CONFIG.json [CALL]`.

With a CALL ("create", "cancel" or "amend") the process kills itself by SIGKILL in place of the first such call: what the
agent has logged of it is in the log, and nothing of it has left. A kill from outside could not be timed there.
"""

import os
import signal
import sys
from pathlib import Path

import msgspec

import agents.venues.http_ws
from agents.venues.http_ws import VenueShell
from mesh.context import VenueCall
from mesh.node.node import run
from schemas.config import Config

ENDINGS = {
    "create": (("POST", "/order"), ("POST", "/order/create")),
    "amend": (
        ("PUT", "/order/amend/keepPriority"),
        ("PUT", "/order"),
        ("POST", "/order/amend"),
        ("POST", "/amend-order"),
    ),
    "cancel": (("DELETE", "/order"), ("POST", "/cancel-order"), ("POST", "/order/cancel")),
}
"""What creates, what cancels and what amends one order: the method and how the path ends, at any of the venues."""


class DeadlyShell(VenueShell):
    """Ends the process when it is to make a call of one kind."""

    deadly: tuple[tuple[str, str], ...] = ()

    def call(self, call_id: int, call: VenueCall) -> None:
        """Make the call, or die of it."""
        if any(call.method == method and call.path.endswith(end) for method, end in self.deadly):
            os.kill(os.getpid(), signal.SIGKILL)
        super().call(call_id, call)


def main() -> int:
    """Run the node to its end."""
    if len(sys.argv) > 2:
        DeadlyShell.deadly = ENDINGS[sys.argv[2]]
        agents.venues.http_ws.VenueShell = DeadlyShell  # type: ignore[misc]
    return run("execution", msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Config))


if __name__ == "__main__":
    sys.exit(main())
