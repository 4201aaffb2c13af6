"""The thin shell round an agent that talks to the outside: websockets and HTTP become inputs, effects become calls.

A role whose agent needs the outside has `shell(name, config, agent)` beside its `build`. The live node starts the shell on
its own event loop and hands it the `Inputs`; the simulator puts a simulated venue in its place.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from mesh.context import VenueCall, VenueReply

FRAME_TOO_LARGE = "frame too large"
"""A reason with which a websocket closes begins so when its peer sent more at once than a frame may hold."""


class Inputs(Protocol):
    """Where a shell delivers what it received; the node stamps the time and calls the agent."""

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        """Deliver that a venue websocket opened or closed."""
        ...

    def frame_received(self, connection: str, frame: bytes) -> None:
        """Deliver one websocket frame, byte for byte."""
        ...

    def venue_replied(self, reply: VenueReply) -> None:
        """Deliver the end of one REST call."""
        ...


class Shell(Protocol):
    """What the node calls; nothing here blocks, and failures come back as inputs."""

    async def start(self, inputs: Inputs) -> None:
        """Get ready to carry out effects; called before the agent starts."""
        ...

    async def stop(self) -> None:
        """Close every connection; nothing is delivered afterwards."""
        ...

    def open_socket(self, connection: str, url: str) -> None:
        """Open the websocket and keep it open, with backoff, until it is closed."""
        ...

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Send one JSON message, signed with the venue account's key if asked."""
        ...

    def close_socket(self, connection: str) -> None:
        """Close the websocket for good."""
        ...

    def set_venue_clock(self, offset_ns: int) -> None:
        """Have what is signed from now on carry the venue's time: our wall clock and `offset_ns`."""
        ...

    def call(self, call_id: int, call: VenueCall) -> None:
        """Make a REST call and deliver its end as `VenueReply` with `call_id`."""
        ...
